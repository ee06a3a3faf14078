"""`hold_connections`: what it begins, refuses, tells, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.utils import timezone

from connections.management.commands.hold_connections import exit_code
from connections.models import Connection, Hold, Measure
from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.measures import MeasureState, UndoState

pytestmark = pytest.mark.django_db
Make = Callable[..., Connection]


@pytest.fixture
def lead(alice: User) -> User:
    alice.user_permissions.add(*Permission.objects.filter(codename__in=("hold_watch", "hold_recut", "hold_links")))
    return alice


def run(*words: str, **options: Any) -> tuple[str, int]:
    """What the command prints and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command(
            "hold_connections", *words, user="alice", reason="stolen", stdout=out, stderr=StringIO(), **options
        )
    except SystemExit as end:
        code = int(end.code or 0)
    return out.getvalue(), code


def refused(*words: str, **options: Any) -> str:
    with pytest.raises(CommandError) as error:
        run(*words, **options)
    assert error.value.returncode == 2
    assert not Hold.objects.exists()
    return str(error.value)


def test_it_holds_the_connections_that_are_named_and_stops_them(lead: User, make_connection: Make) -> None:
    one = make_connection()
    text, code = run(one.connection_id)
    hold = Hold.objects.get()
    assert (hold.level, hold.user, code) == (Level.RECUT, lead, 0)
    assert hold.first_run is not None
    assert hold.first_run.items.get().connection == one
    assert "is on" in text


def test_a_filter_holds_what_matches_now_and_later(lead: User, make_connection: Make) -> None:
    make_connection(opened_by="dana.k@example.com")
    make_connection()
    run(match="person:dana.k@example.com", level=Level.WATCH)
    hold = Hold.objects.get()
    assert hold.match == "opener:dana.k@example.com"
    assert [member.openers for member in hold.members.all()] == [[]]


def test_a_filter_that_matches_nothing_now_waits(lead: User) -> None:
    run(match="person:nobody@example.com")
    assert Hold.objects.get().first_run is None


def test_minutes_may_have_fractions(lead: User, make_connection: Make) -> None:
    run(make_connection().connection_id, "--quiet", "0.05", "--deadline", "0.5")
    hold = Hold.objects.get()
    assert (hold.quiet.total_seconds(), round(hold.left(hold.started_at).total_seconds())) == (3, 30)


def test_a_dry_run_begins_nothing(lead: User, make_connection: Make) -> None:
    one = make_connection()
    text, _code = run(one.connection_id, dry_run=True, json=True)
    assert json.loads(text)["services"] == [{"device_address": one.device_address, "opened_by": [one.opened_by]}]
    assert not Hold.objects.exists()


def test_as_json_it_tells_all_of_the_hold(lead: User, make_connection: Make) -> None:
    one = make_connection()
    told = json.loads(run(one.connection_id, json=True)[0])
    assert (told["state"], told["level"], told["services"]) == ("on", "recut", [one.device_address])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"deadline": "-1"}, "not a number"),
        ({"deadline": "1500"}, "at most 24 hours"),
        ({"quiet": "90"}, "longer than the time to the deadline"),
        ({"level": "services"}, "“Hold: switch off services”"),
        ({"level": "person"}, "not offered"),
        ({"reason": " "}, "Say why"),
    ],
)
def test_wrong_use_begins_nothing(lead: User, make_connection: Make, options: dict[str, str], words: str) -> None:
    one = make_connection()
    arguments = [word for name, value in options.items() if name != "reason" for word in (f"--{name}={value}",)]
    with pytest.raises(CommandError) as error:
        call_command(
            "hold_connections",
            one.connection_id,
            "--user=alice",
            f"--reason={options.get('reason', 'why')}",
            *arguments,
        )
    assert words in str(error.value)
    assert not Hold.objects.exists()


def test_nothing_that_matches_has_no_way_to_close(lead: User) -> None:
    assert "no way to close" in refused(match="person:nobody@example.com", level=Level.LINKS)


def test_an_empty_filter_is_refused(lead: User) -> None:
    assert "empty" in refused(match=" ")


def test_a_filter_that_can_not_be_read_is_refused(lead: User) -> None:
    assert refused(match="opener:")


def test_end_ends_it(lead: User, make_connection: Make) -> None:
    run(make_connection().connection_id)
    text, code = run(end=Hold.objects.get().pk, wait=1.0)
    assert (Hold.objects.get().ended_how, code) == (HoldEnd.WITHDRAWN, 0)
    assert "ended by alice" in text


@pytest.mark.parametrize(
    ("how", "undo", "why", "by_hand", "code"),
    [
        (HoldEnd.QUIET, UndoState.RESTORED, "", False, 0),
        (HoldEnd.QUIET, UndoState.PASSED_ON, "", False, 0),
        (HoldEnd.QUIET, UndoState.GIVEN_UP, "", False, 0),
        (HoldEnd.WITHDRAWN, UndoState.RESTORED, "", True, 0),
        (HoldEnd.QUIET, UndoState.LEFT_ALONE, "changed", False, 1),
        (HoldEnd.QUIET, UndoState.QUEUED, "device is not active", False, 1),
        (HoldEnd.DEADLINE, UndoState.RESTORED, "", False, 1),
        (HoldEnd.CAPPED, UndoState.RESTORED, "", False, 1),
        (HoldEnd.WITHDRAWN, UndoState.RESTORED, "", False, 1),
        (HoldEnd.QUIET, UndoState.SENDING, "", False, 3),
        (HoldEnd.QUIET, UndoState.SET, "", False, 3),
        ("", UndoState.NONE, "", False, 3),
    ],
)
def test_the_exit_code_tells_how_it_ended_and_whether_all_is_restored(
    lead: User, make_connection: Make, how: str, undo: str, why: str, by_hand: bool, code: int
) -> None:
    run(make_connection().connection_id, level=Level.LINKS)
    hold = Hold.objects.get()
    Measure.objects.update(state=MeasureState.SET, before=True, undo=undo, undo_why=why)
    if how:
        Hold.objects.update(ended_at=timezone.now(), ended_how=how)
    hold.refresh_from_db()
    assert exit_code(hold, by_hand=by_hand) == code


def test_the_evidence_of_a_hold_that_is_none_is_wrong_use() -> None:
    with pytest.raises(CommandError, match="There is no hold 7") as error:
        call_command("evidence", hold=7)
    assert error.value.returncode == 2


def test_wait_gives_up_with_3_and_a_hold_with_some_still_coming_ends_with_1(lead: User, make_connection: Make) -> None:
    one = make_connection()
    assert run(one.connection_id, wait=0.0)[1] == 3
    Hold.objects.update(ended_at=timezone.now(), ended_how=HoldEnd.DEADLINE, still_coming=1)
    assert exit_code(Hold.objects.get(), by_hand=False) == 1
