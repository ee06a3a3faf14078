from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models.accounts import Account, Call
from connections.models.connections import Connection
from connections.models.rights import may
from connections.models.scope import SEES, is_bounded
from connections.models.sight.items import ItemsManager, ItemsQuerySet, SeenQuerySet
from connections.models.states import (
    FINISHED,
    NEEDS_LOOK,
    NEVER_SENT,
    OUTCOMES,
    UNFINISHED,
    WATCHED,
    ConnectionStatus,
    ItemState,
    RunState,
    SkipReason,
    UnverifiedReason,
    Verdict,
)
from connections.models.together.wishes import Wishes

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from connections.models.rights import Person

TICKET_LENGTH = 80
READ_ALL_RUNS = ("stop_connection", "manage_runs", "view_all_history")


def new_key() -> str:
    return secrets.token_urlsafe(16)


class StopRunQuerySet(SeenQuerySet):
    def visible_to(self, person: Person) -> StopRunQuerySet:
        """Everybody's that hold something one sees, for who may stop, steer or read all history; else one's own.

        Their `items` are those that one sees.
        """
        reads_all = any(may(person, permission) for permission in READ_ALL_RUNS)
        found = self.all() if reads_all else self.filter(user=person.pk)
        if may(person, SEES) and is_bounded(person):
            seen = StopItem.objects.visible_to(person).filter(run=OuterRef("pk")).order_by()
            found = found.filter(Q(user=person.pk) | Exists(seen))
            found.viewer = person
        return found

    def drafts(self) -> StopRunQuerySet:
        return self.filter(state=RunState.DRAFT)

    def started(self) -> StopRunQuerySet:
        return self.filter(state=RunState.STARTED)

    def sendable(self) -> StopRunQuerySet:
        return self.started().filter(paused_at=None, cancelled_at=None)


class StopRun(Wishes):
    """One decision by one person: a reason and the frozen list of what it covers."""

    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, verbose_name=_("person"))
    user_name = models.CharField(max_length=150)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.DRAFT)
    reason = models.TextField(_("reason"), blank=True)
    ticket = models.CharField(_("ticket"), max_length=TICKET_LENGTH, blank=True)
    selector = models.JSONField(_("how they were selected"), default=dict)
    list_sha256 = models.CharField(max_length=64, blank=True)
    frozen_at = models.DateTimeField(_("frozen"), null=True)
    started_at = models.DateTimeField(_("started"), null=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="reruns")
    """The run whose rest this one takes up again."""
    hold = models.ForeignKey("Hold", on_delete=models.PROTECT, null=True, related_name="runs")
    """The hold that this run is of."""
    token = models.ForeignKey("ApiToken", on_delete=models.PROTECT, null=True, db_index=False, related_name="runs")
    """The token by which it was asked for; None where a person asked."""
    created_at = models.DateTimeField(default=timezone.now)
    viewer: Person | None = None

    objects = StopRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ("-pk",)
        permissions = (("manage_runs", _("Can see and steer runs of others")),)
        indexes = (
            # The worker: which runs have something to send.
            models.Index(fields=("state", "paused_at", "cancelled_at"), name="run_sendable"),
            # What a token had stopped within the hour, for its ceiling.
            models.Index(fields=("token", "started_at"), condition=Q(token__isnull=False), name="run_by_token"),
        )

    def __str__(self) -> str:
        return str(_("run %d") % self.pk)

    @property
    def steward(self) -> User:
        """The person by whose rights what is queued is sent: who started it, or who has taken it over since."""
        return self.taken_by or self.user

    @property
    def steward_id(self) -> int:
        return self.taken_by_id or self.user_id


# One by one and in this order: SQLite sees in no other form that a query fits an index with this condition.
TROUBLE = (
    Q(state=ItemState.REFUSED)
    | Q(state=ItemState.FAILED)
    | Q(state=ItemState.UNKNOWN)
    | Q(verdict=Verdict.STILL_ALIVE)
    | Q(verdict=Verdict.CAME_BACK)
    | Q(verdict_why=UnverifiedReason.NOT_LISTED)
)


