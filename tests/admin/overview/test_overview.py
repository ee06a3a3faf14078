"""The overview: which runs need someone, what is left to do about each, and that it is asked for anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.admin.overview.charts import stops_by_hour
from connections.admin.overview.page import overview
from connections.audit import triggers
from connections.models import Account, AuditVerification, Connection, StopItem, StopRun
from connections.stops import control
from tests.support.runs import WEB, living_worker, put, start_run

pytestmark = pytest.mark.django_db
Make = Callable[..., Connection]


def runs_on(client: Client, user: User) -> str:
    """The words of the part that names the runs."""
    client.force_login(user)
    page = client.get("/admin/").content.decode()
    section = re.search(r'<section[^>]*data-key="runs">(.*?)</section>', page, re.DOTALL)
    assert section is not None
    return " ".join(re.sub(r"<[^>]*>", " ", section[1]).split())


@pytest.fixture
def with_triggers(db: None) -> Iterator[None]:
    """The test database has none, and the page would say that first."""
    triggers.install()
    yield
    triggers.remove()


@pytest.mark.parametrize(
    ("state", "facts", "outcome", "left_to_do"),
    [
        ("refused", {}, "1 refused", "read what remote.it said"),
        ("failed", {}, "1 failed", "never reached remote.it: retry"),
        ("unknown", {}, "1 unknown", "may be stopped"),
        ("stopped", {"verdict": "came_back"}, "1 came back", "opened again since"),
        ("stopped", {"verdict": "still_alive"}, "1 still alive", "still open: stop it again"),
        ("stopped", {"verdict": "unverified"}, "1 accepted, unverified", "no list could tell"),
    ],
)
def test_a_run_with_trouble_says_what_is_left_to_do(
    client: Client, alice: User, make_connection: Make, state: str, facts: dict[str, str], outcome: str, left_to_do: str
) -> None:
    connection = make_connection()
    start_run(alice, connection)
    put(connection, state, **facts)
    shown = runs_on(client, alice)
    assert outcome in shown
    assert left_to_do in shown
    assert "Decide" in shown


def test_the_most_pressing_comes_first(client: Client, alice: User, make_connection: Make) -> None:
    first, second = make_connection(), make_connection()
    start_run(alice, first, second)
    put(first, "refused")
    put(second, "stopped", verdict="came_back")
    assert "opened again since" in runs_on(client, alice)


def test_a_run_without_trouble_needs_nobody(client: Client, alice: User, make_connection: Make) -> None:
    connection = make_connection()
    start_run(alice, connection)
    put(connection, "stopped", verdict="confirmed_gone")
    assert "None of the last 25." in runs_on(client, alice)


def test_a_run_that_goes_on_is_watched(client: Client, alice: User, make_connection: Make) -> None:
    first, second = make_connection(), make_connection()
    start_run(alice, first, second)
    put(first, "stopped")
    living_worker()
    shown = runs_on(client, alice)
    assert "running, 1 of 2 answered" in shown
    assert "Watch" in shown


def test_it_says_which_account_holds_a_run_up(
    client: Client, alice: User, account: Account, make_connection: Make
) -> None:
    start_run(alice, make_connection())
    living_worker()
    Account.objects.update(held_at=timezone.now())
    assert "default paused: it goes on when the account does" in runs_on(client, alice)


def test_it_says_that_a_run_waits_for_a_worker(client: Client, alice: User, make_connection: Make) -> None:
    start_run(alice, make_connection())
    assert "waits for a worker, 0 of 1 answered start a worker" in runs_on(client, alice)


def test_a_paused_run_waits_for_a_person(client: Client, alice: User, make_connection: Make) -> None:
    control.pause(start_run(alice, make_connection()), alice, WEB)
    living_worker()
    shown = runs_on(client, alice)
    assert "paused, 0 of 1 answered" in shown
    assert "resume it, or cancel what is not sent" in shown


def test_a_run_that_goes_on_undisturbed_needs_nothing(client: Client, alice: User, make_connection: Make) -> None:
    start_run(alice, make_connection())
    living_worker()
    assert "nothing: it goes on by itself" in runs_on(client, alice)


@pytest.mark.parametrize(("faults", "words"), [(0, "no break in 7 lines, verified"), (1, "the history does not hold")])
def test_it_says_what_the_last_verification_found(
    client: Client, alice: User, with_triggers: None, faults: int, words: str
) -> None:
    AuditVerification.objects.create(
        pk=1, at=timezone.now(), events=7, last_seq=7, fault_count=faults, faults=["event 3 is missing"] * faults
    )
    client.force_login(alice)
    assert words in client.get("/admin/").content.decode()


def test_runs_of_others_need_those(
    client: Client, alice: User, admin_user: User, bob: User, make_connection: Make
) -> None:
    start_run(alice, make_connection())
    assert "No run yet." in runs_on(client, bob)
    assert "alice" in runs_on(client, admin_user)


def test_what_is_open_is_counted_by_account_and_service(alice: User, make_connection: Make) -> None:
    other = Account.objects.create(name="field-ops")
    for service in ("ssh", "ssh", "vnc", ""):
        make_connection(service_name=service)
    make_connection(account=other, service_name="vnc")
    make_connection(status="stopped")
    make_connection(expires_at=timezone.now() - timedelta(seconds=1))
    shown = overview(alice)
    assert shown["by_account"] == [("default", 4), ("field-ops", 1)]
    assert shown["by_service"] == [("ssh", 2), ("vnc", 2), ("without a name", 1)]


def test_the_services_beyond_four_are_one_bar(alice: User, make_connection: Make) -> None:
    for number in range(6):
        make_connection(service_name=f"service {number}")
    assert overview(alice)["by_service"][-1] == ("others", 2)


def answered(connection: Connection, state: str, at: datetime) -> None:
    put(connection, state)
    StopItem.objects.filter(connection=connection).update(answered_at=at)


def test_stops_are_counted_by_the_hour_of_their_answer(alice: User, make_connection: Make) -> None:
    now = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    made = [make_connection() for _ in range(6)]
    StopRun.objects.filter(pk=start_run(alice, *made).pk).update(started_at=now - timedelta(hours=3))
    hour_before, long_before = now - timedelta(minutes=31), now - timedelta(hours=30)
    for connection, state, at in zip(
        made,
        ("stopped", "already_gone", "refused", "unknown", "stopped", "stopped"),
        (now, now, now, hour_before, hour_before, long_before),
        strict=True,
    ):
        answered(connection, state, at)
    chart = stops_by_hour(StopRun.objects.all(), now)
    assert chart is not None
    assert [(column.words, column.counts) for column in chart.filled] == [("22:00", [1, 0, 1]), ("23:00", [2, 1, 0])]
    assert [count for _css, _words, count in chart.legend] == [3, 1, 1]


def test_without_a_stop_in_the_last_hours_there_is_no_chart(alice: User, make_connection: Make) -> None:
    connection = make_connection()
    start_run(alice, connection)
    put(connection, "stopped")
    assert stops_by_hour(StopRun.objects.all(), timezone.now() + timedelta(hours=25)) is None


def test_a_column_reaches_as_high_as_its_parts_together(alice: User, make_connection: Make) -> None:
    first, second = make_connection(), make_connection()
    start_run(alice, first, second)
    put(first, "stopped")
    put(second, "refused")
    (column,) = overview(alice)["hours"].filled
    assert [(css, float(top), float(height)) for css, top, height in column.parts] == [
        ("stopped", 61.0, 51.0),
        ("trouble", 10.0, 51.0),
    ]


def test_it_asks_for_itself_every_10_seconds(client: Client, bob: User) -> None:
    client.force_login(bob)
    page = client.get("/admin/").content.decode()
    assert 'data-refreshed data-every="10" data-url="/admin/"' in page
    assert "http-equiv" not in page  # without script nothing moves


@pytest.mark.parametrize("app", ["auth", "connections"])
def test_the_page_of_an_app_has_nothing_refreshed(client: Client, admin_user: User, app: str) -> None:
    client.force_login(admin_user)
    assert "live.js" not in client.get(f"/admin/{app}/").content.decode()


def test_who_sees_nothing_has_nothing_refreshed(client: Client) -> None:
    client.force_login(User.objects.create_user("mallory", is_staff=True))
    page = client.get("/admin/").content.decode()
    assert "Nothing to see yet" in page
    assert "live.js" not in page
