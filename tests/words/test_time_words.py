"""Times and durations in words that fit, with the exact time on hover."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from connections.templatetags.panel import ago, at, open_for
from connections.words.times import NOT_KNOWN, coarse, duration, seconds

MIN, H, D = 60, 3600, 86400


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, NOT_KNOWN),
        (-5, "0 s"),
        (0.9, "0 s"),
        (42, "42 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (48 * MIN + 59, "48 min"),
        (H, "1 h 00 min"),
        (7 * H + 42 * MIN, "7 h 42 min"),
        (D, "1 d 0 h"),
        (3 * D + 4 * H + 59 * MIN, "3 d 4 h"),
        (timedelta(hours=2, minutes=5), "2 h 05 min"),
    ],
)
def test_a_duration_has_the_units_that_fit(value: float | timedelta | None, words: str) -> None:
    assert duration(value) == words


@pytest.mark.parametrize(
    ("value", "places", "words"),
    [
        (None, 1, NOT_KNOWN),
        (0, 1, "0.0 s"),
        (3.84, 1, "3.8 s"),
        (0.127, 2, "0.13 s"),
        (119.9, 1, "119.9 s"),
        (120, 1, "2 min"),
        (3725.3, 1, "1 h 02 min"),
    ],
)
def test_measured_seconds_become_a_duration_when_they_are_many(value: float | None, places: int, words: str) -> None:
    assert seconds(value, places) == words


@pytest.mark.parametrize(
    ("value", "words"), [(5, "5 s"), (59.9, "59 s"), (60, "1 min"), (2 * H - 1, "1 h"), (25 * H, "1 d")]
)
def test_a_coarse_time_has_its_largest_unit_alone(value: float, words: str) -> None:
    assert coarse(value) == words


@pytest.mark.parametrize(
    ("past_s", "words"),
    [
        (0, "now"),
        (12.5, "12 s ago"),
        (3 * MIN + 5, "3 min ago"),
        (5 * H + 5, "5 h ago"),
        (9 * D + 5, "9 d ago"),
        (-12.5, "in 12 s"),
        (-2 * H - 5, "in 2 h"),
    ],
)
def test_how_long_ago_is_told_in_one_unit(past_s: float, words: str) -> None:
    assert f">{words}</time>" in str(ago(timezone.now() - timedelta(seconds=past_s)))


def test_how_long_something_was_open_is_told_until_its_end_or_now() -> None:
    opened = timezone.now() - timedelta(hours=3, seconds=5)
    assert ">3 h 00 min</time>" in str(open_for(opened))
    assert ">48 min</time>" in str(open_for(opened, opened + timedelta(minutes=48)))


@pytest.mark.parametrize("tag", [ago, at, open_for])
def test_on_hover_stands_the_exact_time_in_the_persons_zone(tag: object) -> None:
    moment = datetime(2026, 1, 31, 23, 59, 58, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Berlin")):
        found = re.search(r'datetime="(.*?)" title="(.*?)"', str(tag(moment)))  # type: ignore[operator]
    assert found is not None
    assert found.groups() == ("2026-02-01T00:59:58+01:00", "2026-02-01 00:59:58 +0100")


def test_in_utc_the_exact_time_says_so() -> None:
    assert 'title="2026-01-31 23:59:58 UTC"' in str(ago(datetime(2026, 1, 31, 23, 59, 58, tzinfo=UTC)))


@pytest.mark.parametrize("tag", [ago, at, open_for])
def test_a_time_that_is_not_known_is_a_dash(tag: object) -> None:
    assert tag(None) == NOT_KNOWN  # type: ignore[operator]
