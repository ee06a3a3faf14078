"""An auditor goes from a person to a run to what remote.it answered for one connection, and takes the evidence."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect

from connections.audit.checkpoints import write_checkpoint
from connections.live.read import read_list
from connections.models import Account, Connection, StopRun
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.stops.worker.loop import Drain
from tests.conftest import PASSWORD, open_in
from tests.support.runs import start_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
REFUSAL = "the connection could not be stopped"
"""What the sandbox answers under the fault `false_reason`."""


@pytest.fixture
def run(alice: User, sandbox: Sandbox, account: Account) -> StopRun:
    """Alice stopped twelve connections; remote.it refused one of them."""
    sandbox.call(open_in, sandbox.server.world, 12)
    read_list(account)
    chosen = list(Connection.objects.order_by("pk"))
    Connection.objects.filter(pk=chosen[7].pk).update(device_name="Pump 7")
    sandbox.faults.add(FaultRule("false_reason", connection_id=chosen[7].connection_id))
    run = start_run(alice, *chosen, reason="Vendor credentials leaked", ticket="INC-2291")
    Drain().run_until_idle()
    read_list(account)
    write_checkpoint()
    return run


@pytest.mark.slow
@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_an_auditor_goes_from_a_person_to_an_answer_and_takes_the_evidence(
    java_script_enabled: bool, carol: User, run: StopRun, open_window: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    page = open_window(java_script_enabled=java_script_enabled).new_page()
    page.set_default_timeout(20_000)
    sign_in(page)
    to_the_person(page)
    key = key_that_signs(page)
    to_the_run(page, run)
    to_the_answer_and_back(page, run)
    path = download_evidence(page, tmp_path)
    said = verified(path, key)
    assert said.startswith(f"OK: run {run.pk} of alice, ")
    assert ": 1 refused, 11 stopped. No second person was required.\n" in said
    expect_it_is_told(page, run)


def sign_in(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("User name").fill("carol")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def to_the_person(page: Page) -> None:
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="History").click()
    page.get_by_role("region", name="By person").get_by_role("link", name="alice").click()
    expect(page.get_by_role("heading", name="History of alice")).to_be_visible()
    numbers = page.get_by_label("What the runs of alice came to")
    expect(numbers).to_contain_text(re.compile(r"confirmed gone\s*11\b"))


def key_that_signs(page: Page) -> str:
    page.get_by_text("The key that signs").click()
    return page.locator("details.aligned code").inner_text()


def to_the_run(page: Page, run: StopRun) -> None:
    line = page.locator(".events > li").filter(has_text="Asked to stop 12 connections")
    expect(line).to_contain_text("Vendor credentials leaked")
    line.get_by_role("link", name=f"run {run.pk}", exact=True).click()
    expect(page.get_by_role("heading", name="1 of 12 still open")).to_be_visible()


def to_the_answer_and_back(page: Page, run: StopRun) -> None:
    row = page.get_by_role("row").filter(has_text="Pump 7")
    expect(row).to_contain_text(f"“{REFUSAL}”")
    row.get_by_role("link", name="Pump 7").click()
    expect(page.get_by_role("heading", name="Pump 7")).to_be_visible()
    answer = page.locator(".timeline > li").filter(has_text="Stop refused by remote.it")
    expect(answer).to_contain_text(f"HTTP 200 “{REFUSAL}”")
    answer.get_by_role("link", name=f"run {run.pk}").click()


def download_evidence(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name="Evidence").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def verified(path: Path, key: str) -> str:
    """What the script in the evidence says of it, away from the panel."""
    with zipfile.ZipFile(path) as archive:
        script = archive.extract("verify_evidence.py", path.parent)
    command = [sys.executable, "-I", script, path, "--key", key]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=True).stdout


def expect_it_is_told(page: Page, run: StopRun) -> None:
    page.get_by_role("link", name="History", exact=True).last.click()
    line = page.locator(".events > li").filter(has_text="exported the evidence of a run")
    expect(line.get_by_role("link", name="carol")).to_be_visible()
