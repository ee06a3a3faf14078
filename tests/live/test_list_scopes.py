"""Where a list reaches: it says nothing of connections in an organisation that the account has left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from connections.admin.connections.one.verdict import what_settles
from connections.live.read import read_list
from connections.models import Account, Connection
from connections.sandbox import FaultRule, Sandbox
from connections.sandbox.world.names import ORGANISATIONS
from connections.stops import plan
from tests.support.pages import text_of
from tests.support.runs import living_worker

pytestmark = pytest.mark.django_db
LIST = "/admin/connections/connection/"
GONE = "remote.it's list of this account no longer covers where it was seen: as of "


@pytest.fixture
def world(settings: Settings) -> Iterator[Sandbox]:
    """A sandbox with connections in the login's own account and in two organisations."""
    with Sandbox(connections=60, seed=5) as running:
        for name, value in running.environment.items():
            setattr(settings, name, value)
        yield running


@pytest.fixture
def left(world: Sandbox, account: Account) -> list[Connection]:
    """The connections of an organisation that the account has left since they were listed."""
    assert read_list(account).complete
    Account.objects.update(
        listed_at=timezone.now() - timedelta(minutes=7), completely_listed_at=timezone.now() - timedelta(minutes=7)
    )
    account.refresh_from_db()
    world.set(member_of="first")
    assert read_list(account).complete
    account.refresh_from_db()
    outside = Connection.objects.exclude(list_scope__in=account.list_scopes)
    assert outside.exists()
    return list(outside.order_by("pk"))


@pytest.fixture
def operator(client: Client, alice: User) -> Client:
    client.force_login(alice)
    living_worker()
    return client


def as_of(account: Account, one: Connection) -> str:
    at = account.covered_until(one.list_scope)
    assert at is not None
    return f"{at:%H:%M:%S}"


def test_a_complete_list_notes_where_it_reached(world: Sandbox, account: Account) -> None:
    listed = read_list(account).listed
    account.refresh_from_db()
    assert account.list_scopes == list(listed.accounts)
    assert len(account.list_scopes) == 1 + len(ORGANISATIONS)
    assert account.list_left == {}


def test_an_incomplete_list_leaves_that_as_it_was(world: Sandbox, account: Account) -> None:
    read_list(account)
    before = Account.objects.get().list_scopes
    world.set(member_of="none")
    world.faults.add(FaultRule("503", path="graphql/v1"))
    assert not read_list(account).complete
    assert Account.objects.get().list_scopes == before


def test_what_lies_outside_never_ends_by_a_list(left: list[Connection], account: Account) -> None:
    for _ in range(3):
        read_list(account)
    assert set(Connection.objects.filter(pk__in=[one.pk for one in left]).values_list("status", flat=True)) == {
        "active"
    }


def test_it_is_counted_with_the_time_at_which_a_list_last_reached_there(
    left: list[Connection], account: Account
) -> None:
    [(scope, part)] = account.list_left.items()
    assert scope == left[0].list_scope
    assert part["open"] == len(left)
    reached = account.covered_until(scope)
    assert reached is not None
    assert timedelta(minutes=6) < timezone.now() - reached < timedelta(minutes=8)


def test_that_time_stays_with_later_lists(left: list[Connection], account: Account) -> None:
    before = account.covered_until(left[0].list_scope)
    read_list(account)
    account.refresh_from_db()
    assert account.covered_until(left[0].list_scope) == before


def test_when_the_organisation_is_joined_again_all_is_as_before(
    left: list[Connection], account: Account, world: Sandbox
) -> None:
    world.set(member_of="all")
    read_list(account)
    account.refresh_from_db()
    assert account.list_left == {}
    assert account.covers(left[0].list_scope)


def test_a_session_that_moves_into_another_list_is_followed(left: list[Connection], account: Account) -> None:
    Connection.objects.update(list_scope=left[0].list_scope)
    read_list(account)
    inside = Connection.objects.exclude(pk__in=[one.pk for one in left])
    assert set(inside.values_list("list_scope", flat=True)) <= set(account.list_scopes)


def test_the_row_says_so_and_is_not_called_active(operator: Client, left: list[Connection], account: Account) -> None:
    page = operator.get(LIST, {"q": left[0].connection_id})
    assert GONE + as_of(account, left[0]) in text_of(page)
    row = page.content.decode().partition("<tbody>")[2].partition("</tr>")[0]
    assert "outside the list" in row
    assert "status-active" not in row


def test_the_refreshed_row_says_so_too(operator: Client, left: list[Connection]) -> None:
    query = {"rows": str(left[0].pk), "since": str(timezone.now().timestamp()), "newest": "1"}
    assert GONE in text_of(operator.get(f"{LIST}refresh/", query))


def test_the_list_says_how_many(operator: Client, left: list[Connection], account: Account) -> None:
    words = text_of(operator.get(LIST))
    count = len(left)
    assert f"default: {count} connection{'s are' if count > 1 else ' is'} outside its list." in words
    assert f"as of {as_of(account, left[0])}. They may have ended since." in words
    assert "complete for default" in words


def test_the_overview_says_how_many(operator: Client, left: list[Connection]) -> None:
    words = text_of(operator.get("/admin/"))
    assert "outside its list." in words
    assert "by the complete lists" not in words


def test_the_connection_page_says_so(operator: Client, left: list[Connection], account: Account) -> None:
    words = text_of(operator.get(f"{LIST}{left[0].pk}/change/"))
    assert GONE + as_of(account, left[0]) in words
    assert "by the last list that covered where it was seen" in words
    assert "seen in the list" not in words


def test_the_confirm_page_says_how_many_of_these(operator: Client, alice: User, left: list[Connection]) -> None:
    run = plan.draft(alice, Connection.objects.all(), {"by": "ticked"})
    words = text_of(operator.get(f"/admin/connections/stoprun/{run.key}/confirm/"))
    assert f"{len(left)} of these {'are' if len(left) > 1 else 'is'} outside the list:" in words
    assert "no list can confirm it" in words


def test_where_all_is_inside_nothing_is_said(operator: Client, alice: User, world: Sandbox, account: Account) -> None:
    read_list(account)
    run = plan.draft(alice, Connection.objects.all(), {"by": "ticked"})
    for address in (LIST, "/admin/", f"/admin/connections/stoprun/{run.key}/confirm/"):
        assert "outside" not in text_of(operator.get(address))


def test_an_unknown_one_outside_is_settled_by_no_list(left: list[Connection]) -> None:
    one = Connection.objects.get(pk=left[0].pk)
    one.status = "unknown"
    assert "so no list settles it" in what_settles(one)


def test_the_overview_names_none_of_them_as_open_longest(operator: Client, left: list[Connection]) -> None:
    outside = [one.pk for one in left]
    Connection.objects.filter(pk__in=outside).update(opened_at=timezone.now() - timedelta(days=30))
    page = operator.get("/admin/").content.decode()
    assert [pk for pk in outside if f"{LIST}{pk}/change/" in page] == []
