"""Every key that the help names does what it says, and no key does anything else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import BrowserContext, Page, expect

from connections.models import Account, Connection, StopRun
from tests.browser.walk import OpenWindow
from tests.browser.watch import Watch
from tests.support.runs import start_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/connections/connection/"
SECTIONS = {
    "o": "needs you",
    "c": "Connections",
    "r": "Runs",
    "p": "second person",
    "d": "No hold is on",
    "h": "History",
    "a": "accounts",
    "u": "People",
    "i": "Integrations",
}


@pytest.fixture
def window(
    open_window: OpenWindow, admin_user: User, account: Account, make_connection: Callable[..., Connection]
) -> BrowserContext:
    for _ in range(4):
        make_connection()
    return open_window(admin_user)


@pytest.fixture
def page(window: BrowserContext) -> Page:
    page = window.new_page()
    page.set_default_timeout(10_000)
    page.goto(LIST)
    return page


def ticked(page: Page) -> list[bool]:
    return [box.is_checked() for box in page.locator(".action-select").all()]


def search(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.locator("#searchbar")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#searchbar")).not_to_be_focused()


def get_help(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.locator("#keyboard-help")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(page.locator("#keyboard-help")).to_be_hidden()
    assert page.locator(".current").count() == 0, "a key acts behind the dialog"


def next_row(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#result_list tbody tr").nth(1)).to_have_class(re.compile("current"))


def row_before(page: Page) -> None:
    next_row(page)
    page.keyboard.press("k")
    expect(page.locator("#result_list tbody tr").nth(0)).to_have_class(re.compile("current"))


def select_row(page: Page) -> None:
    next_row(page)
    page.keyboard.press("x")
    assert ticked(page) == [False, True, False, False]
    page.keyboard.press("x")
    assert not any(ticked(page))


def select_range(page: Page) -> None:
    for key in ("j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    assert ticked(page) == [True, True, True, False]


def select_page(page: Page) -> None:
    page.keyboard.press("a")
    assert all(ticked(page))


def clear(page: Page) -> None:
    select_page(page)
    page.keyboard.press("Escape")
    assert not any(ticked(page))
    menu = page.locator("details.facet").first
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")


def open_row(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/connection/\d+/change/"))


def stop(page: Page) -> None:
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile(f"{LIST}$"))
    page.keyboard.press("a")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Stop 4 connections?")).to_be_visible()
    assert not StopRun.objects.started().exists()


def read_now(page: Page) -> None:
    with page.expect_response(re.compile("/read/")):
        page.keyboard.press("r")


def go(key: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.locator("main h1").first).to_contain_text(SECTIONS[key])

    return press


def find(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-field")).to_be_focused()


def copy(key: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        page.keyboard.press("j")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"{LIST}$"))

    return press


def no_other_page(page: Page) -> None:
    page.keyboard.press("n")
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile(f"{LIST}$"))


def save_view(page: Page) -> None:
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile("/views/save/"))


def opens(key: str, what: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        page.keyboard.press(key)
        expect(page.locator(what)).to_have_attribute("open", "")

    return press


DOES: dict[str, Callable[[Page], None]] = {
    "Ctrl K": find,
    "/": search,
    "?": get_help,
    "j": next_row,
    "k": row_before,
    "x": select_row,
    "Shift x": select_range,
    "a": select_page,
    "Esc": clear,
    "Enter": open_row,
    "s": stop,
    "c": copy("c"),
    "y": copy("y"),
    "n p": no_other_page,
    "v": opens("v", "#views-menu"),
    "w": save_view,
    "d": opens("d", "#display-menu"),
    "l": opens("l", "#paste-dialog"),
    "r": read_now,
    **{f"g {key}": go(key) for key in SECTIONS},
}


@pytest.mark.slow
def test_every_key_of_the_help_does_what_it_says(page: Page) -> None:
    rows = page.locator("#keyboard-help dt").all()
    assert [" ".join(row.locator("kbd").all_text_contents()) for row in rows] == list(DOES)
    for act in DOES.values():
        page.goto(LIST)
        act(page)


def test_the_help_names_only_what_a_person_has(alice: User, open_window: OpenWindow) -> None:
    page = open_window(alice).new_page()
    page.goto(LIST)
    assert page.locator("#keyboard-help dd", has_text="Go to").all_text_contents() == [
        f"Go to {name}" for name in ("Overview", "Connections", "Runs", "Holds", "History", "Integrations")
    ]


STATE = """() => [location.href, document.activeElement.id, document.querySelectorAll('.current').length,
    document.querySelectorAll('.action-select:checked').length, document.querySelectorAll('[open]').length]"""
PALETTE = {("Control", "k"), ("Meta", "k")}
KEYS = ("/", "?", "j", "k", "x", "a", "s", "r", "g")


def test_no_key_acts_with_a_modifier(page: Page) -> None:
    page.locator(".action-select").first.check()
    before = page.evaluate(STATE)
    for modifier in ("Control", "Alt", "Meta"):
        for key in KEYS:
            if (modifier, key) in PALETTE:
                continue
            page.keyboard.press(f"{modifier}+{key}")
            assert page.evaluate(STATE) == before, f"{modifier}+{key}"
    for key in ("J", "K", "A", "S", "R", "G"):
        page.keyboard.press(f"Shift+{key}")
        assert page.evaluate(STATE) == before, f"Shift+{key}"
    assert not StopRun.objects.exists()


def test_no_key_acts_while_typing(page: Page) -> None:
    page.locator(".action-select").first.check()
    page.locator("#searchbar").focus()
    before = page.evaluate(STATE)
    page.keyboard.type("".join(KEYS) + "c")
    assert page.evaluate(STATE) == before
    expect(page.locator("#searchbar")).to_have_value("/?jkxasrgc")


def test_what_is_typed_after_g_has_a_moment_and_no_more(page: Page) -> None:
    page.clock.install()
    page.reload()
    page.keyboard.press("g")
    page.clock.run_for(1100)
    page.keyboard.press("h")
    expect(page).to_have_url(re.compile(f"{LIST}$"))


def test_rows_of_lists_that_are_django_s_are_ticked_by_key(page: Page, window: BrowserContext) -> None:
    watch = Watch(window)
    page.goto("/admin/auth/group/")
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    assert ticked(page) == [index == 1 for index in range(Group.objects.count())]
    expect(page.locator(".action-counter")).to_contain_text("1 of")
    assert not watch.heard


def test_j_walks_the_accounts(page: Page) -> None:
    page.goto("/admin/connections/account/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/account/\d+/change/"))


def test_j_walks_the_connections_of_a_run(page: Page, admin_user: User) -> None:
    run = start_run(admin_user, *Connection.objects.all())
    page.goto(f"/admin/connections/stoprun/{run.pk}/change/?outcome=all")
    for key in ("j", "j", "Enter"):
        page.keyboard.press(key)
    second = run.items.order_by("pk")[1].connection_id
    expect(page).to_have_url(re.compile(f"/connection/{second}/change/"))
