"""Which connections a request means: those that a search matches, or those that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from connections.api.problems import Problem
from connections.api.reach import connections_of, matching, outside
from connections.inventory.grammar.fields import is_key
from connections.models import Connection, StopItem
from connections.models.states import SkipReason
from connections.stops import plan
from connections.stops.selection import NamedId, WrongIds, find

if TYPE_CHECKING:
    from connections.models import ApiToken
    from connections.models.connections import ConnectionQuerySet

MOST_NAMED = 100
"""Errors that one answer names."""


@dataclass(frozen=True)
class Selection:
    """`rows`, those that are meant, and how they were selected. `token`: by which they are asked for."""

    rows: ConnectionQuerySet
    selector: dict[str, Any]
    token: ApiToken

    def allowed(self) -> ConnectionQuerySet:
        """Those that the owner of the token may stop."""
        return self.rows.stoppable_by(self.token.owner)

    def sendable(self) -> ConnectionQuerySet:
        """Those that would be sent now."""
        return self.allowed().stoppable().exclude(_held())

    def skipped(self) -> dict[str, int]:
        """How many would not be sent, by why."""
        sendable, opened, allowed = self.sendable().count(), self.allowed().open().count(), self.allowed().count()
        found = {
            SkipReason.OTHER_RUN: opened - sendable,
            SkipReason.NOT_ACTIVE: allowed - opened,
            SkipReason.NOT_ALLOWED: self.rows.count() - allowed,
        }
        return {str(why): count for why, count in found.items() if count}


def selected(token: ApiToken, match: str | None, ids: list[str] | None) -> Selection:
    """The connections that are meant, of those that `token` may see. Raises Problem, too when it may stop none."""
    if (match is None) == (ids is None):
        raise _invalid("match", _("Send either `match` or `ids`."))
    rows = connections_of(token)
    if match is not None:
        if not match.strip():
            raise _invalid("match", _("An empty search matches everything: say `status:active` if that is meant."))
        # What ended is history: a search for a device means what is open there.
        found = Selection(matching(token, rows, match).open(), {"door": "api", "match": match}, token)
    else:
        pks = named(rows, ids or [])
        found = Selection(Connection.objects.filter(pk__in=pks), {"door": "api", "ids": len(pks)}, token)
    if found.rows.exists() and not found.allowed().exists():
        raise outside(token, plan.OUTSIDE, *plan.TAKES)
    return found


def named(rows: ConnectionQuerySet, ids: list[str]) -> list[int]:
    """The primary keys that `ids` name: the panel's own, or remote.it's."""
    own = [int(one) for one in ids if is_key(one)]
    known = set(rows.filter(pk__in=own).values_list("pk", flat=True)) if own else set()
    errors = [_unknown(place, one) for place, one in enumerate(ids) if is_key(one) and int(one) not in known]
    named = [NamedId(one, one) for one in ids if not is_key(one)]
    found: list[int] = []
    try:
        found = find(named, rows)[0] if named else []
    except WrongIds as error:
        errors += [{"pointer": "/ids", "code": "id", "detail": fault} for fault in error.faults]
    if errors:
        raise Problem("unknown_ids", errors=errors[:MOST_NAMED], count=len(errors))
    return list(dict.fromkeys([*own, *found]))


def _unknown(place: int, one: str) -> dict[str, Any]:
    return {"pointer": f"/ids/{place}", "code": "id", "detail": _("%s: No connection with this id is known.") % one}


def _invalid(field: str, detail: str) -> Problem:
    return Problem("invalid_value", errors=[{"pointer": f"/{field}", "code": field, "detail": detail}])


def _held() -> Exists:
    return Exists(StopItem.objects.held().filter(connection=OuterRef("pk")))
