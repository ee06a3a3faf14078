"""Which lines of the history are asked for. A value that is not known lists nothing, never everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from connections.audit.words import ITEM_ACTIONS, WORDS
from connections.models import AuditEvent, Connection, StopItem, StopRun

if TYPE_CHECKING:
    from django.http import QueryDict

    from connections.models.audit import AuditEventQuerySet

NAMES = ("actor", "connection", "run", "action", "q", "before")
MOST_DIGITS = 18


class UnknownFilter(Exception):
    """A filter or its value is not known. The message is fit for a person."""


@dataclass(frozen=True)
class Filters:
    """What `viewer` asked for. `before`: only lines with a smaller sequence number."""

    viewer: User
    actor: User | None = None
    connection: Connection | None = None
    run: StopRun | None = None
    action: str = ""
    text: str = ""
    before: int | None = None

    @property
    def is_exact(self) -> bool:
        """Whether every line is listed by itself, with its number and hash: in the history of one thing."""
        return bool(self.connection or self.run)

    def events(self) -> AuditEventQuerySet:
        """Every line that matches."""
        events = AuditEvent.objects.visible_to(self.viewer)
        if self.actor:
            events = events.filter(actor=self.actor)
        if self.connection:
            runs = StopItem.objects.filter(connection=self.connection).values("run")
            events = events.filter(Q(connection=self.connection) | Q(action="stop.requested", run__in=runs))
        if self.run:
            events = events.filter(run=self.run)
        if self.action:
            events = events.filter(action=self.action)
        if self.text:
            events = events.filter(Q(run__reason__icontains=self.text) | Q(run__ticket__icontains=self.text))
        return events

    def page(self) -> AuditEventQuerySet:
        """The lines to be listed, newest first: those of single connections are told by their run."""
        events = self.events().order_by("-seq")
        if not self.is_exact and self.action not in ITEM_ACTIONS:
            events = events.exclude(action__in=ITEM_ACTIONS)
        return events if self.before is None else events.filter(seq__lt=self.before)


def read_filters(query: QueryDict, viewer: User) -> Filters:
    """The filters in `query`, as far as `viewer` may use them. Raises UnknownFilter."""
    for name in query:
        if name not in NAMES:
            raise UnknownFilter(_("The filter “%s” is not known.") % name)
    action = query.get("action", "")
    if action and action not in WORDS:
        raise UnknownFilter(_("The action “%s” is not known.") % action)
    run, connection, before = query.get("run", ""), query.get("connection", ""), query.get("before", "")
    return Filters(
        viewer,
        actor=_actor(query.get("actor", ""), viewer, of_one_thing=bool(run or connection)),
        connection=_connection(connection, viewer) if connection else None,
        run=_run(run, viewer) if run else None,
        action=action,
        text=query.get("q", "").strip(),
        before=_number(before, _("The line “%s” is not known.")) if before else None,
    )


def people(viewer: User) -> list[User]:
    """Whose histories `viewer` may choose from."""
    if not viewer.has_perm("connections.view_all_history"):
        return []
    return list(User.objects.filter(Exists(AuditEvent.objects.filter(actor=OuterRef("pk")))).order_by("username"))


def _actor(value: str, viewer: User, *, of_one_thing: bool) -> User | None:
    sees_all = viewer.has_perm("connections.view_all_history")
    if not value:
        return None if sees_all or of_one_thing else viewer
    unknown = _("The person “%s” is not known, or you may not see their history.")
    number = _number(value, unknown)
    found = User.objects.filter(pk=number).first() if sees_all or number == viewer.pk else None
    if found is None:
        raise UnknownFilter(unknown % value)
    return found


def _connection(value: str, viewer: User) -> Connection:
    unknown = _("The connection “%s” is not known.")
    found = Connection.objects.visible_to(viewer).select_related("account").filter(pk=_number(value, unknown)).first()
    if found is None:
        raise UnknownFilter(unknown % value)
    return found


def _run(value: str, viewer: User) -> StopRun:
    unknown = _("The run “%s” is not known, or you may not see it.")
    found = StopRun.objects.visible_to(viewer).started().filter(pk=_number(value, unknown)).first()
    if found is None:
        raise UnknownFilter(unknown % value)
    return found


def _number(value: str, unknown: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > MOST_DIGITS:
        raise UnknownFilter(unknown % value)
    return int(value)
