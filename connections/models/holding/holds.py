from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models.connections import Connection
from connections.models.rights import may
from connections.models.runs import TICKET_LENGTH, StopItem, StopRun, new_key
from connections.models.scope import SEES, is_bounded

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models.rights import Person


class Level(models.TextChoices):
    """How far a hold may go; each one does what those before it do."""

    WATCH = "watch", _("watch")
    """It tells what comes back."""
    RECUT = "recut", _("stop again")
    """It stops what comes back."""
    LINKS = "links", _("close links")
    """It switches the public links of the services off."""
    SERVICES = "services", _("disable service")
    """It takes the services offline, for everybody."""
    PERSON = "person", _("suspend person")
    """It would take away shares, roles and networks. Not offered: what it would have to restore can't be read whole."""


LEVELS = tuple(Level)
PERMISSIONS = {
    Level.WATCH: "hold_watch",
    Level.RECUT: "hold_recut",
    Level.LINKS: "hold_links",
    Level.SERVICES: "hold_services",
    Level.PERSON: "hold_persons",
}


class HoldEnd(models.TextChoices):
    """How a hold ended."""

    QUIET = "quiet", _("quiet")
    """Proved: nothing matched for the whole quiet time."""
    DEADLINE = "deadline", _("deadline")
    WITHDRAWN = "withdrawn", _("withdrawn")
    """A person ended it."""
    CAPPED = "capped", _("capped")
    """It has stopped as often as it may."""


class HoldQuerySet(models.QuerySet["Hold"]):
    def visible_to(self, person: Person) -> HoldQuerySet:
        """One's own; everybody's for who steers everybody's runs or reads everybody's history.

        One that holds, stopped or met something that one may not see is none: its clock and counts are of all of it.
        """
        if not person.is_authenticated:  # type: ignore[union-attr]
            return self.none()
        reads_all = may(person, "manage_runs") or may(person, "view_all_history")
        found = self if reads_all else self.filter(user=person)
        return found._within(person) if may(person, SEES) and is_bounded(person) else found

    def _within(self, person: Person) -> HoldQuerySet:
        seen = Connection.objects.visible_to(person).order_by()
        stopped = StopItem.objects.filter(run=OuterRef("first_run")).exclude(connection__in=seen).order_by()
        found = self.filter(models.Q(user=person) | models.Q(members__isnull=False)).filter(~Exists(stopped)).distinct()
        for service, opener in (("members", {}), ("returns__member", {"opened_by": OuterRef("returns__opened_by")})):
            there = seen.filter(
                account=OuterRef(f"{service}__account"),
                device_address__upper=Upper(OuterRef(f"{service}__device_address")),
                **opener,
            )
            places = Hold.objects.order_by().annotate(place=F(service), is_seen=Exists(there))
            found = found.exclude(pk__in=places.filter(place__isnull=False, is_seen=False).values("pk"))
        return found

    def on(self) -> HoldQuerySet:
        return self.filter(ended_at=None)

    def ended(self) -> HoldQuerySet:
        return self.exclude(ended_at=None)


class Hold(models.Model):
    """A wish to keep connections stopped until nothing comes back: a selector, a level, a quiet time, a deadline."""

    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="holds")
    user_name = models.CharField(max_length=150)
    level = models.CharField(_("level"), max_length=10, choices=Level.choices)
    reason = models.TextField(_("reason"))
    ticket = models.CharField(_("ticket"), max_length=TICKET_LENGTH, blank=True)
    match = models.TextField(_("filter"), blank=True)
    """The filter in its normal form; "" where services and people are named one by one, by the members."""
    selector = models.JSONField(default=dict)
    list_sha256 = models.CharField(max_length=64, blank=True)
    """Of the services and people that were named at the start."""
    include_own = models.BooleanField(default=False)
    """Whether the connections of the person who holds are meant, too."""
    quiet = models.DurationField(_("quiet time"), default=timedelta(minutes=10))
    deadline_at = models.DateTimeField(_("deadline"))
    most_per_minute = models.PositiveIntegerField(default=20)
    """How many connections of one person a minute it stops again."""
    most_per_hour = models.PositiveIntegerField(default=1000)
    most_in_all = models.PositiveIntegerField(default=1000)
    started_at = models.DateTimeField(default=timezone.now)
    started_seq = models.BigIntegerField(default=0)
    """The place in the audit of its line `hold.requested`."""
    first_run = models.ForeignKey(StopRun, on_delete=models.PROTECT, null=True, related_name="+")
    """What was open at the start: a draft until the ways are closed; None under a level that stops nothing."""
    changed_seq = models.BigIntegerField(default=0)
    """The place in the audit of the last answer to a measure."""
    trouble = models.TextField(blank=True)
    """Why it can't do all that it should just now; "" when it can."""
    offer_declined_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(max_length=10, choices=HoldEnd.choices, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    still_coming = models.PositiveIntegerField(default=0)
    """How many connections that match were open when it ended."""

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        default_permissions = ()
        ordering = ("-pk",)
        indexes = (
            # The keeper's question, every second: which are on.
            models.Index(fields=("deadline_at",), condition=models.Q(ended_at=None), name="hold_on"),
        )

    def __str__(self) -> str:
        return str(_("hold %d") % self.pk)

    @property
    def is_on(self) -> bool:
        return self.ended_at is None

    def reaches(self, level: Level) -> bool:
        """Whether it does what `level` does."""
        return LEVELS.index(Level(self.level)) >= LEVELS.index(level)

    def left(self, now: datetime) -> timedelta:
        return max(self.deadline_at - now, timedelta())
