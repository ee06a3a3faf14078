from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models.accounts import Account

WAIT_LIMIT_S = 30 * 60


class Wishes(models.Model):
    """What people want of a run once it is started, and what they leave at it for each other."""

    started_at: models.DateTimeField[datetime | None, datetime | None]

    paused_at = models.DateTimeField(_("paused"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)
    not_before = models.DateTimeField(_("first sending not before"), null=True)
    """Until when its first sending is put off, so that whoever started it may still take it back whole."""
    wait_limit_s = models.PositiveIntegerField(
        _("longest wait for remote.it"), default=WAIT_LIMIT_S, db_default=WAIT_LIMIT_S
    )
    """For how many seconds what is queued waits at most while remote.it can't be reached at all."""
    wait_from = models.DateTimeField(null=True)
    """When a person last had it go on: the wait counts from there, or from the run's start, at the earliest."""
    finished_at = models.DateTimeField(null=True)
    """When the history was told that it is over: every outcome there, and its verdicts, or the wait for these over."""
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="taken_runs"
    )
    """Who has taken it over: what is still queued is sent by their rights."""
    taken_at = models.DateTimeField(null=True)
    note = models.TextField(_("note"), blank=True, db_default="")
    """What whoever comes next should know of it."""
    note_by = models.CharField(max_length=150, blank=True, db_default="")
    note_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def put_off_s(self, at: datetime) -> float:
        """For how many seconds from `at` its first sending is still put off; 0 when it is not."""
        if self.not_before is None or self.cancelled_at is not None:
            return 0.0
        return max((self.not_before - at).total_seconds(), 0.0)

    def waits_until(self, account: Account) -> datetime | None:
        """Until when what is queued for `account` waits for remote.it; None while that can be reached."""
        times = [at for at in (account.unreached_since, self.started_at, self.wait_from) if at is not None]
        return max(times) + timedelta(seconds=self.wait_limit_s) if account.is_unreachable else None


class SendingPause(models.Model):
    """A time in which nothing is sent for anybody. At most one is on."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    person_name = models.CharField(max_length=150)
    reason = models.TextField()
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(models.Value(1), condition=Q(ended_at=None), name="one_pause_at_a_time"),
        )

    def __str__(self) -> str:
        return f"{self.person_name} {self.began_at}"
