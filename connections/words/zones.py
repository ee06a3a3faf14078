"""Time zones by name: which can be chosen, and how far each is from UTC."""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone

REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)
"""The others are old names, and Etc/GMT+5, which is five hours *behind* UTC."""


def zone(name: str) -> ZoneInfo | None:
    """The time zone of this name, or None when it can't be chosen: "", a mistake, unknown to this machine."""
    return ZoneInfo(name) if name in names() else None


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """The names that can be chosen: UTC, and those of a place."""
    places = (name for name in available_timezones() if name.partition("/")[0] in REGIONS and "/" in name)
    return frozenset(["UTC", *places])


def by_region() -> list[tuple[str, list[tuple[str, str]]]]:
    """The names that can be chosen, each with its place and its present offset, as the choices of a select."""
    now = timezone.now()
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(names() - {"UTC"}):
        region, _slash, place = name.partition("/")
        groups.setdefault(region, []).append((name, f"{place.replace('_', ' ')}, {offset(ZoneInfo(name), now)}"))
    return list(groups.items())


def in_words(zone: tzinfo, at: datetime) -> str:
    """The zone's name with its offset from UTC at the moment `at`: "Europe/Berlin, UTC+1"; "UTC" alone for itself."""
    return "UTC" if str(zone) == "UTC" else f"{zone}, {offset(zone, at)}"


def offset(zone: tzinfo, at: datetime) -> str:
    """How far the zone is from UTC at the moment `at`: UTC+1, UTC-3:30, UTC."""
    away = at.astimezone(zone).utcoffset()
    minutes = int(away.total_seconds() // 60) if away is not None else 0
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else "\N{MINUS SIGN}"
    return f"UTC{sign}{hours}{f':{rest:02}' if rest else ''}" if minutes else "UTC"
