"""Somebody who sees half, and somebody who sees nothing, by the commands that act for a person."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from connections.management.commands import stop_connections
from tests.conftest import make_user
from tests.people.conftest import HIDDEN, World, sees_half

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def said(*arguments: str) -> str:
    """All that the command says, its error too."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except (CommandError, SystemExit) as error:
        err.write(str(error))
    return (out.getvalue() + err.getvalue()).lower()


def calls(world: World, who: str) -> list[tuple[str, ...]]:
    common = ("--user", who, "--reason", "because")
    hidden = world.hidden.connection_id
    stop = ("stop_connections", *common, "--dry-run")
    hold = ("hold_connections", *common, "--deadline", "60", "--dry-run")
    return [
        (*stop, "--all-active"),
        (*stop, "--all-active", "--json"),
        (*stop, "--all-active", "--account", world.hidden.account.name),
        (*stop, hidden),
        (*stop, "--match", f"device:{HIDDEN}*"),
        (*stop, "--match", "status:all"),
        (*hold, hidden),
        (*hold, "--match", f"device:{HIDDEN}*"),
        (*hold, "--match", "status:all", "--json"),
        ("hold_connections", "--end", str(world.hold.pk), *common),
        ("create_token", "--user", who, "--scope", "runs:read", "--match", f"device:{HIDDEN}*"),
        ("pause_all", *common),
        ("pause_all", *common, "--resume"),
    ]


def test_every_command_that_acts_for_a_person_is_walked(world: World) -> None:
    sources = Path(stop_connections.__file__).parent.glob("*.py")
    acting = {path.stem for path in sources if '"--user", required=True' in path.read_text()}
    assert acting == {call[0] for call in calls(world, "nobody")}


def typed(call: tuple[str, ...]) -> str:
    """What somebody knew before: what they typed is no news to them."""
    return " ".join(call).lower()


@pytest.mark.parametrize("make", [sees_half, lambda: make_user("nobody")], ids=["half", "nothing"])
def test_no_command_tells_of_what_is_out_of_sight(world: World, make: Callable[[], User]) -> None:
    person = make()
    told = {}
    for call in calls(world, person.get_username()):
        text = said(*call)
        for word in (HIDDEN, world.hidden.device_address.lower(), world.hidden.connection_id.lower()):
            if word in text and word not in typed(call):
                told[call] = text
    assert told == {}


def test_who_sees_half_stops_half(world: World) -> None:
    text = said(
        "stop_connections", "--user", sees_half().username, "--reason", "x", "--dry-run", "--match", "status:all"
    )
    assert "seen device" in text or "1 connection" in text
