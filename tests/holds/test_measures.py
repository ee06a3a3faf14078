"""Closing ways and putting them back: asked, set, seen; compared before anything is written back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from connections.holds.ends import end
from connections.holds.measures.undo import leave
from connections.models import AuditEvent, Hold, Measure, StopItem
from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.measures import MeasureState, UndoState
from connections.sandbox.wire.faults import FaultRule
from connections.stops.pause_all import pause_all
from tests.holds.conftest import WEB, Stage

pytestmark = [pytest.mark.both, pytest.mark.django_db]
HoldAll = Callable[..., Hold]
GRAPHQL = "graphql/v1"


@pytest.fixture
def address(stage: Stage) -> str:
    """A service that Dana has open, with a public link."""
    [one] = stage.open(1)
    stage.change(one.device_address, configurable=True, link=True)
    return one.device_address


def measures(hold: Hold) -> dict[str, str]:
    return dict(hold.measures.values_list("kind", "state"))


def actions() -> list[str]:
    return list(AuditEvent.objects.filter(action__startswith="hold.").order_by("seq").values_list("action", flat=True))


def told(action: str) -> list[dict[str, Any]]:
    return [json.loads(one) for one in AuditEvent.objects.filter(action=action).values_list("body", flat=True)]


def test_the_ways_are_closed_before_the_first_stop_is_sent(stage: Stage, address: str, hold_all: HoldAll) -> None:
    hold = hold_all(Level.SERVICES)
    assert not StopItem.objects.filter(run__hold=hold, run__state="started").exists()
    stage.round()
    stage.round()
    assert measures(hold) == {"link": MeasureState.SET, "service": MeasureState.SET}
    stage.round(10)
    seqs = dict(AuditEvent.objects.order_by("-seq").values_list("action", "seq"))
    assert seqs["hold.measure_answered"] < seqs["stop.requested"]


def test_each_measure_is_asked_set_and_seen_and_each_has_its_line(
    stage: Stage, address: str, hold_all: HoldAll
) -> None:
    hold_all(Level.LINKS)
    stage.round()
    stage.round()
    assert actions()[:4] == ["hold.requested", "hold.measure_sent", "hold.measure_answered", "hold.measure_seen"]
    assert told("hold.measure_sent")[0]["before"] is True
    assert stage.service(address)["link"] is False


def test_what_was_switched_off_is_switched_on_again_at_the_end(stage: Stage, address: str, hold_all: HoldAll) -> None:
    hold = hold_all(Level.SERVICES)
    stage.round()
    stage.round()
    end(hold, HoldEnd.WITHDRAWN)
    for _ in range(3):
        stage.round()
    assert (stage.service(address)["enabled"], stage.service(address)["link"]) == (True, True)
    assert set(hold.measures.values_list("undo", flat=True)) == {UndoState.RESTORED}


def test_what_somebody_else_has_changed_is_left_alone(stage: Stage, address: str, hold_all: HoldAll) -> None:
    hold = hold_all(Level.LINKS)
    stage.round()
    stage.round()
    stage.change(address, link=True)
    stage.round()
    end(hold, HoldEnd.WITHDRAWN)
    stage.round()
    measure = hold.measures.get()
    assert measure.undo == UndoState.LEFT_ALONE
    assert "changed by somebody else" in measure.undo_why
    assert len(told("hold.measure_sent")) == 1


def test_without_an_answer_a_measure_is_read_again_and_not_sent_twice(
    stage: Stage, address: str, hold_all: HoldAll
) -> None:
    hold = hold_all(Level.LINKS)
    stage.sandbox.faults.add(FaultRule("reset_after", path=GRAPHQL, every=4, times=1))
    stage.round()
    assert measures(hold) == {"link": MeasureState.UNKNOWN}
    stage.round()
    assert hold.measures.get().seen_at is not None
    assert len(told("hold.measure_sent")) == 1


def test_what_a_dead_worker_had_asked_is_unknown_and_still_put_back(
    stage: Stage, address: str, hold_all: HoldAll, settings: Settings
) -> None:
    hold = hold_all(Level.LINKS)
    stage.round()
    Measure.objects.update(state=MeasureState.SENDING, worker=stage.drain.worker, seen_at=None)
    stage.keeper._busy = {}
    stage.round()
    assert hold.measures.get().seen_at is not None
    end(hold, HoldEnd.WITHDRAWN)
    stage.round()
    stage.round()
    assert stage.service(address)["link"] is True


def test_an_undo_that_a_dead_worker_had_asked_is_compared_before_it_is_asked_again(
    stage: Stage, address: str, hold_all: HoldAll
) -> None:
    hold = hold_all(Level.LINKS)
    stage.round()
    stage.round()
    end(hold, HoldEnd.WITHDRAWN)
    stage.round()
    Measure.objects.update(undo=UndoState.SENDING, worker=stage.drain.worker)
    stage.round()
    assert hold.measures.get().undo == UndoState.RESTORED
    assert len(told("hold.measure_sent")) == 2


def test_what_can_not_be_put_back_stays_on_the_list_until_a_person_leaves_it(
    stage: Stage, address: str, hold_all: HoldAll, lead: User
) -> None:
    hold = hold_all(Level.SERVICES)
    stage.round()
    stage.round()
    stage.change(address, state="inactive")
    end(hold, HoldEnd.WITHDRAWN)
    stage.round()
    stage.round()
    [left] = Measure.objects.not_restored()
    assert (left.kind, left.undo_why) == ("service", "device is not active")
    assert leave(left, lead, "the device was scrapped", WEB)
    assert not Measure.objects.not_restored().exists()


@pytest.mark.parametrize(
    ("switch", "why"),
    [
        ({"schema_lacks": "setConnectLink"}, "schema has no setConnectLink"),
        ({"refuse_measures": "services"}, "this login may not change the service"),
    ],
)
def test_a_measure_that_can_not_be_asked_says_why(
    stage: Stage, address: str, hold_all: HoldAll, switch: dict[str, str], why: str
) -> None:
    stage.sandbox.set(**switch)
    hold = hold_all(Level.LINKS)
    stage.round()
    measure = hold.measures.get()
    assert measure.state == MeasureState.NOT_ASKED
    assert why in measure.why


def test_a_device_that_can_not_be_configured_keeps_its_service(stage: Stage, address: str, hold_all: HoldAll) -> None:
    stage.change(address, configurable=False)
    hold = hold_all(Level.SERVICES)
    stage.round()
    stage.round()
    assert measures(hold) == {"link": MeasureState.SET, "service": MeasureState.NOT_ASKED}


def test_of_two_holds_on_one_service_the_last_puts_back(stage: Stage, address: str, hold_all: HoldAll) -> None:
    first = hold_all(Level.LINKS)
    second = hold_all(Level.LINKS)
    stage.round()
    stage.round()
    end(first, HoldEnd.WITHDRAWN)
    stage.round()
    assert first.measures.get().undo == UndoState.PASSED_ON
    assert stage.service(address)["link"] is False
    end(second, HoldEnd.WITHDRAWN)
    stage.round()
    stage.round()
    assert stage.service(address)["link"] is True


def test_what_to_undo_by_hand_is_written_before_anything_is_switched_off(
    stage: Stage, address: str, hold_all: HoldAll, tmp_path: Path
) -> None:
    (tmp_path / "holds").write_text("in the way")
    hold = hold_all(Level.LINKS)
    stage.round()
    assert "can't be written" in hold.measures.get().why
    (tmp_path / "holds").unlink()
    Measure.objects.update(next_at=None)
    stage.round()
    assert address in (tmp_path / "holds" / f"hold-{hold.pk}-undo.txt").read_text()
    assert measures(hold) == {"link": MeasureState.SET}


def test_the_file_of_another_database_s_hold_is_neither_taken_for_this_one_s_nor_lost(
    stage: Stage, address: str, hold_all: HoldAll, tmp_path: Path
) -> None:
    hold = hold_all(Level.LINKS)
    file = tmp_path / "holds" / f"hold-{hold.pk}-undo.txt"
    file.parent.mkdir()
    file.write_text("what another hold switched off")
    stage.round()
    assert address in file.read_text()
    assert [old.read_text() for old in file.parent.glob("*.old-*.txt")] == ["what another hold switched off"]


def test_a_service_that_joins_later_waits_for_a_yes(stage: Stage, address: str, hold_all: HoldAll, lead: User) -> None:
    hold = hold_all(Level.LINKS, match="opened_by:dana.k@example.com")
    stage.round()
    stage.open(2)
    stage.round()
    assert list(hold.members.values_list("state", flat=True)) == ["held", "waiting"]
    assert StopItem.objects.filter(run__hold=hold, run__parent=hold.first_run_id).exists()


def test_while_all_sending_is_paused_no_way_is_closed(
    stage: Stage, address: str, hold_all: HoldAll, admin_user: User
) -> None:
    pause_all(admin_user, WEB, "network works")
    hold = hold_all(Level.LINKS)
    stage.keeper.step()
    assert measures(hold) == {"link": MeasureState.PLANNED}
    assert stage.service(address)["link"] is True
