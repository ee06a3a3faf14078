"""A skip for want of something on the machine is a failure where CI=true promises that nothing is wanting."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.slow import slow_but

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
IN_A_TEST = "from tests.support.skips import missing\ndef test_it():\n    missing('a moon')\n"
BY_A_MARK = "from tests.support.skips import needs\n@needs('no-such-program')\ndef test_it():\n    pass\n"
BY_A_MODULE = "import pytest\npytest.skip('missing: a moon', allow_module_level=True)\n"
FOR_ANOTHER_REASON = "import pytest\ndef test_it():\n    pytest.skip('not on a Monday')\n"
PASSED_OR_ALL_SKIPPED = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def exit_code(tmp_path, text, ci):
    (tmp_path / "test_sample.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.support.skips",
            "-p",
            "no:django",
            "-p",
            "no:cacheprovider",
            tmp_path,
        ],
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    ).returncode


@pytest.mark.parametrize("text", slow_but([IN_A_TEST], [IN_A_TEST, BY_A_MARK, BY_A_MODULE]))
def test_it_fails_a_skip_for_something_missing_in_ci(tmp_path, text):
    assert exit_code(tmp_path, text, ci="true") not in PASSED_OR_ALL_SKIPPED


@pytest.mark.slow
@pytest.mark.parametrize("text", slow_but([IN_A_TEST], [IN_A_TEST, BY_A_MARK, BY_A_MODULE]))
def test_it_lets_the_same_skip_pass_elsewhere(tmp_path, text):
    assert exit_code(tmp_path, text, ci="") in PASSED_OR_ALL_SKIPPED


@pytest.mark.slow
def test_it_lets_other_skips_pass_in_ci(tmp_path):
    assert exit_code(tmp_path, FOR_ANOTHER_REASON, ci="true") in PASSED_OR_ALL_SKIPPED
