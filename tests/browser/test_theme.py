"""The theme is the system's until a person chooses another, in this browser."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.walk import OpenWindow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GROUND = "() => getComputedStyle(document.body).backgroundColor"


def is_dark(page: Page) -> bool:
    red = int(page.evaluate(GROUND).split("(")[1].split(",")[0])
    return red < 128


def test_a_chosen_theme_wins_over_the_system_and_stays(alice: User, open_window: OpenWindow) -> None:
    page = open_window(alice, theme="dark").new_page()
    page.goto("/admin/")
    assert is_dark(page)
    page.get_by_role("button", name="Theme: as the system. Change").click()
    page.get_by_role("button", name="Theme: light. Change").focus()
    assert not is_dark(page)
    page.reload()
    assert not is_dark(page)
    page.get_by_role("button", name="Theme: light. Change").press("Enter")
    page.emulate_media(color_scheme="light")
    page.goto("/admin/connections/connection/")
    assert is_dark(page)
    expect(page.get_by_role("button", name="Theme: dark. Change")).to_be_visible()
    page.get_by_role("button", name="Theme: dark. Change").click()
    assert not is_dark(page), "again as the system"


def test_without_javascript_it_is_the_system_s(alice: User, open_window: OpenWindow) -> None:
    page = open_window(alice, theme="dark", java_script_enabled=False).new_page()
    page.goto("/admin/")
    assert is_dark(page)
    expect(page.locator(".theme-toggle")).to_be_hidden()
