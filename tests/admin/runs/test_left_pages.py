"""A run's page leads with its trouble, groups it by cause, and lets a person decide about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.models import AuditEvent, Connection, StopRun
from tests.support.pages import text_of
from tests.support.runs import put, start_run

pytestmark = pytest.mark.django_db
Make = Callable[..., Connection]
RUNS = "/admin/connections/stoprun/"


def page(client: Client, run: StopRun, query: str = "") -> str:
    return text_of(client.get(f"{RUNS}{run.pk}/change/{query}").content.decode())


@pytest.fixture
def mixed(alice: User, make_connection: Make) -> StopRun:
    """Two that remote.it failed on, one that is not shared, one accepted and gone."""
    connections = [make_connection(device_name=f"Gate {number}") for number in range(4)]
    run = start_run(alice, *connections)
    for one in connections[:2]:
        put(one, "unknown", upstream_status=500, upstream_reason="internal error", verdict="still_alive")
    put(connections[2], "refused", upstream_status=403, upstream_reason="not shared with you", verdict="still_alive")
    put(connections[3], "stopped", verdict="confirmed_gone")
    return run


def test_when_none_reached_remoteit_the_title_says_so(operator: Client, alice: User, make_connection: Make) -> None:
    connections = [make_connection() for _ in range(3)]
    run = start_run(alice, *connections)
    for one in connections:
        put(one, "failed", upstream_status=None, upstream_reason="No connection to the API (NewConnectionError)")
    shown = page(operator, run)
    assert "None reached remote.it: 3 still open" in shown
    assert "remote.it could not be reached" in shown


def test_what_came_back_stands_before_what_is_gone(operator: Client, alice: User, make_connection: Make) -> None:
    back, gone = make_connection(), make_connection()
    run = start_run(alice, back, gone)
    put(back, "stopped", verdict="came_back", came_back_as="AB-1", came_back_after_s=9)
    put(gone, "stopped", verdict="confirmed_gone")
    make_connection(connection_id="AB-1")
    assert f"1 came back, 1 gone · run {run.pk}" in page(operator, run)


def test_each_cause_says_whether_another_try_can_help(operator: Client, mixed: StopRun) -> None:
    shown = page(operator, mixed)
    assert "2 remote.it had a fault of its own HTTP 500 internal error" in shown.replace("“", "").replace("”", "")
    assert "Another try can help" in shown
    assert "Not shared with the login that asks" in shown
    assert "Another try can not help the owner of the device can" in shown
    assert "Stop these 2 again…" in shown


def test_a_cause_is_stopped_again_alone(operator: Client, mixed: StopRun) -> None:
    operator.post(f"{RUNS}{mixed.pk}/again/?cause=fault")
    draft = StopRun.objects.drafts().get()
    assert {str(item.connection) for item in draft.items.all()} == {"Gate 0", "Gate 1"}


def test_a_cause_that_a_run_has_not_stops_nothing(operator: Client, mixed: StopRun) -> None:
    answer = operator.post(f"{RUNS}{mixed.pk}/again/?cause=limit", follow=True)
    assert "Nothing of this run is left to stop." in answer.content.decode()
    assert not StopRun.objects.drafts().exists()


def test_a_cause_leads_to_its_rows(operator: Client, mixed: StopRun) -> None:
    items = page(operator, mixed, "?outcome=cause:fault").split("Connections of this run")[1]
    assert "Gate 1" in items
    assert "Gate 2" not in items


def test_leaving_asks_for_a_reason_first(operator: Client, mixed: StopRun) -> None:
    address = f"{RUNS}{mixed.pk}/leave/?what=forbidden"
    assert "Leave 1 as it is?" in text_of(operator.get(address).content.decode())
    assert "Write why." in text_of(operator.post(address, {"reason": " "}).content.decode())
    assert not AuditEvent.objects.filter(action="run.left").exists()


def test_what_is_left_by_decision_is_not_counted_any_more(operator: Client, mixed: StopRun) -> None:
    operator.post(f"{RUNS}{mixed.pk}/leave/?what=forbidden", {"reason": "the owner knows"})
    shown = page(operator, mixed)
    assert "2 of 4 still open" in shown
    assert "Of 3 that were not gone then: 1 left as they are, by decision." in shown
    assert "by alice: “the owner knows”" in shown


def test_who_may_only_look_is_asked_nothing(client: Client, carol: User, mixed: StopRun) -> None:
    client.force_login(carol)
    assert "because…" not in page(client, mixed)
    assert client.get(f"{RUNS}{mixed.pk}/leave/").status_code == 403
