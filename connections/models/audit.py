from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from connections.models.accounts import Account
from connections.models.connections import Connection
from connections.models.rights import may
from connections.models.runs import StopItem, StopRun
from connections.models.scope import SEES, is_bounded
from connections.models.sight.lines import HoldTold, about_seen, whole_to

if TYPE_CHECKING:
    from collections.abc import Collection

    from connections.models.rights import Person


FOLDED_ACTIONS = (
    "stop.sent",
    "stop.answered",
    "stop.withdrawn",
    "stop.skipped",
    "stop.verified",
    "connection.ended",
    "list.started",
    "list.read",
)
"""What is told of each single connection of a run, or again and again by the worker: too many lines to be read."""

# One by one: SQLite sees in no other form that a query fits an index with this condition.
NOT_FOLDED = [~models.Q(action=action) for action in FOLDED_ACTIONS]
# True of every line. It keeps the indexes of everybody's lines out of queries for one person's: PostgreSQL takes it for
# cheaper to read everybody's until enough of that person's are among them.
OF_ALL = [models.Q(seq__gt=0), *NOT_FOLDED]


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, person: Person) -> AuditEventQuerySet:
        """Everybody's with `view_all_history`; else one's own and that of the connections one may see.

        What of it is about a connection, a run or an account that one may not see is left out, one's own included.
        """
        if not person.is_authenticated:  # type: ignore[union-attr]
            return self.none()
        bounded = may(person, SEES) and is_bounded(person)
        about = self.alias(hold_told=HoldTold("body")).filter(about_seen(person)) if bounded else self
        if may(person, "view_all_history"):
            return about
        mine = models.Q(actor=person.pk)
        if may(person, SEES):
            mine |= models.Q(connection__in=Connection.objects.visible_to(person))
        return about.filter(mine)

    def handed_to(self, person: Person) -> AuditEventQuerySet:
        """Those of `visible_to` that are handed out as they were hashed: a text is told whole, or not at all."""
        return self.filter(whole_to(person)) if may(person, SEES) and is_bounded(person) else self

    def without_folded(self, *, of_all: bool) -> AuditEventQuerySet:
        """`of_all`: everybody's are asked for, not one person's."""
        return self.filter(*(OF_ALL if of_all else NOT_FOLDED))

    def of_connections(self, pks: Collection[int]) -> AuditEventQuerySet:
        """What happened to these connections, and who asked for it why: the lines by which they were asked to stop.

        Those name no connection and may be of another person's run; who may see a connection may know why it was cut.
        """
        # Read first: PostgreSQL uses no index for a subquery beside an OR.
        runs = list(StopItem.objects.filter(connection__in=pks).values_list("run", flat=True).distinct())
        asked = models.Q(action="stop.requested", run__in=runs)
        return self.filter(models.Q(connection__in=pks) | asked)


class AuditHead(models.Model):
    """The chain's last link: one row, whose lock gives out sequence numbers."""

    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return str(self.seq)


class IsTrue(models.Func):
    """A condition that no index serves: PostgreSQL must not take it for that of `OF_ALL`, nor SQLite for a range."""

    template = "((%(expressions)s) IS TRUE)"
    output_field = models.BooleanField()


LinesManager = models.Manager.from_queryset(AuditEventQuerySet)


class AuditEventManager(LinesManager):
    """The lines from the first to the head: what a verification reads, and therefore all that anybody reads."""

    def get_queryset(self) -> Any:
        head = AuditHead.objects.order_by("pk").values("seq")[:1]
        in_chain = models.Q(seq__gte=1, seq__lte=models.Subquery(head))
        return super().get_queryset().filter(IsTrue(in_chain))


class AuditEvent(models.Model):
    """One line of the append-only history. `body` is what was hashed; the other columns are for queries."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(_("when"))
    action = models.CharField(_("action"), max_length=40)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("person")
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, db_index=False)
    run = models.ForeignKey(StopRun, on_delete=models.PROTECT, null=True, db_index=False)
    body = models.TextField()
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = AuditEventManager()
    rows = AuditEventQuerySet.as_manager()
    """Every row of the table, whoever put it there: for the verification, which names what is no line of the chain."""

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("history")
        ordering = ("-seq",)
        permissions = (("view_all_history", _("Can see everybody's history")),)
        # Not `unique=True`, which makes a second index on PostgreSQL, for a search that nobody makes.
        constraints = (models.UniqueConstraint(fields=("hash",), name="one_event_per_hash"),)
        indexes = (
            # One person's history.
            models.Index(fields=("actor", "-seq"), name="event_by_actor"),
            # The pages of the history: of one person, of everybody, of one action.
            models.Index(fields=("actor", "-seq"), condition=models.Q(*NOT_FOLDED), name="event_page_by_actor"),
            models.Index(fields=("-seq",), condition=models.Q(*OF_ALL), name="event_page_of_all"),
            models.Index(fields=("action", "-seq"), condition=models.Q(*OF_ALL), name="event_page_of_all_by_action"),
            # What happened to one connection.
            models.Index(fields=("connection", "-seq"), name="event_by_connection"),
            # Who paused, resumed or cancelled a run.
            models.Index(
                fields=("run", "-seq"),
                condition=models.Q(action__in=("run.paused", "run.resumed", "run.cancelled")),
                name="event_wish",
            ),
            # Who asked for a run, for the history of each connection that it covered.
            models.Index(fields=("run",), condition=models.Q(action="stop.requested"), name="event_request"),
            # One run's lines, for its page and its export.
            models.Index(fields=("run", "-seq"), name="event_by_run"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class AuditCheckpoint(models.Model):
    """A signed statement that the line `seq` had this hash at that time. Append-only, as the history is."""

    seq = models.BigIntegerField(primary_key=True)
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    public_key = models.CharField(max_length=44)
    """The Ed25519 key that made the signature: its 32 bytes in base64."""
    signature = models.CharField(max_length=88)

    class Meta:
        ordering = ("seq",)

    def __str__(self) -> str:
        return str(self.seq)


class AuditVerification(models.Model):
    """What the last verification of the history found: one row, for the pages that show it.

    One that could not read the history leaves all of that as it was, and says so in `unread_at` and `unread_why`.
    """

    at = models.DateTimeField(null=True)
    """When the last one that was read to its end was; None while none was."""
    events = models.BigIntegerField(default=0)
    """How many lines were read."""
    last_seq = models.BigIntegerField(default=0)
    checkpoint_seq = models.BigIntegerField(null=True)
    """The last line that a signed checkpoint of ours holds fast."""
    checkpoint_at = models.DateTimeField(null=True)
    fault_count = models.BigIntegerField(default=0)
    faults = models.JSONField(default=list)
    """The first of them, in words."""
    held = models.JSONField(default=list)
    """With what the chain was compared: for each holder how many checkpoints, up to which line."""
    runs = models.BigIntegerField(default=0)
    items = models.BigIntegerField(default=0)
    """How many runs and items were compared with their lines."""
    differing_runs = models.JSONField(default=list)
    """The first runs that say something else than their lines."""
    sound_seq = models.BigIntegerField(default=0)
    sound_hash = models.CharField(max_length=64, blank=True)
    sound_at = models.DateTimeField(null=True)
    """The last line that a verification found in its place: every later one compares the chain with it."""
    unread_at = models.DateTimeField(null=True)
    unread_why = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.last_seq} {self.at}"

    @property
    def holds(self) -> bool:
        """Whether nothing was found that does not fit, by the last one that read the history."""
        return self.fault_count == 0
