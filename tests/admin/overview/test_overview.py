"""The overview: which runs need someone, what is left to do about each, and that it is asked for anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.admin.overview.charts import stops_by_hour
from connections.admin.overview.page import overview as overview_of
from connections.audit import triggers
from connections.models import Account, AuditVerification, Connection, StopItem, StopRun
from connections.stops import control, plan
from connections.stops.progress.needs import needs
from connections.web.around.frame import frame_of
from tests.support.runs import WEB, living_worker, put, start_run

pytestmark = pytest.mark.django_db
Make = Callable[..., Connection]


def overview(user: User) -> dict[str, Any]:
    return overview_of(user, frame_of(user), needs(user))


def runs_on(client: Client, user: User) -> str:
    """The words of the part that names the runs."""
    client.force_login(user)
    page = client.get("/admin/").content.decode()
    part = page[page.index('id="todo"') : page.index('class="state-line"')]
    return " ".join(re.sub(r"<[^>]*>", " ", part.partition(">")[2].rpartition("<")[0]).split())


@pytest.fixture
def with_triggers(db: None) -> Iterator[None]:
    """The test database has none, and the page would say that first."""
    triggers.install()
    yield
    triggers.remove()


@pytest.mark.parametrize(
    ("state", "facts"),
    [("refused", {}), ("stopped", {"verdict": "still_alive"}), ("failed", {"upstream_status": None})],
)
def test_what_is_open_stands_there_with_its_action(
    client: Client, alice: User, make_connection: Make, state: str, facts: dict[str, str]
) -> None:
    connection = make_connection(device_name="Gate 7")
    run = start_run(alice, connection)
    put(connection, state, **facts)
    shown = runs_on(client, alice)
    assert f"Needs you 1 All 1 still open of run {run.pk} Gate 7" in shown
    assert "Stop 1 again… Leave it, because…" in shown


def test_the_same_number_stands_in_headline_title_and_navigation(
    client: Client, alice: User, make_connection: Make
) -> None:
    for _number in range(2):
        connection = make_connection()
        start_run(alice, connection)
        put(connection, "refused")
    client.force_login(alice)
    page = client.get("/admin/").content.decode()
    assert "<title>2 need you · overview |" in page
    assert "<span>2 need you</span>" in page
    assert 'data-part="section-o"\n>2</span>' in page
    assert page.count("favicon-trouble.svg") == 2


def test_what_came_back_stands_first(client: Client, alice: User, make_connection: Make) -> None:
    first, second = make_connection(), make_connection()
    run = start_run(alice, first, second)
    put(first, "refused")
    put(second, "stopped", verdict="came_back", came_back_as="AB-1")
    make_connection(connection_id="AB-1")
    shown = runs_on(client, alice)
    assert "Needs you 2" in shown
    assert shown.index(f"1 came back after run {run.pk}") < shown.index(f"1 still open of run {run.pk}")


def test_what_was_handled_by_a_later_run_says_so(client: Client, alice: User, make_connection: Make) -> None:
    connection = make_connection()
    run = start_run(alice, connection)
    put(connection, "refused")
    later = plan.start(control.again(run, alice).key, alice, reason="again", origin=WEB)
    later.items.update(state="stopped", verdict="confirmed_gone")
    shown = runs_on(client, alice)
    assert "Nothing needs you" in shown
    assert f"1 of run {run.pk} , handled by run {later.pk}" in shown


def test_a_run_that_goes_on_stands_under_way(client: Client, alice: User, make_connection: Make) -> None:
    first, second = make_connection(), make_connection()
    run = start_run(alice, first, second)
    put(first, "stopped")
    living_worker()
    shown = runs_on(client, alice)
    assert "Needs you 0" in shown
    assert f"Under way 1 All runs run {run.pk} : 1 of 2 answered" in shown


def test_it_says_which_account_holds_a_run_up(
    client: Client, alice: User, account: Account, make_connection: Make
) -> None:
    start_run(alice, make_connection())
    living_worker()
    Account.objects.update(held_at=timezone.now())
    assert "0 of 1 answered; default paused, goes on when the account does" in runs_on(client, alice)


def test_it_says_that_a_run_waits_for_a_worker(client: Client, alice: User, make_connection: Make) -> None:
    start_run(alice, make_connection())
    assert "waits for a worker, 0 of 1 answered" in runs_on(client, alice)


def test_a_paused_run_needs_a_person(client: Client, alice: User, make_connection: Make) -> None:
    run = start_run(alice, make_connection())
    control.pause(run, alice, WEB)
    shown = runs_on(client, alice)
    assert f"Run {run.pk} is paused: 1 not sent" in shown
    assert "Resume Cancel…" in shown


def test_who_can_do_nothing_about_it_is_not_called(
    client: Client, alice: User, bob: User, make_connection: Make
) -> None:
    connection = make_connection()
    start_run(alice, connection)
    put(connection, "refused")
    assert "Needs you 0" in runs_on(client, bob)


@pytest.mark.parametrize(("faults", "words"), [(0, "no break in 7 lines, verified"), (1, "the history does not hold")])
def test_it_says_what_the_last_verification_found(
    client: Client, alice: User, with_triggers: None, faults: int, words: str
) -> None:
    AuditVerification.objects.create(
        pk=1, at=timezone.now(), events=7, last_seq=7, fault_count=faults, faults=["event 3 is missing"] * faults
    )
    client.force_login(alice)
    assert words in client.get("/admin/").content.decode()


def test_runs_of_others_need_those_who_steer_them(
    client: Client, alice: User, admin_user: User, make_connection: Make
) -> None:
    connection = make_connection()
    start_run(alice, connection)
    put(connection, "refused")
    assert "Needs you 1" in runs_on(client, admin_user)


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
    assert 'data-every="10"\ndata-url="/admin/"' in page
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
