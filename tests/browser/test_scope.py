"""By mouse: a scope is made, somebody is added to it by a one-time link, and on their first day it works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PASSWORD = "battery staple horse"


def make_scope(page: Page) -> None:
    """From the overview to a role that sees Plant 7 and stops ssh there."""
    page.goto("/admin/")
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="People").click()
    page.get_by_role("link", name="Roles and scopes").click()
    page.get_by_role("link", name="Add group").click()
    page.get_by_label("Name").fill("Plant 7 by ssh")
    for words in ("See connections:", "Stop connections:"):
        page.get_by_label(words).check()
    page.locator("#id_scope_rules-0-kind").select_option("see")
    page.locator("#id_scope_rules-0-device").fill("Plant 7*")
    page.get_by_role("button", name="Add another Rule").click()
    expect(page.locator(".inline-group tr.form-row:visible")).to_have_count(2)
    assert in_one_line(page, "#scope_rules-0 td:visible"), "the cells of a rule stand below their heads"
    page.locator("#id_scope_rules-1-kind").select_option("act")
    page.locator("#id_scope_rules-1-service_kind").select_option("ssh")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("Plant 7 by ssh")


def in_one_line(page: Page, selector: str) -> bool:
    return len({box["y"] for one in page.locator(selector).all() if (box := one.bounding_box())}) == 1


def add_person(page: Page) -> str:
    """The link by which they sign in for the first time."""
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="People").click()
    page.get_by_role("link", name="Add person").click()
    page.get_by_label("Name").fill("Lena Brandt")
    page.get_by_label("E-mail").fill("lena@example.com")
    page.get_by_label("Plant 7 by ssh").check()
    expect(page.locator("#id_password")).to_be_hidden()
    page.get_by_role("button", name="Add person").click()
    return page.locator("output.secret").inner_text().strip()


def first_day(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password confirmation").fill(PASSWORD)
    page.get_by_role("button", name="Set my password").click()
    page.get_by_label("User name").fill("lena@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Connections").click()


def test_a_scope_is_made_by_mouse_and_works(
    admin_user: User, make_connection: Any, open_window: Callable[..., BrowserContext]
) -> None:
    for device, kind in (("Plant 7 door", 28), ("Plant 7 panel", 5), ("Kiosk", 28)):
        make_connection(device_name=device, service_kind=kind)
    page = open_window(admin_user).new_page()
    make_scope(page)
    link = add_person(page)
    own = open_window().new_page()
    first_day(own, link)
    expect(own.get_by_role("main")).to_contain_text("Plant 7 door")
    expect(own.get_by_role("main")).not_to_contain_text("Kiosk")
    for box in own.locator("#result_list tbody input[type=checkbox]").all():
        box.check()
    own.get_by_role("button", name="Stop").first.click()
    expect(own.get_by_role("main")).to_contain_text("1 is outside what you may stop")
    expect(own.get_by_role("main")).to_contain_text("Who can give it to you: admin")