class StopItemQuerySet(ItemsQuerySet):
    def queued(self) -> StopItemQuerySet:
        return self.filter(state=ItemState.QUEUED)

    def sending(self) -> StopItemQuerySet:
        return self.filter(state=ItemState.SENDING)

    def unfinished(self) -> StopItemQuerySet:
        return self.filter(state__in=UNFINISHED)

    def finished(self) -> StopItemQuerySet:
        return self.filter(state__in=FINISHED)

    def covered(self) -> StopItemQuerySet:
        """What started runs have sent, or will."""
        return self.filter(run__state=RunState.STARTED).exclude(state__in=NEVER_SENT)

    def held(self) -> StopItemQuerySet:
        """What a started run is stopping, or will: no other run may have the same connection."""
        return self.unfinished().filter(run__state=RunState.STARTED)

    def awaiting_verdict(self) -> StopItemQuerySet:
        """What has its outcome and no verdict yet."""
        return self.filter(verdict="", answered_at__isnull=False, state__in=OUTCOMES)

    def watched_since(self, since: datetime) -> list[StopItemQuerySet]:
        """What has a verdict that a list may still put right, answered at `since` or later: a part for each verdict."""
        return [self.filter(verdict=verdict, answered_at__gte=since) for verdict in WATCHED]

    def needs_look(self) -> StopItemQuerySet:
        """What is not gone, not known to be gone, or came back: the verdict decides, and the outcome without one."""
        judged = Q(verdict__in=(Verdict.STILL_ALIVE, Verdict.CAME_BACK, Verdict.UNVERIFIED))
        return self.filter(judged | Q(verdict="", state__in=NEEDS_LOOK))

    def troubled(self) -> StopItemQuerySet:
        """What was not stopped, is doubtful, came back, or that a list did not come in time for; gone since or not."""
        return self.filter(TROUBLE)


class StopItem(models.Model):
    """One connection in a run."""

    run = models.ForeignKey(StopRun, on_delete=models.CASCADE, related_name="items", db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="stop_items")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False)
    state = models.CharField(_("outcome"), max_length=12, choices=ItemState.choices, default=ItemState.QUEUED)
    skipped_why = models.CharField(_("why skipped"), max_length=12, choices=SkipReason.choices, blank=True)
    connection_was = models.CharField(max_length=10, choices=ConnectionStatus.choices, blank=True)
    """The connection's status when this item was claimed; where a no puts it back."""
    next_call = models.CharField(max_length=8, choices=Call.choices, blank=True)
    """Which call the next attempt makes, where the last one decided it; else the account does."""
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    limited = models.PositiveSmallIntegerField(default=0)
    """How many of the attempts cost nothing: remote.it answered "too many requests", or could not be reached at all."""
    unclear_attempt = models.PositiveSmallIntegerField(null=True)
    """The first attempt that may have happened without our knowing."""
    not_before = models.DateTimeField(null=True)
    worker = models.ForeignKey("Worker", on_delete=models.PROTECT, null=True, related_name="claims", db_index=False)
    sent_at = models.DateTimeField(_("sent"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    took_ms = models.PositiveIntegerField(_("took"), null=True)
    upstream_status = models.PositiveSmallIntegerField(null=True)
    upstream_reason = models.TextField(_("what the API said"), blank=True)

    verdict = models.CharField(_("verdict"), max_length=14, choices=Verdict.choices, blank=True)
    verdict_why = models.CharField(_("why unverified"), max_length=12, choices=UnverifiedReason.choices, blank=True)
    verdict_at = models.DateTimeField(null=True)
    verdict_seq = models.BigIntegerField(null=True)
    """The place in the audit of the list that the verdict rests on."""
    came_back_as = models.CharField(max_length=64, blank=True)
    came_back_after_s = models.PositiveIntegerField(null=True)
    left_seq = models.BigIntegerField(null=True)
    """The place in the audit of a person's decision to leave it as it is."""

    objects = ItemsManager.from_queryset(StopItemQuerySet)()

    class Meta:
        verbose_name = _("stop item")
        verbose_name_plural = _("stop items")
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("run", "connection"), name="one_item_per_connection_and_run"),)
        indexes = (
            # The worker's claim: the next queued items of a run and account; and the run page's counts.
            models.Index(fields=("run", "state", "account", "id"), name="item_by_run_and_state"),
            # What is in flight: the account's concurrency, and the claims of a dead worker.
            models.Index(fields=("account", "worker"), condition=Q(state="sending"), name="item_sending"),
            # What waits for its verdict; what was answered so short a while ago that it may change; what came back.
            models.Index(
                fields=("account", "verdict", "answered_at"),
                condition=Q(answered_at__isnull=False),
                name="item_by_verdict",
            ),
            # Which runs still have something to send. With the state, without which SQLite takes another index for it.
            models.Index(fields=("state", "run", "account"), condition=Q(state="queued"), name="item_queued"),
            # What is left to do about runs, whichever they are.
            models.Index(fields=("run",), condition=TROUBLE, name="item_troubled"),
        )

    def __str__(self) -> str:
        return f"{self.connection} · {self.get_state_display()}"

    @property
    def is_unclear(self) -> bool:
        """Whether an attempt before the last may have happened: of this item or of the run that left it unknown."""
        return self.unclear_attempt is not None or self.connection_was == ConnectionStatus.UNKNOWN

    @property
    def may_have_cut_it(self) -> bool:
        """Whether the stop may be why the connection is gone: it was accepted, or it may have happened."""
        if self.state == ItemState.ALREADY_GONE:
            return self.is_unclear
        return self.state in (ItemState.STOPPED, ItemState.UNKNOWN)
