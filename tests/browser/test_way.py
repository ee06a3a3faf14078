"""The whole way of an operator: signing in, choosing, stopping, and reading afterwards what happened to each."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect

from connections.models import Connection, StopRun
from connections.sandbox import Sandbox
from tests.conftest import PASSWORD
from tests.support.workers import worker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenWindow = Callable[..., BrowserContext]
OpenConnections = Callable[..., list[Connection]]

LIST = "/admin/connections/connection/"
ENOUGH_MS = 60_000
SLOW_MS = 1000
"""So slow that a large run can't be over before its page is there; below the tests' STOP_READ_TIMEOUT."""


@pytest.fixture
def page(open_window: OpenWindow) -> Iterator[Page]:
    window = open_window()
    window.set_default_timeout(20_000)
    yield window.new_page()


def sign_in(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("needs you")


def go_to(page: Page, section: str) -> None:
    page.get_by_role("navigation", name="Sections").get_by_role("link", name=section).click()


BAR_IS_FULL_OR_VERDICTS_ARE_IN = """() => {
  const bar = document.querySelector('[role="progressbar"]');
  return !bar || bar.getAttribute('aria-valuenow') === bar.getAttribute('aria-valuemax');
}"""


def progress_beyond(page: Page, value: int) -> int:
    """What the bar shows as soon as that is more than `value`; it moves by itself."""
    shown = "(value) => Number(document.querySelector('[role=progressbar]')?.ariaValueNow ?? NaN)"
    page.wait_for_function(f"(value) => ({shown})() > value", arg=value)
    return int(page.evaluate(shown))


def expect_every_item(page: Page, count: int) -> None:
    """Each connection of the run, page by page, with its outcome and what the API said of it."""
    page.get_by_role("navigation", name="By outcome").get_by_role("link", name="All").click()
    rows = []
    while len(rows) < count:
        shown = re.compile(rf"^\s*{len(rows) + 1}\D{min(len(rows) + 50, count)} of {count}\s*$")
        expect(page.get_by_text(shown)).to_be_visible()
        rows += page.locator("table.items tbody tr").all_inner_texts()
        if len(rows) < count:
            page.get_by_role("navigation", name="Pages").get_by_role("link", name="Next").click()
    assert len(rows) == count
    assert [row for row in rows if "stopped" not in row or "HTTP 200" not in row] == []


def expect_the_end(page: Page, stopped: str) -> None:
    """The answers are in; where a list has been read since, the title tells its verdicts instead."""
    ended = re.compile(rf"{stopped} (are confirmed gone|is confirmed gone|stopped \(accepted by remote\.it\))")
    expect(page.get_by_role("heading", name=ended)).to_be_visible(timeout=ENOUGH_MS)


def download_history(page: Page, folder: Path) -> list[dict[str, Any]]:
    go_to(page, "History")
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON Lines").click()
    target = folder / "history.jsonl"
    download.value.save_as(target)
    return [json.loads(line) for line in target.read_text().splitlines()]


def arrived(sandbox: Sandbox) -> Counter[tuple[str, str, int, bool]]:
    """What the sandbox saw of stops: address and id as they came, the status it answered, whether it ended anything."""
    rows = sandbox.log.rows("device/connect/stop")
    bodies = [json.loads(row["body"]) for row in rows]
    return Counter(
        (body["deviceaddress"], body["connectionid"], row["status"], row["applied"])
        for body, row in zip(bodies, rows, strict=True)
    )


def told(lines: list[dict[str, Any]]) -> Counter[tuple[str, str, int, bool]]:
    """The same as the history tells it."""
    return Counter(
        (line["device_address"], line["connection_id"], line["upstream_status"], line["outcome"] == "stopped")
        for line in lines
        if line["action"] == "stop.answered"
    )


def ids(lines: list[dict[str, Any]], action: str) -> Counter[str]:
    return Counter(line["connection_id"] for line in lines if line["action"] == action)


@pytest.mark.slow
def test_an_operator_stops_one_then_all_and_the_sandbox_saw_what_the_history_says(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, page: Page, tmp_path: Path
) -> None:
    open_connections(600)
    with worker(sandbox):
        sign_in(page)
        stop_one(page)
        stop_all(page, sandbox)
        expect_every_item(page, 599)
        lines = download_history(page, tmp_path)
    assert sandbox.world.rows("open") == []
    assert sum(arrived(sandbox).values()) == 600
    assert arrived(sandbox) == told(lines)
    sent = ids(lines, "stop.sent") - ids(lines, "stop.withdrawn")
    assert sent == Counter(id_ for _, id_, _, _ in arrived(sandbox).elements())
    assert [line["count"] for line in lines if line["action"] == "stop.requested"] == [1, 599]


def stop_one(page: Page) -> None:
    go_to(page, "Connections")
    page.locator("#result_list tbody tr").first.get_by_role("rowheader").get_by_role("link").click()
    page.get_by_label("Reason", exact=True).fill("Laptop stolen")
    page.get_by_role("button", name="Stop 1 connection").click()
    expect_the_end(page, "1 of 1")


def stop_all(page: Page, sandbox: Sandbox) -> None:
    go_to(page, "Connections")
    page.get_by_role("link", name=re.compile("^Active")).click()
    page.get_by_label("Select all 50 on this page").check()
    page.get_by_role("button", name="Select all 599 that match").click()
    page.get_by_role("button", name="Stop 599 connections…").click()
    page.get_by_label("Reason", exact=True).fill("Vendor credentials leaked")
    page.get_by_label("Ticket").fill("SEC-1183")
    page.get_by_label("Type 599 to confirm").fill("599")
    sandbox.set(latency_ms=SLOW_MS)
    page.get_by_role("button", name="Stop 599 connections").click()
    seen = [progress_beyond(page, -1)]
    while len(seen) < 3:
        seen.append(progress_beyond(page, seen[-1]))
    assert seen[-1] < 599
    sandbox.set(latency_ms=0)
    page.wait_for_function(BAR_IS_FULL_OR_VERDICTS_ARE_IN, timeout=ENOUGH_MS)
    expect_the_end(page, "599 of 599")
    expect(page.get_by_role("link", name="Connections 0", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Runs", exact=True).first).to_be_visible()


@pytest.mark.slow
def test_the_whole_way_works_without_javascript(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, open_window: OpenWindow
) -> None:
    open_connections(120)
    page = open_window(java_script_enabled=False).new_page()
    with worker(sandbox):
        sign_in(page)
        go_to(page, "Connections")
        for row in (0, 2):
            page.locator(".action-select").nth(row).check()
        page.get_by_role("button", name="Stop selected…").click()
        page.get_by_label("Reason", exact=True).fill("two of them")
        page.get_by_role("button", name="Stop 2 connections").click()
        expect_the_end(page, "2 of 2")
        go_to(page, "Connections")
        page.get_by_label("All 118 that match, not only the ticked rows").check()
        page.get_by_role("button", name="Stop selected…").click()
        page.get_by_label("Reason", exact=True).fill("and the rest")
        page.get_by_label("Type 118 to confirm").fill("118")
        page.get_by_role("button", name="Stop 118 connections").click()
        expect_the_end(page, "118 of 118")
    go_to(page, "History")
    expect(page.get_by_text("two of them")).to_be_visible()
    expect(page.get_by_text("and the rest")).to_be_visible()
    assert sandbox.world.rows("open") == []


IN_FOCUS = "(wanted) => document.activeElement.matches(wanted)"
FOCUS_IS_SEEN = "() => getComputedStyle(document.activeElement).outlineStyle !== 'none'"


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the focus is on what the selector `wanted` names; it is seen at every step."""
    for _ in range(80):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS_IS_SEEN), page.evaluate("() => document.activeElement.outerHTML")
        if page.evaluate(IN_FOCUS, wanted):
            return
    pytest.fail(f"Tab never comes to {wanted}")


