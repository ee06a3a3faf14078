"""By which ways beside the bell a person is told of which kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.models import Preferences
from connections.models.telling.bell import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.contrib.auth.models import User

DEFAULTS: dict[str, list[Kind]] = {
    "browser": [Kind.CAME_BACK, Kind.LEFT, Kind.APPROVAL, Kind.ACCOUNT, Kind.UNREACHED, Kind.WORKER, Kind.HISTORY],
    "email": [Kind.CAME_BACK, Kind.LEFT, Kind.APPROVAL, Kind.WORKER, Kind.HISTORY, Kind.WEBHOOK],
    "sound": [Kind.CAME_BACK, Kind.APPROVAL],
}
"""What holds for who has chosen nothing. A browser says and sounds nothing before it was allowed to by a click."""


def ways_of(user: User) -> dict[str, list[str]]:
    """For each way the kinds that `user` is told of by it: what they chose, else the panel's defaults."""
    chosen = Preferences.objects.filter(user=user).values_list("told_by", flat=True).first() or {}
    return {way: [str(kind) for kind in chosen.get(way, kinds)] for way, kinds in DEFAULTS.items()}


def choose(user: User, chosen: Mapping[str, Iterable[str]]) -> None:
    """Keep what `user` chose: way -> kinds. A kind that is none is left out."""
    told_by = {way: [kind for kind in Kind.values if kind in set(chosen.get(way, ()))] for way in DEFAULTS}
    Preferences.objects.update_or_create(user=user, defaults={"told_by": told_by})
