from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from connections.sandbox import Sandbox
from connections.sandbox.world.clock import Clock
from connections.sandbox.world.seed import build_world


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(connections=200, seed=4) as running:
        yield running


def identities(seed: int) -> list[tuple[str, str, str, str]]:
    world = build_world(Clock(), seed, 60)
    return [(one.id, one.service.address, one.service.device.name, one.opened_by) for one in world.live()]


def test_the_same_seed_makes_the_same_world() -> None:
    assert identities(11) == identities(11)


def test_another_seed_makes_another_world() -> None:
    assert identities(11) != identities(12)


def test_it_starts_with_as_many_live_connections_as_asked(sandbox: Sandbox) -> None:
    assert len(sandbox.world.rows("open")) == len(sandbox.world.rows()) == 200


def test_both_styles_of_ids_occur(sandbox: Sandbox) -> None:
    ids = [row["connection_id"] for row in sandbox.world.rows()]
    assert {one == one.lower() for one in ids} == {True, False}


def test_connections_were_opened_at_different_times_of_the_last_eight_hours(sandbox: Sandbox) -> None:
    opened = sorted(datetime.fromisoformat(row["opened_at"]) for row in sandbox.world.rows())
    assert timedelta(hours=4) < opened[-1] - opened[0] < timedelta(hours=8)


def test_every_connection_lasts_eight_hours_at_most(sandbox: Sandbox) -> None:
    row = sandbox.world.rows()[0]
    lasts = datetime.fromisoformat(row["expires_at"]) - datetime.fromisoformat(row["opened_at"])
    assert lasts == timedelta(hours=8)


def test_no_connection_ends_in_the_first_ten_minutes(sandbox: Sandbox) -> None:
    sandbox.advance(590)
    assert len(sandbox.world.rows("open")) == 200


def test_every_connection_has_ended_after_eight_hours(sandbox: Sandbox) -> None:
    sandbox.advance(28800)
    assert len(sandbox.world.rows("expired")) == 200


def test_a_connection_that_nobody_uses_ends_after_fifteen_minutes(sandbox: Sandbox) -> None:
    address = sandbox.world.rows()[0]["device_address"]
    opened = sandbox.world.open(address, sandbox.username, in_use=False)
    sandbox.advance(899)
    assert opened.id in {row["connection_id"] for row in sandbox.world.rows("open")}
    sandbox.advance(1)
    assert opened.id in {row["connection_id"] for row in sandbox.world.rows("expired")}


def test_the_clock_never_goes_back(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        sandbox.advance(-1)


def test_an_unknown_switch_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="no setting 'speed'"):
        sandbox.set(speed=1)


def test_a_wrong_value_changes_no_switch(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="echo must be one of"):
        sandbox.set(latency_ms=7, echo="both")
    assert sandbox.server.settings.latency_ms == 0


def test_it_needs_neither_django_nor_anything_else_of_this_project() -> None:
    code = (
        "import sys, connections.sandbox;"
        "ours = [m for m in sys.modules if m.startswith('connections.') and not m.startswith('connections.sandbox')];"
        "sys.exit(bool(ours) or 'django' in sys.modules or 'requests' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_nobody_opens_anything_unless_asked(sandbox: Sandbox) -> None:
    sandbox.advance(9 * 3600)
    assert sandbox.world.rows("open") == []


def test_one_more_is_opened_every_so_many_seconds(sandbox: Sandbox) -> None:
    known = {row["connection_id"] for row in sandbox.world.rows()}
    sandbox.set(open_every_s=60)
    sandbox.advance(185)
    new = [row for row in sandbox.world.rows("open") if row["connection_id"] not in known]
    moments = sorted(datetime.fromisoformat(row["opened_at"]) for row in new)
    assert [after - before for before, after in pairwise(moments)] == [timedelta(minutes=1)] * 2


def test_with_arrivals_it_does_not_run_empty_in_days(sandbox: Sandbox) -> None:
    sandbox.set(open_every_s=60)
    sandbox.advance(3 * 86400)
    assert 300 < len(sandbox.world.rows("open")) <= 480
