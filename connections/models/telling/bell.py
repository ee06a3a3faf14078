"""What people are told: what is wrong for as long as its cause lasts, and the notices in each person's bell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models.accounts import Account
from connections.models.connections import accounts_visible_to
from connections.models.rights import may
from connections.models.runs import StopRun
from connections.models.scope import SEES, is_bounded

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Kind(models.TextChoices):
    """What somebody is told of."""

    CAME_BACK = "came_back", _("Something came back after a run of mine")
    LEFT = "left", _("Something of a run of mine is still open or undecided")
    APPROVAL = "approval", _("Something waits for me as the second person")
    ACCOUNT = "account", _("The list of an account isn't read any more")
    UNREACHED = "unreached", _("remote.it can't be reached")
    HISTORY = "history", _("The history does not hold")
    WEBHOOK = "webhook", _("A webhook took nothing any more and was turned off")
    WORKER = "worker", _("No worker was alive")
    ENDED = "ended", _("A run of mine ended, and nothing is left to do")
    DECIDED = "decided", _("Somebody decided about what I asked for")
    TAKEN = "taken", _("Somebody took over a run of mine")
    HOLD = "hold", _("A hold of mine ended, or something came back that it watches")


STAYS_OPEN = (Kind.CAME_BACK, Kind.LEFT, Kind.APPROVAL, Kind.ACCOUNT, Kind.UNREACHED, Kind.HISTORY, Kind.WEBHOOK)
"""The kinds that are open until their cause is gone; the others only happened."""


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def open(self) -> AlarmQuerySet:
        return self.filter(cleared_at=None)


class Alarm(models.Model):
    """Something that is wrong for as long as its cause lasts: raised and cleared by a line of the history each."""

    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=60)
    """What it is about: one alarm of a kind is open for each."""
    run = models.ForeignKey(StopRun, on_delete=models.CASCADE, null=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True)
    facts = models.JSONField(default=dict)
    """What its sentence needs to say, as it was when it was raised."""
    since = models.DateTimeField()
    """When the cause began, as far as is known."""
    raised_at = models.DateTimeField(default=timezone.now)
    cleared_at = models.DateTimeField(null=True)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("kind", "key"), condition=Q(cleared_at=None), name="one_open_alarm_each"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def of(self, user: User) -> NoticeQuerySet:
        """Those in the bell of `user` whose run and account they may still see."""
        found = self.filter(user=user)
        if may(user, SEES) and not is_bounded(user):
            return found
        runs = Q(run=None) | Q(run__in=StopRun.objects.visible_to(user))
        return found.filter(runs, Q(account=None) | Q(account__in=accounts_visible_to(user)))

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at=None)

    def open(self) -> NoticeQuerySet:
        return self.filter(alarm__isnull=False, alarm__cleared_at=None)


class Notice(models.Model):
    """What one person is told, in the bell. Read and open are two things: one is theirs, the other the cause's."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    seq = models.BigIntegerField()
    """The line of the history that it tells of."""
    at = models.DateTimeField()
    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, null=True)
    run = models.ForeignKey(StopRun, on_delete=models.CASCADE, null=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True)
    facts = models.JSONField(default=dict)
    """What its sentence needs to say: see `words/telling/notices.py`."""
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("user", "seq"), name="one_notice_of_a_line"),)
        indexes = (
            models.Index(fields=("user", "-id"), name="notice_by_user"),
            # What each page counts.
            models.Index(fields=("user",), condition=Q(read_at=None), name="notice_unread"),
        )

    def __str__(self) -> str:
        return f"{self.user} {self.kind} {self.seq}"

    @property
    def is_open(self) -> bool:
        return self.alarm is not None and self.alarm.cleared_at is None
