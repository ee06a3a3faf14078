"""The second person: who asked for one, who decided, and above which numbers one is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models.accounts import Account
from connections.models.rights import may
from connections.models.runs import StopItem, StopRun
from connections.models.scope import SEES, ScopeRule, is_bounded

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser, User


class ApprovalState(models.TextChoices):
    WAITING = "waiting", _("waits for a second person")
    APPROVED = "approved", _("approved")
    DENIED = "denied", _("denied")
    WITHDRAWN = "withdrawn", _("withdrawn")
    EXPIRED = "expired", _("nobody decided in time")
    GLASS = "glass", _("started without a second person")
    """In an emergency, by somebody who may: open until somebody else has reviewed it."""


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def visible_to(self, person: User | AnonymousUser) -> ApprovalQuerySet:
        """Those of one's own runs; all for who may decide or reads everybody's history.

        One whose list holds something that one may not see is none: nobody decides about a part.
        """
        if not person.is_authenticated:
            return self.none()
        reads_all = may(person, "approve_runs") or may(person, "view_all_history")
        return (self if reads_all else self.filter(run__user=person)).within_sight_of(person)

    def within_sight_of(self, person: User | AnonymousUser) -> ApprovalQuerySet:
        """Those whose list holds nothing that is out of the scope of `person`."""
        if not (may(person, SEES) and is_bounded(person)):
            return self
        hidden = StopItem.objects.hidden_from(person).filter(run=OuterRef("run"))
        return self.filter(~Exists(hidden.order_by()))

    def waiting(self, now: datetime) -> ApprovalQuerySet:
        return self.filter(state=ApprovalState.WAITING, expires_at__gt=now)

    def unreviewed(self) -> ApprovalQuerySet:
        return self.filter(state=ApprovalState.GLASS, reviewed_at=None)

    def open(self, now: datetime) -> ApprovalQuerySet:
        """What somebody still has to decide or to review."""
        waits = Q(state=ApprovalState.WAITING, expires_at__gt=now)
        return self.filter(waits | Q(state=ApprovalState.GLASS, reviewed_at=None))

    def granting(self, sha256: str, now: datetime) -> ApprovalQuerySet:
        """What lets a run start that is bound to exactly `sha256`: the yes of somebody else, or the broken glass."""
        other = Q(state=ApprovalState.APPROVED, decided_by__is_active=True) & ~Q(decided_by=F("run__user"))
        own = Q(state=ApprovalState.GLASS, decided_by=F("run__user"))
        return self.filter(other | own, sha256=sha256, expires_at__gt=now)


class Approval(models.Model):
    """What one person asked of a second: may this run start, with this list, reason, ticket and end?"""

    run = models.OneToOneField(StopRun, on_delete=models.PROTECT, related_name="approval")
    state = models.CharField(max_length=10, choices=ApprovalState.choices, default=ApprovalState.WAITING)
    why = models.JSONField(default=list)
    """Why a second person is needed: for each reason its code, and the numbers that it compared."""
    sha256 = models.CharField(max_length=64)
    """The digest of list, reason, ticket, person, accounts and end: what a yes is a yes to."""
    terms_sha256 = models.CharField(max_length=64, blank=True, default="")
    """The digest of a hold's selector, level, caps and deadline, where the run is the first of one."""
    origin = models.JSONField(default=dict)
    """Where the wish came from; the run starts with it."""
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    note = models.TextField(_("reason"), blank=True)
    """Why it was denied."""
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="reviews"
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    review = models.TextField(_("what the review found"), blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        default_permissions = ()
        ordering = ("-pk",)
        indexes = (models.Index(fields=("state", "expires_at"), name="approval_open"),)

    def __str__(self) -> str:
        return f"{self.run} {self.state}"

    @property
    def is_waiting(self) -> bool:
        return self.state == ApprovalState.WAITING and self.expires_at > timezone.now()

    @property
    def needs_somebody(self) -> bool:
        """Whether it is to be decided or reviewed."""
        return self.is_waiting or (self.state == ApprovalState.GLASS and self.reviewed_at is None)


class CeilingQuerySet(models.QuerySet["Ceiling"]):
    def in_force(self, now: datetime) -> list[Ceiling]:
        """The newest of each group, and of everybody, of those whose time has come."""
        rows = self.filter(in_force_at__lte=now).order_by("in_force_at", "pk")
        return list({row.group_id: row for row in rows}.values())


class Ceiling(models.Model):
    """How many connections the people of a group may stop without a second person. A row is never changed.

    The newest whose time has come counts; one that gives more waits, so that nobody raises their own and uses it.
    """

    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("role"))
    """None: everybody, superusers too."""
    per_run = models.PositiveIntegerField(_("connections in one run"), null=True, blank=True)
    per_hour = models.PositiveIntegerField(_("connections of one person in an hour"), null=True, blank=True)
    """None, here as above: no ceiling."""
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    in_force_at = models.DateTimeField(default=timezone.now)

    objects = CeilingQuerySet.as_manager()

    class Meta:
        verbose_name = _("ceiling")
        verbose_name_plural = _("ceilings")
        default_permissions = ()
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.group or '*'} {self.per_run} {self.per_hour}"


class ProtectedRuleQuerySet(models.QuerySet["ProtectedRule"]):
    def in_force(self, now: datetime) -> ProtectedRuleQuerySet:
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now))


class ProtectedRule(models.Model):
    """Connections that nobody stops without a second person, however few. Fields as those of a rule of scope."""

    name = models.CharField(_("name"), max_length=80)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    device = models.CharField(_("device"), max_length=200, blank=True)
    service = models.CharField(_("service"), max_length=200, blank=True)
    opener = models.CharField(_("opened by"), max_length=254, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True)
    """Set a day ahead, so that nobody takes it off and stops at once."""

    objects = ProtectedRuleQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name

    @property
    def matches(self) -> str:
        """What it is about, as the history keeps it."""
        return str(self._as_scope()).partition(" ")[2]

    def condition(self, prefix: str = "") -> Q:
        """The connections that it protects. `prefix`: the way from the asked rows to the connection."""
        return self._as_scope().condition(prefix)

    def _as_scope(self) -> ScopeRule:
        return ScopeRule(account=self.account, device=self.device, service=self.service, opener=self.opener)
