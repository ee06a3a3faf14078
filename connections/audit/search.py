"""Which lines of the history are asked for. A value that is not known lists nothing, never everything."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

from django.contrib.auth.models import Group, User
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from connections.models import Account, AuditEvent, Connection, Hold, StopItem, StopRun
from connections.models.audit import FOLDED_ACTIONS
from connections.models.scope import is_bounded
from connections.models.states import NEEDS_LOOK, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.models.audit import AuditEventQuerySet

ABOUT = ("user.added", "user.changed", "user.password_changed", "user.link_made", "user.sight_shown")
"""The actions that are about a person who did not do them."""
NOT_STOPPED_AT_ALL = "not_stopped"
PERSON_AND_PERIOD = ("viewer", "actor", "since", "until", "before")
MOST_RUNS = 5000


@dataclass(frozen=True)
class Filters:
    """What `viewer` asked for. `since` and `until` are whole days of the time zone in force.

    `actor`: whose lines; `about`, `group`: whose rights were changed. `line`: that one alone. `before`: only lines with
    a smaller sequence number.
    """

    viewer: User
    actor: User | None = None
    about: User | None = None
    group: Group | None = None
    connection: Connection | None = None
    device: str = ""
    run: StopRun | None = None
    hold: Hold | None = None
    account: Account | None = None
    outcome: str = ""
    ticket: str = ""
    action: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None
    line: int | None = None
    before: int | None = None

    @property
    def is_exact(self) -> bool:
        """Whether every line is listed by itself, with its number and hash: in the history of one thing."""
        return bool(self.connection or self.device or self.run or self.line)

    @property
    def is_quickly_counted(self) -> bool:
        """Whether an index alone tells how many lines match."""
        return self.is_exact or (self.is_whole and not self.since and not self.until)

    @property
    def is_folded_action(self) -> bool:
        """Whether lines are asked for that are else told by their run alone."""
        return self.action in FOLDED_ACTIONS

    @property
    def is_person_s(self) -> bool:
        """Whether it is all of a person's history, of whatever period."""
        return self.actor is not None and self.is_whole

    @property
    def is_everybody_s(self) -> bool:
        """Whether it is everybody's whole history, of whatever period."""
        return self.actor is None and self.is_whole

    @property
    def is_whole(self) -> bool:
        """Whether nothing but person and period narrows it."""
        return not any(getattr(self, one.name) for one in fields(self) if one.name not in PERSON_AND_PERIOD)

    @property
    def since_at(self) -> datetime | None:
        return None if self.since is None else _midnight(self.since)

    @property
    def until_at(self) -> datetime | None:
        """The first moment that is not asked for any more."""
        return None if self.until is None else _midnight(self.until + timedelta(days=1))

    def events(self) -> AuditEventQuerySet:
        """Every line that matches."""
        return self._of_outcome(self._of_place(self._of_person_and_time(self._seen())))

    def page(self) -> AuditEventQuerySet:
        """The lines to be listed, newest first: those of single connections are told by their run."""
        events = self.events().order_by("-seq")
        if not self.is_exact and not self.is_folded_action:
            events = events.without_folded(of_all=self.actor is None)
            if self.outcome:
                # The rest that has an outcome is folded, and a condition with an OR reads every line.
                events = events.filter(action="stop.requested")
        return events if self.before is None else events.filter(seq__lt=self.before)

    def _seen(self) -> AuditEventQuerySet:
        if self._connections is not None:
            return AuditEvent.objects.of_connections(self._connections)
        if is_bounded(self.viewer):
            return AuditEvent.objects.visible_to(self.viewer)
        if self.run:
            # Who may see a run may see what was told of it.
            return AuditEvent.objects.filter(run=self.run)
        # One's own lines are seen by oneself: to ask for more costs more.
        return AuditEvent.objects.all() if self.actor == self.viewer else AuditEvent.objects.visible_to(self.viewer)

    @cached_property
    def _connections(self) -> list[int] | None:
        """The connections whose history it is, by primary key; None when it is not one of connections."""
        if not self.connection and not self.device:
            return None
        things = Connection.objects.visible_to(self.viewer)
        if self.device:
            things = things.filter(device_name=self.device)
        if self.connection:
            things = things.filter(pk=self.connection.pk)
        return list(things.order_by().values_list("pk", flat=True))

    def _of_person_and_time(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        if self.actor:
            events = events.filter(actor=self.actor)
        if self.about:
            events = events.filter(_named("user_id", self.about.pk), action__in=ABOUT)
        if self.group:
            events = events.filter(_named("group_id", self.group.pk), action__startswith="group.")
        if self.line:
            events = events.filter(seq=self.line)
        if self.action:
            events = events.filter(action=self.action)
        if self.since_at:
            events = events.filter(at__gte=self.since_at)
        if self.until_at:
            events = events.filter(at__lt=self.until_at)
        return events

    def _of_place(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        if self.run:
            events = events.filter(run=self.run)
        if self.hold:
            # Its own lines name it in their text alone; before its first one there is none, nor a run of it.
            told = Q(_named("hold_id", self.hold.pk), action__startswith="hold.")
            of_runs = Q(run__in=self.hold.runs.order_by().values("pk"))
            events = events.filter(told | of_runs, seq__gte=self.hold.started_seq)
        if self.account:
            of_run = Exists(StopItem.objects.filter(run=OuterRef("run"), account=self.account))
            events = events.filter(Q(account=self.account) | Q(of_run, account=None, run__isnull=False))
        if self.ticket:
            events = events.filter(run__in=_runs(Q(ticket__iexact=self.ticket)))
        if self.text:
            devices = Connection.objects.visible_to(self.viewer).filter(device_name__icontains=self.text)
            covered = StopItem.objects.filter(connection__in=devices.values("pk"))
            told = Q(reason__icontains=self.text) | Q(ticket__icontains=self.text) | Q(pk__in=covered.values("run"))
            events = events.filter(run__in=_runs(told))
        return events

    def _of_outcome(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        """Runs in which a connection had that outcome or verdict, and the lines that say so."""
        if not self.outcome:
            return events
        states = [str(state) for state in NEEDS_LOOK] if self.outcome == NOT_STOPPED_AT_ALL else [self.outcome]
        is_verdict = self.outcome in Verdict.values
        items = StopItem.objects.visible_to(self.viewer).filter(
            run=OuterRef("run"), **{"verdict__in" if is_verdict else "state__in": states}
        )
        if self._connections is not None:
            items = items.filter(connection__in=self._connections)
        told = Q()
        for state, name in product(states, ("verdict",) if is_verdict else ("outcome", "item_outcome")):
            # In a text of the body the quotes are escaped, so this is found as a field alone.
            told |= Q(body__contains=f'"{name}":"{state}"')
        action = "stop.verified" if is_verdict else "stop.answered"
        return events.filter(Q(Exists(items), action="stop.requested") | Q(told, action=action))


def _runs(told: Q) -> Iterable[int]:
    """The runs of which `told` is true. Read first, unless they are very many: PostgreSQL joins them row by row."""
    runs = StopRun.objects.filter(told).order_by().values_list("pk", flat=True)
    first = list(runs[: MOST_RUNS + 1])
    return first if len(first) <= MOST_RUNS else runs


def _named(name: str, number: int) -> Q:
    """What says in its text that the field `name` is `number`: a comma or the end of the text follows it."""
    return Q(body__contains=f'"{name}":{number},') | Q(body__contains=f'"{name}":{number}}}')


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
