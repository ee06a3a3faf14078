from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models.accounts import Account
from connections.models.connections import Connection
from connections.models.holding.holds import Hold
from connections.models.runs import StopRun


class MemberState(models.TextChoices):
    HELD = "held", _("held")
    WAITING = "waiting", _("waits for a yes")
    """Joined later, under a level that closes ways: it is watched and stopped, and a person decides about the rest."""
    SPARED = "spared", _("watched and stopped only")
    """A person said no to the rest."""


class HoldMember(models.Model):
    """One service of a hold, and what the last reading said of it."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="members", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    device_address = models.CharField(max_length=23)
    service_key = models.CharField(max_length=23)
    """The address in lower case."""
    device_name = models.CharField(max_length=200, blank=True)
    service_name = models.CharField(max_length=200, blank=True)
    scope = models.CharField(max_length=64, blank=True)
    """The account or organisation, by remote.it's id, that lists it."""
    openers = models.JSONField(default=list)
    """Whose connections are meant; empty where the hold's filter says it."""
    state = models.CharField(max_length=8, choices=MemberState.choices, default=MemberState.HELD)
    joined_at = models.DateTimeField(default=timezone.now)
    was_there = models.BooleanField(default=True)
    """Whether it was named at the start."""
    read_at = models.DateTimeField(null=True)
    """When what is said here was asked for, by a reading that was whole."""
    why_not_read = models.TextField(blank=True)
    enabled = models.BooleanField(null=True)
    online = models.BooleanField(null=True)
    link = models.BooleanField(null=True)
    """Whether its public link is on; None when it has none, or nobody has read it."""
    open_proxies = models.PositiveIntegerField(default=0)
    open_peers = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("service of a hold")
        verbose_name_plural = _("services of holds")
        default_permissions = ()
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("hold", "account", "service_key"), name="one_member_per_service_and_hold"),
        )
        indexes = (
            # Which holds have this service: the marks at connections, and the stricter of two.
            models.Index(fields=("service_key",), name="member_by_service"),
        )

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.device_name, self.service_name))) or self.device_address


class Witness(models.TextChoices):
    """What tells that nobody was connected between two lists."""

    NONE = "", _("nothing yet")
    EVENTS = "events", _("remote.it's own events")
    LISTS = "lists", _("lists alone")


class HoldClock(models.Model):
    """The quiet clock of a hold for one account's services; the hold is as quiet as the least quiet of them."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="clocks", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    counted = models.DurationField(default=timedelta)
    """How long it has been quiet, proved."""
    last_at = models.DateTimeField(null=True)
    """When the last list that counts was asked for; None while the clock stands."""
    lists = models.PositiveIntegerField(default=0)
    """How many complete lists that rests on."""
    widest = models.DurationField(default=timedelta)
    """The longest time between two of them."""
    changed_seq = models.BigIntegerField(default=0)
    """The place in the audit of the last stop or measure: what was asked for before does not count."""
    stands_since = models.DateTimeField(null=True)
    stands_why = models.TextField(blank=True)
    reset_at = models.DateTimeField(null=True)
    """When the last connection came back."""
    witness = models.CharField(max_length=6, choices=Witness.choices, blank=True)
    witness_why = models.TextField(blank=True)
    """Why events can't be read."""
    strip = models.JSONField(default=list)
    """The last readings: seconds since the start, and what each was: counted, match or not whole."""

    class Meta:
        verbose_name = _("quiet clock")
        verbose_name_plural = _("quiet clocks")
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("hold", "account"), name="one_clock_per_account_and_hold"),)

    def __str__(self) -> str:
        return f"{self.hold} {self.account}"


class HoldReturn(models.Model):
    """One connection that came back, as a list or remote.it's events showed it."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="returns", db_index=False)
    member = models.ForeignKey(HoldMember, on_delete=models.PROTECT, related_name="returns")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, related_name="+")
    """None where only an event told of it: it was over before a list showed it."""
    session_key = models.CharField(max_length=64)
    opened_by = models.CharField(max_length=254, blank=True)
    seen_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    """By remote.it's clock."""
    closed_at = models.DateTimeField(null=True)
    """When it was over: by remote.it's event where there is one, else when a list lacked it."""
    by_event = models.BooleanField(default=False)
    """Whether `closed_at` is remote.it's own; else the time open is "at most"."""
    back_after = models.DurationField(null=True)
    """How long after the end of the one before it, of the same person at the same service."""
    run = models.ForeignKey(StopRun, on_delete=models.PROTECT, null=True, related_name="+")
    """The run that stops it."""

    class Meta:
        verbose_name = _("come-back")
        verbose_name_plural = _("come-backs")
        default_permissions = ()
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("hold", "session_key"), name="one_return_per_session_and_hold"),)

    def __str__(self) -> str:
        return f"{self.opened_by} {self.seen_at}"
