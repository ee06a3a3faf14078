"""The quiet clock, rule by rule. Times are seconds after a start; the clock must be quiet for ten minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connections.holds.clock import LATEST, Clock, Reading, Tick, advance

START = datetime(2026, 11, 30, 2, 14, 41, tzinfo=UTC)
Step = tuple[float, str]
"""When a list was asked for, and what it was: `ok`, `match`, a reason why it was not whole, or `stop`: one answered."""


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def after(*steps: Step) -> tuple[Clock, list[Tick]]:
    clock, ticks, changed = Clock(), [], 0
    for seq, (seconds, what) in enumerate(steps, start=1):
        if what == "stop":
            changed = seq
            continue
        # `early`: asked for before the last stop was answered, and read after it.
        place = changed - 1 if what == "early" else seq
        why = "" if what in ("ok", "match", "early") else what
        reading = Reading(at(seconds), place, why, matches=what == "match")
        clock, tick = advance(clock, reading, changed_seq=changed)
        ticks.append(tick)
    return clock, ticks


@pytest.mark.parametrize(
    ("steps", "counted"),
    [
        pytest.param([], 0, id="nothing is proved without a list"),
        pytest.param([(0, "ok")], 0, id="one list proves a moment"),
        pytest.param([(0, "ok"), (5, "ok")], 5, id="two lists prove what is between them"),
        pytest.param([(0, "ok"), (5, "ok"), (10, "ok")], 10, id="and so on"),
        pytest.param([(0, "ok"), (11, "ok")], 11, id="as far apart as may be"),
        pytest.param([(0, "ok"), (5, "ok"), (17, "ok")], 5, id="too far apart: the gap is not counted"),
        pytest.param([(0, "ok"), (5, "ok"), (17, "ok"), (22, "ok")], 10, id="after a gap it goes on"),
        pytest.param([(0, "ok"), (5, "ok"), (10, "HTTP 502")], 5, id="a failed list stops it where it is"),
        pytest.param([(0, "ok"), (5, "HTTP 502"), (10, "ok")], 0, id="what is around a failed list is not counted"),
        pytest.param([(0, "ok"), (5, "ok"), (8, "HTTP 502"), (12, "ok"), (17, "ok")], 10, id="it goes on afterwards"),
        pytest.param([(0, "ok"), (5, "ok"), (10, "match")], 0, id="a match sets it back"),
        pytest.param([(0, "ok"), (5, "match"), (10, "ok"), (15, "ok")], 5, id="and it begins with the next list"),
        pytest.param([(0, "ok"), (5, "ok"), (6, "stop"), (10, "ok")], 0, id="an answered stop sets it back"),
        pytest.param([(0, "ok"), (6, "stop"), (9, "early"), (12, "ok"), (17, "ok")], 5, id="asked before: no proof"),
        pytest.param([(0, "ok"), (5, "ok"), (2, "ok")], 5, id="a clock of the host that goes back counts nothing"),
    ],
)  # fmt: skip
def test_what_is_proved(steps: list[Step], counted: float) -> None:
    assert after(*steps)[0].counted == timedelta(seconds=counted)


@pytest.mark.parametrize(
    ("steps", "tick"),
    [
        ([(0, "ok")], Tick.COUNTED),
        ([(0, "match")], Tick.MATCH),
        ([(0, "HTTP 502")], Tick.NOT_WHOLE),
        ([(0, "ok"), (1, "stop"), (2, "early")], Tick.TOO_EARLY),
        ([(0, "ok"), (60, "ok")], Tick.LATE),
    ],
)
def test_what_each_reading_is(steps: list[Step], tick: Tick) -> None:
    assert after(*steps)[1][-1] is tick


@pytest.mark.parametrize(
    ("steps", "now", "since"),
    [
        ([(0, "ok"), (5, "ok")], 10, None),
        ([(0, "ok"), (5, "ok")], 60, 5 + LATEST.total_seconds()),
        ([(0, "ok"), (5, "HTTP 502")], 60, 5),
        ([(0, "ok"), (5, "HTTP 502"), (10, "HTTP 502")], 60, 5),
        ([(0, "ok"), (5, "HTTP 502"), (10, "ok")], 11, None),
        ([(0, "match")], 60, None),
    ],
)
def test_since_when_it_stands(steps: list[Step], now: float, since: float | None) -> None:
    assert after(*steps)[0].stands_at(at(now)) == (None if since is None else at(since))


def test_it_says_why_it_stands_and_forgets_it_when_it_goes_on() -> None:
    assert after((0, "ok"), (5, "HTTP 502"))[0].stands_why == "HTTP 502"
    assert after((0, "ok"), (5, "HTTP 502"), (10, "ok"))[0].stands_why == ""


def test_it_says_on_how_many_lists_it_rests_and_how_far_apart_they_were() -> None:
    clock, _ticks = after((0, "ok"), (5, "ok"), (14, "ok"))
    assert (clock.lists, clock.widest) == (3, timedelta(seconds=9))


def test_ten_minutes_of_lists_are_quiet() -> None:
    clock, _ticks = after(*((5.0 * n, "ok") for n in range(121)))
    assert clock.is_quiet(timedelta(minutes=10))
    assert not after(*((5.0 * n, "ok") for n in range(120)))[0].is_quiet(timedelta(minutes=10))
