"""How fast a hold may ask, with a clock of its own; and the caps that a hold begins with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from connections.holds.pace import Pace
from connections.models import Account, Hold
from connections.models.accounts import lock_accounts
from connections.stops.worker.pace import take_slots
from connections.stops.worker.retry import SPACING
from tests.holds.conftest import Stage

pytestmark = pytest.mark.django_db


class Time:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("wished", "left"),
    [
        pytest.param([0, 0, 0, 0], [0, 0.55, 1.1, 1.65], id="two a second, whatever is asked at once"),
        pytest.param([0, 0.7, 0.8], [0, 0.7, 1.25], id="who comes later waits for no more than the rest"),
        pytest.param([0, 5, 10], [0, 5, 10], id="a list every five seconds waits for nothing"),
        pytest.param([3], [3], id="the first leaves at once"),
    ],
)
def test_lists_leave_more_than_half_a_second_apart(account: Account, wished: list[float], left: list[float]) -> None:
    time = Time()
    pace = Pace(account.pk, clock=time.clock, sleep=time.sleep)
    seen = []
    for moment in wished:
        time.now = max(time.now, moment)
        pace.question()
        seen.append(time.now)
    assert seen == pytest.approx(left)


@pytest.mark.parametrize("kind", ["question", "change"])
def test_what_a_hold_asks_takes_a_turn_of_the_account_s_stops(account: Account, settings: Settings, kind: str) -> None:
    settings.STOP_MAX_PER_SECOND = 0.5
    time = Time()
    getattr(Pace(account.pk, clock=time.clock, sleep=time.sleep), kind)()
    left = take_slots(lock_accounts([account.pk])[account.pk], 1)
    assert left.delays == ()
    assert left.next_send_in == pytest.approx(SPACING / 0.5, abs=0.5)


def test_a_hold_begins_with_its_caps(stage: Stage, hold_all: Callable[..., Hold]) -> None:
    stage.open(1)
    hold = hold_all()
    hold.refresh_from_db()
    assert (hold.most_per_minute, hold.most_per_hour, hold.most_in_all) == (20, 1000, 1000)


def test_services_of_one_list_are_read_in_one_query(stage: Stage, hold_all: Callable[..., Hold]) -> None:
    stage.open(5)
    hold_all()
    stage.sandbox.call(stage.sandbox.server.log.clear)
    stage.round()
    asked = [row["body"] for row in stage.sandbox.call(stage.sandbox.server.log.rows, "graphql/v1")]
    queries = [body for body in asked if "record: events" in body]
    members = Hold.objects.get().members
    assert len(queries) == members.values("scope").distinct().order_by("scope").count() < members.count()
    assert all(address in "".join(queries) for address in members.values_list("device_address", flat=True))
