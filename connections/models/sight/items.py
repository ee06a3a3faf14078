"""What of runs and their items somebody sees: the querysets of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from connections.models.scope import SEES, condition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.models.rights import Person


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
