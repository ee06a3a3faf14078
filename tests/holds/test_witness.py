"""remote.it's own record as a witness, and by which way somebody came back."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from connections.evidence import verify_hold
from connections.holds.came_by import way_of_return
from connections.holds.ends import end
from connections.holds.ways import Kind
from connections.holds.witness import ASKED_AGAIN, events_since
from connections.models import AuditEvent, Hold, HoldClock, HoldMember, ServiceWays
from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.members import Witness
from tests.holds.conftest import Stage
from tests.support.pages import text_of

pytestmark = [pytest.mark.both, pytest.mark.django_db]
HoldAll = Callable[..., Hold]


@pytest.fixture
def held(stage: Stage, hold_all: HoldAll) -> Hold:
    """A hold that has disabled Dana's one service, and seen it."""
    [one] = stage.open(1)
    stage.change(one.device_address, configurable=True, link=True)
    hold = hold_all(Level.SERVICES)
    stage.round()
    stage.round()
    return hold


def told(hold: Hold) -> list[tuple[str, str]]:
    return list(hold.vendor_events.values_list("kind", "state"))


def test_the_record_of_a_measure_and_of_its_undo_is_kept_once_with_its_lines(stage: Stage, held: Hold) -> None:
    stage.round()
    assert told(held) == [("DEVICE_STATE", "inactive")]
    end(held, HoldEnd.WITHDRAWN)
    for _ in range(3):
        stage.round()
    assert told(held) == [("DEVICE_STATE", "inactive"), ("DEVICE_STATE", "active")]
    bodies = AuditEvent.objects.filter(action="hold.event_seen").order_by("seq").values_list("body", flat=True)
    lines = [json.loads(body) for body in bodies]
    assert [(one["event_state"], one["hold_id"]) for one in lines] == [("inactive", held.pk), ("active", held.pk)]


def test_what_was_before_the_hold_is_none_of_its_record(stage: Stage, hold_all: HoldAll) -> None:
    [one] = stage.open(1)
    stage.change(one.device_address, shares=[])
    hold = hold_all(Level.WATCH)
    Hold.objects.update(started_at=timezone.now() + timedelta(minutes=5))
    stage.round()
    assert told(hold) == []


def test_a_share_that_somebody_takes_away_stands_on_the_page(
    stage: Stage, held: Hold, admin_user: object, client: Client
) -> None:
    stage.change(held.members.get().device_address, shares=["j.lindqvist@example.com"])
    stage.round()
    client.force_login(admin_user)  # type: ignore[arg-type]
    page = text_of(client.get(f"/admin/connections/hold/{held.pk}/change/"))
    assert "the service is inactive" in page
    assert "no longer shared with" in page


@pytest.mark.django_db(transaction=True)
def test_the_record_is_in_the_evidence_and_can_not_be_left_out(stage: Stage, held: Hold, tmp_path: Path) -> None:
    path = tmp_path / "evidence.zip"
    call_command("evidence", hold=held.pk, output=path)
    files = verify_hold.read_files(path)
    lines = verify_hold.check(files)["lines"]
    assert [one["event_state"] for one in lines if one["action"] == "hold.event_seen"] == ["inactive"]
    with zipfile.ZipFile(path) as archive:
        assert "remote.it's own record" in archive.read("hold.txt").decode()


@pytest.mark.parametrize(
    ("witness", "read_s", "since_s"),
    [
        (Witness.EVENTS, None, 0),
        (Witness.EVENTS, 300, 300),
        (Witness.EVENTS, -5, 0),
        (Witness.LISTS, 300, 0),
    ],
)  # fmt: skip
def test_events_are_asked_for_from_a_while_before_the_last_reading_that_told_them(
    stage: Stage, hold_all: HoldAll, witness: Witness, read_s: int | None, since_s: int
) -> None:
    stage.open(1)
    hold = hold_all(Level.WATCH)
    read_at = None if read_s is None else hold.started_at + timedelta(seconds=read_s)
    HoldMember.objects.update(read_at=read_at)
    HoldClock.objects.create(hold=hold, account=stage.account, witness=witness)
    members = list(HoldMember.objects.select_related("hold"))
    assert events_since(stage.account, members) == hold.started_at + timedelta(seconds=since_s) - ASKED_AGAIN


@pytest.mark.parametrize(
    ("opened_by", "way"),
    [
        ("owner@example.com", Kind.OWNER),
        ("Shared@example.com", Kind.SHARE),
        ("member@example.com", Kind.ROLE),
        ("network@example.com", Kind.NETWORK),
        ("", Kind.LINK),
        ("nobody@example.com", None),
    ],
)
def test_by_which_way_somebody_came_back(opened_by: str, way: Kind | None) -> None:
    read = ServiceWays(
        owner="owner@example.com",
        shares=[["shared@example.com", ""]],
        members=[["member@example.com", "", "Operators", "ALL", []]],
        networks=[["Field service", ["network@example.com"], True, []]],
    )
    assert way_of_return(read, opened_by) is way
    assert way_of_return(None, opened_by) is (None if opened_by else Kind.LINK)
