"""What a hold is not begun with, what it can't do, and what it says of that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from connections.holds.begin import CannotHold, Wish, begin
from connections.holds.ends import end
from connections.holds.wishes import extend
from connections.models import Connection, Hold, HoldReturn, Measure, StopRun
from connections.models.holding.holds import HoldEnd, Level
from connections.sandbox.wire.faults import FaultRule
from tests.holds.conftest import WEB, Stage

pytestmark = pytest.mark.django_db
Make = Callable[..., Connection]
HoldAll = Callable[..., Hold]
NOBODY, EVERYTHING = "opener:nobody@example.com", "status:active"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"level": Level.LINKS, "match": NOBODY}, "no way to close"),
        ({"level": Level.SERVICES, "match": NOBODY}, "no way to close"),
        ({"level": Level.LINKS, "match": EVERYTHING}, "This filter is everything"),
        ({"level": Level.SERVICES, "match": EVERYTHING}, "This filter is everything"),
        ({"match": "opener:"}, "opener"),
        ({}, "None of these connections can be held"),
        ({"match": NOBODY, "deadline": timedelta(minutes=-1)}, "The deadline lies ahead"),
        ({"match": NOBODY, "deadline": timedelta(0)}, "The deadline lies ahead"),
        ({"match": NOBODY, "deadline": timedelta(hours=24, seconds=1)}, "at most 24 hours"),
        ({"match": NOBODY, "quiet": timedelta(0)}, "more than 0"),
        ({"match": NOBODY, "quiet": timedelta(hours=2)}, "could never end quiet"),
        ({"match": NOBODY, "reason": "  "}, "Say why"),
        ({"match": NOBODY, "ticket": "x" * 500}, "The ticket is longer"),
        ({"match": NOBODY, "level": Level.PERSON}, "not offered"),
    ],
)
def test_what_is_refused_begins_nothing_and_says_why(
    lead: User, make_connection: Make, wish: dict[str, Any], words: str
) -> None:
    make_connection()
    asked: dict[str, Any] = {"level": Level.RECUT, "reason": "stolen", **wish}
    with pytest.raises(CannotHold, match=words):
        begin(lead, Wish(**asked), Connection.objects.none(), WEB)
    assert not Hold.objects.exists()
    assert not StopRun.objects.started().exists()


@pytest.mark.parametrize("level", [Level.WATCH, Level.RECUT])
@pytest.mark.parametrize("match", [NOBODY, EVERYTHING])
def test_watch_and_stop_again_wait_for_what_comes_and_take_everything(lead: User, level: Level, match: str) -> None:
    hold = begin(lead, Wish(level, "stolen", match=match), Connection.objects.none(), WEB)
    assert (hold.is_on, hold.first_run) == (True, None)


@pytest.mark.parametrize("level", [one for one in Level if one is not Level.PERSON])
def test_each_level_has_its_own_permission(lead: User, make_connection: Make, level: Level) -> None:
    make_connection()
    permission = Permission.objects.get(codename=f"hold_{level}")
    lead.user_permissions.remove(permission)
    for group in lead.groups.all():
        group.permissions.remove(permission)
    person = User.objects.get(pk=lead.pk)
    with pytest.raises(CannotHold, match="takes the permission “Hold: "):
        begin(person, Wish(level, "stolen"), Connection.objects.all(), WEB)
    others = [one for one in (Level.WATCH, Level.RECUT, Level.LINKS, Level.SERVICES) if one is not level]
    assert begin(person, Wish(others[0], "stolen"), Connection.objects.all(), WEB).is_on


def test_a_deadline_is_not_extended_past_24_hours_nor_backwards(lead: User, make_connection: Make) -> None:
    make_connection()
    hold = begin(lead, Wish(Level.WATCH, "stolen"), Connection.objects.all(), WEB)
    for by in (timedelta(hours=24), timedelta(0), timedelta(hours=-1)):
        with pytest.raises(CannotHold, match="at most 24 hours ahead"):
            extend(hold, lead, by, "longer", WEB)


def test_without_graphql_only_what_is_imported_is_stopped_again_and_the_clock_says_why(
    stage: Stage, hold_all: HoldAll, make_connection: Make
) -> None:
    [one] = stage.open(1)
    hold = hold_all()
    stage.drain.run_until_idle()
    stage.sandbox.faults.add(FaultRule("unauthorized", path="graphql/v1"))
    again = stage.sandbox.call(stage.sandbox.server.world.open, one.device_address, one.opened_by)
    make_connection(
        account=stage.account,
        device_address=one.device_address,
        connection_id=again.id,
        opened_by=one.opened_by,
        opened_at=timezone.now(),
    )
    stage.round()
    assert HoldReturn.objects.get(hold=hold).run is not None
    stage.round()
    clock = hold.clocks.get()
    assert (clock.counted, clock.last_at) == (timedelta(), None)
    assert clock.stands_why


def test_of_two_holds_on_one_service_the_stricter_holds_and_the_last_restores_each_way(
    stage: Stage, hold_all: HoldAll
) -> None:
    [one] = stage.open(1)
    address = one.device_address
    stage.change(address, configurable=True, link=True)
    mild, strict = hold_all(Level.LINKS), hold_all(Level.SERVICES)
    for _ in range(3):
        stage.round()
    assert (stage.service(address)["link"], stage.service(address)["enabled"]) == (False, False)
    end(strict, HoldEnd.WITHDRAWN)
    for _ in range(3):
        stage.round()
    assert (stage.service(address)["link"], stage.service(address)["enabled"]) == (False, True)
    end(mild, HoldEnd.WITHDRAWN)
    for _ in range(3):
        stage.round()
    assert stage.service(address)["link"] is True
    assert not Measure.objects.not_restored().exists()
