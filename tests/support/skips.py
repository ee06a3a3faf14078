"""A pytest plugin: what this machine lacks skips its tests here, and fails them where CI=true promises everything."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

PREFIX = "missing: "
CI = os.environ.get("CI") == "true"


def missing(what: str) -> NoReturn:
    """Skip the test that calls this, since the machine lacks `what`; under CI=true it fails."""
    pytest.skip(PREFIX + what)


def installed(program: str) -> str:
    """Where `program` is, one of root's among them, which Debian keeps out of a user's PATH; else as `missing`."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") or missing(program)


def needs(*programs: str) -> pytest.MarkDecorator:
    """A mark for tests that run `programs`, each looked for in PATH."""
    absent = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(absent), reason=PREFIX + ", ".join(absent))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return fail_if_missing((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return fail_if_missing((yield))


def fail_if_missing(report):
    """Under CI=true a report that says "skipped, since missing: ..." becomes a failure that says the same."""
    if CI and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason.startswith(PREFIX):
            report.outcome = "failed"
            report.longrepr = f"{reason}. CI=true allows no such skip."
    return report
