"""What of runs and their items somebody sees: the querysets of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import models
from django.db.models import Count

from connections.models.rights import may
from connections.models.scope import SEES, condition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.models.rights import Person


class Part(NamedTuple):
    """Of a run of which somebody sees a part alone: how many of its connections, and of how many."""

    seen: int
    all: int


class SeenQuerySet(models.QuerySet[Any]):
    """Rows that know for whom they were read, their `viewer`; None: for nobody, or for somebody who sees all."""

    viewer: Person | None = None

    def _clone(self) -> Any:
        clone = super()._clone()  # type: ignore[misc]
        clone.viewer = self.viewer
        return clone

    def _fetch_all(self) -> None:
        super()._fetch_all()
        if self.viewer is not None:
            for row in self._result_cache or ():
                if isinstance(row, models.Model):
                    row.viewer = self.viewer  # type: ignore[attr-defined]


class ItemsQuerySet(models.QuerySet[Any]):
    """The items of runs."""

    def visible_to(self, person: Person | None) -> Any:
        """Those of connections that `person`, who may see some, may see. None: all, for who asks for nobody."""
        bounds = None if person is None else condition(person, SEES, "connection__")
        return self if bounds is None else self.filter(bounds)

    def hidden_from(self, person: Person) -> Any:
        """The others: those of connections that `person`, who may see some, may not see."""
        bounds = condition(person, SEES, "connection__")
        return self.none() if bounds is None else self.exclude(bounds)

    def parts_of(self, person: Person | None) -> dict[int, Part]:
        """How much `person` sees of each run of these items, by its key; only runs of which something is hidden."""
        bounds = condition(person, SEES, "connection__") if person is not None and may(person, SEES) else None
        if bounds is None:
            return {}
        rows = self.order_by().values_list("run").annotate(seen=Count("pk", filter=bounds), all=Count("pk"))
        return {run: Part(seen, count) for run, seen, count in rows if seen < count}

    def in_runs(self, runs: Iterable[Any]) -> Any:
        """The items of `runs` that those see for whom these were read."""
        return self.filter(run__in=runs).visible_to(viewer_of(runs))


class ItemsManager(models.Manager[Any]):
    """`run.items` of a run that was read for somebody: what of it they see."""

    def get_queryset(self) -> Any:
        items: Any = super().get_queryset()
        return items.visible_to(getattr(getattr(self, "instance", None), "viewer", None))


def viewer_of(rows: Iterable[Any]) -> Person | None:
    """For whom `rows` were read."""
    if isinstance(rows, SeenQuerySet):
        return rows.viewer
    return next((row.viewer for row in rows), None)
