"""The list refreshes itself under a person's hands: what they ticked, where they are and what they opened stay."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import BrowserContext, Locator, Page, expect

from connections.live.read import read_list
from connections.models import Account, Connection, StopRun
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from tests.browser.walk import OpenWindow
from tests.browser.watch import ALL, Watch
from tests.conftest import open_in
from tests.support.slow import slow_but

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/connections/connection/"
A_REFRESH_MS = 11_000


@pytest.fixture
def listed(sandbox: Sandbox, account: Account) -> list[Connection]:
    """Twenty that a complete list showed, in the order of the page."""
    sandbox.call(open_in, sandbox.server.world, 20)
    assert read_list(account).complete
    return list(Connection.objects.order_by("opened_at", "pk"))


@pytest.fixture
def make_second_page(listed: list[Connection], account: Account) -> None:
    """Forty more, that no list showed: sixty are more than a page."""
    Connection.objects.bulk_create(
        Connection(
            account=account, device_address="80:00:00:00:01:00:00:09", connection_id=f"x-{n}", connection_key=f"x-{n}"
        )
        for n in range(40)
    )


@pytest.fixture
def window(open_window: OpenWindow, alice: User) -> BrowserContext:
    return open_window(alice)


@pytest.fixture
def watch(window: BrowserContext) -> Watch:
    return Watch(window, looks=(("desktop", "light", ALL),))


@pytest.fixture
def page(window: BrowserContext, watch: Watch, listed: list[Connection]) -> Iterator[Page]:
    """The list, on a clock that the test moves. At its end nothing must be wrong with the page."""
    page = window.new_page()
    page.set_default_timeout(10_000)
    page.clock.install()
    page.goto(LIST)
    yield page
    assert not watch.complaints(page)


def row(page: Page, connection: Connection) -> Locator:
    return page.locator(f'tr[data-key="{connection.pk}"]')


def tick(page: Page, *connections: Connection) -> None:
    for connection in connections:
        row(page, connection).get_by_role("checkbox").check()


def refresh(page: Page) -> None:
    with page.expect_response(re.compile("/refresh/")):
        page.clock.run_for(A_REFRESH_MS)


def asked_by(page: Page) -> list[str]:
    """The addresses that the page asks from now on, without its icon's."""
    asked: list[str] = []
    page.on("request", lambda request: "static" in request.url or asked.append(request.url))
    return asked


