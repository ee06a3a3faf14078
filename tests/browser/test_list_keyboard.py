"""Choosing rows without the mouse, and ranges with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from connections.models import Connection
from tests.browser.walk import OpenWindow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/connections/connection/"


@pytest.fixture
def listed(make_connection: Callable[..., Connection]) -> list[Connection]:
    """Twenty in the order of the page."""
    now = timezone.now()
    return [make_connection(opened_at=now - timedelta(minutes=20 - number)) for number in range(20)]


@pytest.fixture
def page(open_window: OpenWindow, alice: User, listed: list[Connection]) -> Page:
    page = open_window(alice).new_page()
    page.goto(LIST)
    return page


def row(page: Page, connection: Connection) -> Locator:
    return page.locator(f'tr[data-key="{connection.pk}"]')


def test_the_keyboard_walks_selects_and_opens(page: Page, listed: list[Connection]) -> None:
    for key in ("j", "j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    boxes = [row(page, one).get_by_role("checkbox").is_checked() for one in listed[:5]]
    assert boxes == [False, True, True, True, False]
    page.keyboard.press("Escape")
    expect(page.get_by_text("Nothing selected")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("20 selected")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{LIST}{listed[2].pk}/change/"))


def test_keys_go_on_from_the_row_that_has_the_focus(page: Page, listed: list[Connection]) -> None:
    row(page, listed[8]).get_by_role("checkbox").focus()
    page.keyboard.press("j")
    expect(row(page, listed[9])).to_have_class(re.compile("current"))


def test_a_shifted_click_selects_a_range(page: Page, listed: list[Connection]) -> None:
    row(page, listed[2]).get_by_role("checkbox").click()
    row(page, listed[6]).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_text("5 selected")).to_be_visible()


def test_the_bar_stays_in_sight_wherever_one_scrolls(page: Page) -> None:
    page.set_viewport_size({"width": 1360, "height": 540})
    for y in (0, 300, 10_000):
        page.evaluate("(y) => window.scrollTo(0, y)", y)
        expect(page.locator(".actions")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollHeight > 2 * innerHeight")
