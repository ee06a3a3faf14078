"""What a new panel says to who comes first: what is missing, and which way leads on."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect
from pytest_django import Settings

from connections.models import Account
from tests.browser.screen import Screen, title
from tests.browser.walk import OpenWindow, Walk

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/connections/connection/"
NO_ACCOUNT = "No remote.it account has credentials here"


@pytest.fixture
def nothing_set_up(settings: Settings) -> None:
    settings.SANDBOX = False
    settings.REMOTEIT_USERNAME = settings.REMOTEIT_PASSWORD = ""
    Account.objects.all().delete()


@pytest.mark.parametrize("address", ["/admin/", LIST])
def test_without_account_and_sandbox_it_says_what_to_do(
    address: str, nothing_set_up: None, alice: User, open_window: OpenWindow
) -> None:
    page = open_window(alice).new_page()
    page.goto(address)
    expect(page.get_by_text(NO_ACCOUNT)).to_be_visible()
    expect(page.get_by_text("R3_ACCESS_KEY_ID")).to_be_visible()
    expect(page.get_by_text("make run")).to_be_visible()


def test_with_an_account_it_says_nothing_of_that(account: Account, alice: User, open_window: OpenWindow) -> None:
    page = open_window(alice).new_page()
    page.goto(LIST)
    expect(page.get_by_role("heading", name="No connections yet")).to_be_visible()
    expect(page.get_by_text(NO_ACCOUNT)).to_be_hidden()


def test_the_overview_leads_to_the_first_stop(account: Account, admin_user: User, open_window: OpenWindow) -> None:
    page = open_window(admin_user).new_page()
    page.goto("/admin/")
    page.get_by_role("link", name="Go to connections").click()
    page.get_by_role("link", name="Add a connection…").click()
    page.get_by_label("Service address").fill("80:00:00:00:01:00:40:C5")
    page.get_by_label("Connection id").fill("11111111-2222-3333-4444-555555555555")
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.get_by_role("button", name="Stop 1 connection")).to_be_visible()


def test_nothing_is_wrong_in_an_empty_panel(
    nothing_set_up: None, alice: User, carol: User, admin_user: User, open_window: OpenWindow
) -> None:
    walk = Walk(open_window, {"alice": alice, "carol": carol, "admin": admin_user})
    pages = {"/admin/": "Nothing needs you", LIST: "Connections", "/admin/connections/stoprun/": "Runs"}
    for who in ("alice", "carol", "admin"):
        for address, words in {**pages, "/admin/connections/auditevent/": "History"}.items():
            walk.to(Screen(f"{who} at {address}", address, title(words), who))
    walk.to(Screen("add", f"{LIST}add/", title("Add a connection"), "admin"))
    walk.to(Screen("import", f"{LIST}import/", title("Import a CSV file"), "admin"))
    walk.to(Screen("accounts", "/admin/connections/account/", title("Accounts"), "admin"))
    assert not walk.complaints, "\n".join(walk.complaints)
