"""An operator stops what two accounts list, one of which can't be listed afterwards, and sees what is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings

from connections.accounts.credentials import store_credentials
from connections.audit.origin import Origin
from connections.live.verdicts.verify import GIVE_UP
from connections.models import Account, Connection, StopItem
from connections.remoteit import Credentials
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from tests.conftest import open_in
from tests.support.two_worlds import one_address
from tests.support.workers import worker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenWindow = Callable[..., BrowserContext]
ENOUGH_MS = 60_000


@dataclass
class Place:
    """Where a worker is led to."""

    environment: dict[str, str]


@dataclass
class Two:
    """A panel with two accounts: `default` has 30 connections open, `field-ops` 20."""

    default: Sandbox
    field_ops: Sandbox
    place: Place
    account: Account


@pytest.fixture
def two(settings: Settings, admin_user: User, account: Account) -> Iterator[Two]:
    settings.CREDENTIALS_KEY = Fernet.generate_key().decode()
    with Sandbox(connections=0, seed=1) as default, Sandbox(connections=0, seed=2) as field_ops:
        default.call(open_in, default.server.world, 30)
        field_ops.call(open_in, field_ops.server.world, 20)
        with one_address(default, field_ops) as environment:
            other = Account.objects.create(name="field-ops")
            key = field_ops.access_key
            credentials = Credentials(
                developer_key=field_ops.developer_key,
                access_key_id=key["R3_ACCESS_KEY_ID"],
                secret_access_key=key["R3_SECRET_ACCESS_KEY"],
            )
            store_credentials(other, credentials, admin_user, Origin("web"))
            place = Place({**environment, "CREDENTIALS_KEY": settings.CREDENTIALS_KEY})
            yield Two(default, field_ops, place, other)


def stop_all(page: Page) -> None:
    page.get_by_label("Select all 50 on this page").check()
    page.get_by_role("button", name="Stop 50 connections…").click()
    page.get_by_label("Reason", exact=True).fill("Vendor credentials leaked")
    page.get_by_role("button", name="Stop 50 connections").click()


def verdicts(page: Page) -> dict[str, str]:
    """The numbers at the heads of the cross table, by what stands there."""
    heads = page.locator("table.cross thead th:has(.wide-only)").all()
    return {head.locator(".wide-only").inner_text(): head.locator(".n").inner_text() for head in heads}


@pytest.mark.slow
def test_what_is_confirmed_and_what_is_not(alice: User, two: Two, open_window: OpenWindow) -> None:
    page = open_window(alice).new_page()
    page.set_default_timeout(20_000)
    with worker(two.place):  # type: ignore[arg-type]
        page.goto("/admin/connections/connection/?status=active")
        while Connection.objects.filter(listed_seq__isnull=False).count() < 50:
            page.wait_for_timeout(100)
        two.field_ops.faults.add(FaultRule("503", path="graphql/v1"))
        page.reload()
        stop_all(page)
        expect_what_is_known_while_one_account_fails(page)
        give_up_on(two.account)
        expect_what_stays_unverified(page)
        two.field_ops.faults.clear()
        page.get_by_role("button", name="Verify the 20 again").click()
        expect(page.get_by_role("heading", name="50 of 50 are confirmed gone")).to_be_visible(timeout=ENOUGH_MS)
        assert two.default.world.rows("open") == two.field_ops.world.rows("open") == []
    assert set(StopItem.objects.values_list("state", "verdict")) == {("stopped", "confirmed_gone")}


def expect_what_is_known_while_one_account_fails(page: Page) -> None:
    expect(page.get_by_text("30 of 50 have a verdict")).to_be_visible(timeout=ENOUGH_MS)
    expect(page.get_by_role("heading", name="50 of 50 stopped (accepted by remote.it)")).to_be_visible()
    expect(page.get_by_text("field-ops could not be listed completely")).to_be_visible(timeout=ENOUGH_MS)
    assert (verdicts(page)["confirmed gone"], verdicts(page)["no verdict yet"]) == ("30", "20")


def give_up_on(account: Account) -> None:
    """Let the minutes pass after which an item waits no longer for a list."""
    for item in StopItem.objects.filter(account=account):
        assert item.answered_at
        StopItem.objects.filter(pk=item.pk).update(answered_at=item.answered_at - GIVE_UP)


def expect_what_stays_unverified(page: Page) -> None:
    """In place, without a click."""
    expect(page.get_by_role("heading", name="30 of 50 are confirmed gone")).to_be_visible(timeout=ENOUGH_MS)
    assert verdicts(page) == {"still alive": "0", "came back": "0", "unverified": "20", "confirmed gone": "30"}
    expect(page.get_by_text("an accepted stop stays accepted")).to_be_visible()
    page.locator("table.cross").get_by_role("link", name="20", exact=True).click()
    rows = page.locator("table.items tbody tr")
    expect(rows).to_have_count(20)
    expect(rows.filter(has_text="field-ops").filter(has_text="HTTP 200")).to_have_count(20)
    expect(rows.first).to_contain_text("the account could not be listed completely in time")
