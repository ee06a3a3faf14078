"""Names from a mail, some of them misspelt, are stopped but for those, which are named: by keyboard and thumb."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from connections.models import Connection, StopRun
from tests.browser.walk import OpenWindow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/connections/connection/"
NAMES = [f"Plant {plant} PLC gateway {number:02}" for plant in (7, 12) for number in range(20)]
MISSPELT = {3: "Plant 7 PLC gatwy 03", 17: "Plant 7 PLC gtaeway 17", 30: "Plant 12 PLC gatewey 10"}
MAIL = "\n".join(MISSPELT.get(number, name) for number, name in enumerate(NAMES))


@pytest.fixture
def plants(make_connection: Callable[..., Connection]) -> list[Connection]:
    return [make_connection(device_name=name) for name in [*NAMES, "Plant 70 PLC gateway 01"]]


def covered(key: str) -> set[str]:
    return set(StopRun.objects.get(key=key).items.values_list("connection__device_name", flat=True))


def key_of(page: Page) -> str:
    page.wait_for_url(re.compile(r"/stoprun/[^/]+/confirm/"))
    return page.url.rstrip("/").split("/")[-2]


def expect_three_named(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("37 of 40 lines matched: 37 open")
    expect(page.get_by_role("heading", name="Not known: 3 lines")).to_be_visible()
    for name in MISSPELT.values():
        expect(page.get_by_text(name, exact=True)).to_be_visible()


def test_by_keyboard(open_window: OpenWindow, alice: User, plants: list[Connection]) -> None:
    page = open_window(alice).new_page()
    page.goto(LIST)
    page.keyboard.press("l")
    page.get_by_role("textbox", name="Lines").fill(MAIL)
    page.keyboard.press("Control+Enter")
    expect_three_named(page)
    page.get_by_role("link", name="Show these 37 in the list").press("Enter")
    page.wait_for_url(re.compile(r"list="))
    page.keyboard.press("a")
    page.keyboard.press("s")
    assert covered(key_of(page)) == {name for number, name in enumerate(NAMES) if number not in MISSPELT}


@pytest.mark.slow
def test_by_thumb_in_the_dark_and_one_is_mended(open_window: OpenWindow, alice: User, plants: list[Connection]) -> None:
    page = open_window(alice, size="phone", theme="dark").new_page()
    page.goto(LIST)
    page.get_by_role("link", name="Paste a list").click()
    page.get_by_role("textbox", name="Lines").fill(MAIL)
    page.get_by_role("button", name="Look up these lines").click()
    expect_three_named(page)
    page.get_by_role("button", name="Use “Plant 7 PLC gateway 03”").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("38 of 40 lines matched: 38 open")
    page.get_by_role("link", name="Show these 38 in the list").click()
    page.get_by_role("button", name="Select this page").click()
    page.get_by_role("button", name=re.compile("Stop 38 connections")).click()
    assert len(covered(key_of(page))) == 38


@pytest.mark.slow
def test_a_selection_outlives_page_and_reload(open_window: OpenWindow, alice: User, plants: list[Connection]) -> None:
    page = open_window(alice).new_page()
    for _number in range(2):
        Connection.objects.bulk_create(
            Connection(
                account=one.account, device_address=one.device_address, device_name=one.device_name,
                connection_id=f"{one.pk:08x}-0000-0000-0000-{_number:012x}", known_by="imported",
                connection_key=f"{one.pk:08x}-0000-0000-0000-{_number:012x}",
            )
            for one in plants
        )  # fmt: skip
    page.goto(LIST)
    page.locator(".action-select").first.check()
    page.goto(f"{LIST}?p=2")
    page.locator(".action-select").first.check()
    expect(page.get_by_text("2 selected on 2 pages")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Stop 2 connections")).to_be_enabled()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tr[data-key]")).to_have_count(2)


@pytest.mark.slow
def test_the_palette_lists_what_can_be_done_here(open_window: OpenWindow, bob: User, plants: list[Connection]) -> None:
    page = open_window(bob).new_page()
    page.goto(LIST)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name=re.compile("Paste a list"))).to_be_visible()
    expect(page.get_by_role("option", name=re.compile("Stop"))).to_have_count(0)
    page.get_by_role("combobox").fill("plant 7")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=plant%207"))