def end(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(status="ended", status_at=timezone.now(), absent_seq=9)


def test_ticks_scroll_and_focus_survive_a_row_that_ended_and_new_ones(
    page: Page, listed: list[Connection], sandbox: Sandbox, account: Account
) -> None:
    ended, kept, focused = listed[3], listed[5], listed[12]
    tick(page, ended, kept)
    link = row(page, focused).get_by_role("link")
    link.focus()
    page.evaluate("window.scrollTo(0, 300)")
    order = page.locator("tr[data-key]").evaluate_all("rows => rows.map((row) => row.dataset.key)")
    sandbox.call(open_in, sandbox.server.world, 3)
    read_list(account)
    end(ended)
    refresh(page)
    expect(row(page, ended)).to_have_class(re.compile("gone-row"))
    expect(row(page, ended)).to_contain_text("without us: in neither of two complete lists")
    expect(row(page, ended)).to_contain_text("changed")
    expect(row(page, ended).get_by_role("checkbox")).to_be_checked()
    expect(row(page, kept).get_by_role("checkbox")).to_be_checked()
    expect(link).to_be_focused()
    expect(page.get_by_text("2 selected")).to_be_visible()
    expect(page.get_by_role("link", name="Show 3 newer connections")).to_be_visible()
    assert page.evaluate("window.scrollY") == 300
    assert page.locator("tr[data-key]").evaluate_all("rows => rows.map((row) => row.dataset.key)") == order


@pytest.mark.slow
def test_a_ticked_row_that_ended_is_skipped_on_the_confirm_page(page: Page, listed: list[Connection]) -> None:
    tick(page, listed[3], listed[5])
    end(listed[3])
    refresh(page)
    page.get_by_role("button", name="Stop 2 connections…").click()
    expect(page.get_by_role("heading", name="Stop 1 connection?")).to_be_visible()
    expect(page.get_by_text("1 is not open any more")).to_be_visible()
    page.get_by_role("link", name="Show 1").click()
    expect(page.get_by_text("without us: in neither of two complete lists")).to_be_visible()
    assert StopRun.objects.get().items.count() == 2


@pytest.mark.slow
def test_rows_stay_in_their_place_when_the_state_above_them_grows(page: Page, listed: list[Connection]) -> None:
    before = row(page, listed[2]).bounding_box()
    Account.objects.update(listed_at=timezone.now(), list_why="HTTP 504")
    refresh(page)
    expect(page.locator('[data-part="state"]')).to_contain_text("HTTP 504")
    after = row(page, listed[2]).bounding_box()
    assert before and after and before["y"] == after["y"]


@pytest.mark.slow
def test_an_open_menu_stays_open(page: Page) -> None:
    menu = page.locator('details[data-filter-title="service"]')
    menu.locator("summary").click()
    refresh(page)
    expect(menu).to_have_attribute("open", "")


@pytest.mark.slow
def test_a_focused_tab_keeps_the_focus_when_its_count_changes(page: Page, listed: list[Connection]) -> None:
    tab = page.get_by_role("navigation", name="By status").get_by_role("link", name="Active")
    tab.focus()
    end(listed[0])
    refresh(page)
    expect(tab).to_contain_text("19")
    expect(tab).to_be_focused()


@pytest.mark.slow
def test_what_changed_is_announced_once(page: Page, listed: list[Connection]) -> None:
    announced = page.locator("[data-announce]")
    end(listed[0])
    refresh(page)
    expect(announced).to_have_text("1 row changed.")
    announced.evaluate("(one) => { one.textContent = 'heard'; }")
    refresh(page)
    expect(page.locator("[data-age]")).to_have_text(re.compile("Updated"))
    expect(announced).to_have_text("heard")


@pytest.mark.slow
def test_all_that_match_stay_selected_and_are_counted_anew(
    page: Page, listed: list[Connection], make_second_page: None
) -> None:
    page.reload()
    page.locator("#action-toggle").check()
    page.get_by_role("button", name="Select all 60 that match").click()
    end(listed[0])
    refresh(page)
    expect(page.get_by_role("button", name="Stop 59 connections…")).to_be_visible()
    expect(page.get_by_text("All 59 that match are selected")).to_be_visible()


def test_paused_updates_ask_for_nothing(page: Page, listed: list[Connection]) -> None:
    asked = asked_by(page)
    page.get_by_role("button", name="Pause updates").click()
    page.clock.run_for(3 * A_REFRESH_MS)
    assert not asked
    for seconds, age in ((60, r"9\d s"), (60, "2 min"), (7200, "2 h")):
        page.clock.run_for(1000 * seconds)
        expect(page.locator("[data-age]")).to_have_text(re.compile(f"Updated {age} ago"))
    page.get_by_role("button", name="Pause updates").click()
    with page.expect_response(re.compile("/refresh/")):
        page.clock.run_for(2000)


def test_the_overview_refreshes_itself_until_it_is_paused(page: Page, listed: list[Connection]) -> None:
    page.goto("/admin/")
    expect(page.get_by_role("link", name="open now 20")).to_be_visible()
    end(listed[0])
    page.clock.run_for(A_REFRESH_MS)
    expect(page.get_by_role("link", name="open now 19")).to_be_visible()
    page.get_by_role("button", name="Pause updates").click()
    end(listed[1])
    page.clock.run_for(3 * A_REFRESH_MS)
    expect(page.get_by_role("link", name="open now 19")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("address", [LIST, "/admin/"])
def test_the_navigation_counts_anew_with_the_page(page: Page, listed: list[Connection], address: str) -> None:
    page.goto(address)
    expect(page.locator("#panel-nav")).to_contain_text("Connections 20")
    end(listed[0])
    page.clock.run_for(A_REFRESH_MS)
    expect(page.locator("#panel-nav")).to_contain_text("Connections 19")


def test_a_hidden_tab_asks_for_nothing(page: Page) -> None:
    asked = asked_by(page)
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    page.clock.run_for(3 * A_REFRESH_MS)
    assert not asked


@pytest.mark.parametrize(
    ("address", "asked"), slow_but([(LIST, "/refresh/")], [(LIST, "/refresh/"), ("/admin/", "/$")])
)
def test_where_the_server_fails_it_says_since_when_and_asks_less_often(
    page: Page, watch: Watch, address: str, asked: str
) -> None:
    page.goto(address)
    state = page.locator("[data-unreachable]")
    page.route(re.compile(asked), lambda route: route.fulfill(status=503, body="down"))
    for waited, seconds in ((A_REFRESH_MS, 10), (A_REFRESH_MS, 20), (21_000, 30), (31_000, 30)):
        with page.expect_response(re.compile(asked)):
            page.clock.run_for(waited)
        expect(state).to_contain_text(re.compile(r"HTTP 503\) since \d\d:\d\d:\d\d\."))
        left = "|".join(map(str, range(seconds - 9, seconds + 1)))  # the page's clock goes on while the test looks
        expect(state).to_contain_text(re.compile(rf"Trying again in ({left}) s"))
    page.unroute(re.compile(asked))
    watch.heard.clear()  # the browser's own word of the 503
    with page.expect_response(re.compile(asked)):
        page.clock.run_for(31_000)
    expect(state).to_be_hidden()


@pytest.mark.slow
def test_the_key_r_has_the_list_read_and_leaves_the_page_as_it_is(page: Page, listed: list[Connection]) -> None:
    tick(page, listed[2])
    with page.expect_response(re.compile("/read/")):
        page.keyboard.press("r")
    expect(page.locator("[data-announce]")).to_contain_text("1 list is read next.")
    assert Account.objects.get().list_due_at <= timezone.now()
    expect(row(page, listed[2]).get_by_role("checkbox")).to_be_checked()


@pytest.mark.slow
def test_on_a_phone_the_title_is_not_covered_by_all_the_buttons_that_there_are(
    open_window: OpenWindow, admin_user: User, listed: list[Connection]
) -> None:
    page = open_window(admin_user).new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(LIST)
    assert page.locator("h1").evaluate("title => title.scrollWidth <= title.clientWidth")


def test_without_script_read_now_is_a_form(open_window: OpenWindow, alice: User, listed: list[Connection]) -> None:
    page = open_window(alice, java_script_enabled=False).new_page()
    page.goto(LIST)
    page.get_by_role("button", name="Read now").click()
    expect(page.get_by_text("1 list is read next.")).to_be_visible()


@pytest.mark.slow
def test_a_list_that_failed_meanwhile_is_named(
    page: Page, listed: list[Connection], sandbox: Sandbox, account: Account
) -> None:
    sandbox.faults.add(FaultRule("503", path="graphql/v1"))
    read_list(account)
    refresh(page)
    expect(page.locator('[data-part="state"]')).to_contain_text("could not be listed whole since")
    expect(page.get_by_text("covers only what is listed")).to_be_visible()
    expect(row(page, listed[0])).to_contain_text("as of")


@pytest.mark.slow
def test_the_second_page_stays_the_second(page: Page, listed: list[Connection], make_second_page: None) -> None:
    page.goto(f"{LIST}?p=2")
    keys = page.locator("tr[data-key]").evaluate_all("rows => rows.map((row) => row.dataset.key)")
    end(listed[0])
    refresh(page)
    expect(page.locator('.tabs a:has-text("Active")')).to_contain_text("59")
    assert page.locator("tr[data-key]").evaluate_all("rows => rows.map((row) => row.dataset.key)") == keys
    assert page.url.endswith("?p=2")