def press(page: Page, *keys: str) -> None:
    # Keys that come before the script do nothing.
    page.wait_for_load_state()
    for key in keys:
        page.keyboard.press(key)


def test_the_whole_way_works_by_keyboard_alone(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, page: Page
) -> None:
    open_connections(70)
    page.goto("/admin/")
    page.keyboard.type("alice")
    tab_to(page, "#id_password")
    page.keyboard.type(PASSWORD)
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("needs you")
    with worker(sandbox):
        choose_two_by_keyboard(page)
        choose_all_by_keyboard(page)
    press(page, "g", "h")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.get_by_text("three rows down")).to_be_visible()
    assert Counter(StopRun.objects.values_list("items__state", flat=True)) == {"stopped": 70}


def choose_two_by_keyboard(page: Page) -> None:
    press(page, "g", "c")
    expect(page.locator("#result_list")).to_be_visible()
    press(page, "j", "x", "j", "j", "x", "j", "x", "k", "j", "x")
    expect(page.locator(".action-counter")).to_have_text("2 selected")
    press(page, "s")
    fill_in_by_keyboard(page, "three rows down")
    expect_the_end(page, "2 of 2")


def choose_all_by_keyboard(page: Page) -> None:
    press(page, "g", "c")
    expect(page.locator("#result_list")).to_be_visible()
    press(page, "a", "Enter")
    expect(page.locator(".actions .all")).to_be_visible()
    tab_to(page, ".button.cut")
    press(page, "Enter")
    fill_in_by_keyboard(page, "all the others")
    expect_the_end(page, "68 of 68")


def fill_in_by_keyboard(page: Page, reason: str) -> None:
    expect(page.locator("#id_reason")).to_be_focused()
    expect(page.locator(".send-bar .button.cut:visible")).to_have_count(1)
    page.keyboard.type(reason)
    tab_to(page, ".button.cut")
    press(page, "Enter")
