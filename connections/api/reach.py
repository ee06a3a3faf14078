"""What a token may see: what its owner may see now, and of that only what its own search matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from connections.api.problems import Problem
from connections.inventory.grammar.fields import is_key
from connections.inventory.match import MatchError, parse
from connections.models import AuditEvent, Connection, Hold, IdempotencyKey, StopRun
from connections.models.connections import accounts_visible_to
from connections.models.rights import NOTHING_CHANGED, missing
from connections.models.states import RunState
from connections.people.access.givers import givers, in_words, refused

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import Promise

    from connections.models import Account, ApiToken
    from connections.models.audit import AuditEventQuerySet
    from connections.models.connections import ConnectionQuerySet
    from connections.models.holding.holds import HoldQuerySet
    from connections.models.runs import StopItemQuerySet, StopRunQuerySet


def connections_of(token: ApiToken) -> ConnectionQuerySet:
    """The connections that `token` may see."""
    seen = Connection.objects.visible_to(token.owner)
    return _narrowed(token, seen)


def accounts_of(token: ApiToken) -> QuerySet[Account]:
    """The accounts that `token` may know of; a narrower one only those of connections that it sees."""
    accounts = accounts_visible_to(token.owner)
    if not token.narrower:
        return accounts
    return accounts.filter(Exists(connections_of(token).filter(account=OuterRef("pk")).order_by()))


def runs_of(token: ApiToken) -> StopRunQuerySet:
    """The runs that `token` may see, those that wait for a second person too; a narrower one only its own."""
    begun = Q(state=RunState.STARTED) | Q(approval__isnull=False)
    runs = StopRun.objects.visible_to(token.owner).filter(begun).select_related("approval", "token")
    return runs.filter(token=token) if token.narrower else runs


def items_of(token: ApiToken, run: StopRun) -> StopItemQuerySet:
    """The items of `run`, one of `runs_of`, whose connections `token` may see."""
    items = run.items.filter(connection__in=Connection.objects.visible_to(token.owner))
    return items.filter(connection__in=connections_of(token)) if token.narrower else items


def events_of(token: ApiToken) -> AuditEventQuerySet:
    """The lines of the history that are handed to `token`, as they were hashed."""
    events = AuditEvent.objects.visible_to(token.owner).handed_to(token.owner)
    if not token.narrower:
        return events
    return events.filter(Q(connection__in=connections_of(token)) | Q(run__in=token.runs.all()))


def holdable_by(token: ApiToken) -> ConnectionQuerySet:
    """The connections that `token` may hold."""
    return _narrowed(token, Connection.objects.holdable_by(token.owner))


def holds_of(token: ApiToken) -> HoldQuerySet:
    """The holds that `token` may see; a narrower one only those that it began."""
    holds = Hold.objects.visible_to(token.owner)
    begun = IdempotencyKey.objects.filter(token=token, hold__isnull=False)
    return holds.filter(pk__in=begun.values("hold")) if token.narrower else holds


def one_hold(token: ApiToken, key: str) -> Hold:
    """The hold with this key. Raises Problem where `token` may not see it, as where there is none."""
    hold = holds_of(token).filter(pk=int(key)).first() if is_key(key) else None
    if hold is None:
        raise Problem("not_found", _("There is no hold %s, or this token may not see it.") % key[:40])
    return hold


def one_run(token: ApiToken, key: str) -> StopRun:
    """The run with this key. Raises Problem where `token` may not see it, as where there is none."""
    run: StopRun | None = runs_of(token).filter(pk=int(key)).first() if is_key(key) else None
    if run is None:
        raise Problem("not_found", _("There is no run %s, or this token may not see it.") % key[:40])
    return run


def matching(token: ApiToken, rows: ConnectionQuerySet, text: str) -> ConnectionQuerySet:
    """Those of `rows` that the search `text` of `token` matches. Raises Problem, which names the word."""
    try:
        found: ConnectionQuerySet = parse(text, token.owner).apply(rows)
    except MatchError as error:
        place = {"start": error.start, "end": error.end}
        raise Problem(
            "invalid_match", str(error), errors=[{"parameter": "match", "code": "match", "detail": str(error), **place}]
        ) from None
    return found


def require(token: ApiToken, *permissions: str) -> None:
    """Raise Problem, which says who can give them, unless the owner of `token` has all of `permissions` now."""
    if lacking := missing(token.owner, *permissions):
        raise Problem("not_allowed", refused(token.owner, *lacking, but=NOTHING_CHANGED), permissions=lacking)


def outside(token: ApiToken, words: str | Promise, *permissions: str) -> Problem:
    """The refusal of what is in sight, and out of the scope of `permissions`. `words`: with a place for whom to ask."""
    who = in_words(givers(token.owner, *permissions, whole=True))
    return Problem("not_allowed", words % who, outside_scope_of=list(permissions))


def _narrowed(token: ApiToken, rows: ConnectionQuerySet) -> ConnectionQuerySet:
    if not token.narrower:
        return rows
    try:
        found: ConnectionQuerySet = parse(token.narrower).apply(rows)
    except MatchError:  # what it names is gone, or is written otherwise by now
        return rows.none()
    return found
