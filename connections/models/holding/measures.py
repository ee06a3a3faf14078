from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connections.models.holding.holds import Hold
from connections.models.holding.members import HoldMember
from connections.models.workers import Worker


class MeasureKind(models.TextChoices):
    LINK = "link", _("link")
    SERVICE = "service", _("service")


class MeasureState(models.TextChoices):
    """What became of switching a way off."""

    PLANNED = "planned", _("not asked yet")
    NOT_ASKED = "not_asked", _("not asked")
    """It can't be asked, or need not be: the measure says why."""
    SENDING = "sending", _("asked")
    """Its line is written; the answer is not."""
    SET = "set", _("set")
    """remote.it's answer repeats the value."""
    REFUSED = "refused", _("refused")
    FAILED = "failed", _("did not leave")
    """No byte of it left this machine."""
    UNKNOWN = "unknown", _("no answer")
    """It may have happened: what a reading shows decides, and it is not sent again before one."""
    INHERITED = "inherited", _("set by another hold")
    """Another hold had set it; this one restores what that one found."""


class UndoState(models.TextChoices):
    """What became of putting the old value back."""

    NONE = "", _("nothing to restore")
    QUEUED = "queued", _("waits")
    SENDING = "sending", _("asked")
    SET = "set", _("set, not seen yet")
    RESTORED = "restored", _("restored")
    """A reading that was asked for after the answer shows the old value."""
    LEFT_ALONE = "left_alone", _("left alone")
    """Somebody else has changed it, or wants it so: the measure says who or when."""
    PASSED_ON = "passed_on", _("passed on to another hold")
    GIVEN_UP = "given_up", _("left as it is")
    """A person decided so."""


MAY_BE_SET = (MeasureState.SENDING, MeasureState.SET, MeasureState.UNKNOWN, MeasureState.INHERITED)
"""After these the value may be ours: it has to be looked after at the end."""
NOT_RESTORED = (UndoState.QUEUED, UndoState.SENDING, UndoState.SET)


class MeasureQuerySet(models.QuerySet["Measure"]):
    def not_restored(self) -> MeasureQuerySet:
        """What a hold that is over has switched off, or may have, and is not known to be back."""
        return self.filter(undo__in=NOT_RESTORED)

    def in_force(self) -> MeasureQuerySet:
        """What a hold that is on has switched off, or may have."""
        return self.filter(hold__ended_at=None, state__in=MAY_BE_SET)


class Measure(models.Model):
    """One way that a hold closes at one service: what was there before, what was asked, answered, seen, put back."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="measures", db_index=False)
    member = models.ForeignKey(HoldMember, on_delete=models.PROTECT, related_name="measures")
    kind = models.CharField(max_length=8, choices=MeasureKind.choices)
    state = models.CharField(max_length=10, choices=MeasureState.choices, default=MeasureState.PLANNED)
    before = models.BooleanField(null=True)
    """The value that was read before: what is written back."""
    why = models.TextField(blank=True)
    """Why it was not asked, or what the API said."""
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    """Who waits for the answer, of the measure or of its undo."""
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    """When the reading was asked for that showed the value; None until one did."""
    changed_at = models.DateTimeField(null=True)
    """When a reading showed another value again, though nobody here had asked for it."""
    undo = models.CharField(max_length=10, choices=UndoState.choices, blank=True)
    undo_why = models.TextField(blank=True)
    undo_tries = models.PositiveIntegerField(default=0)
    undo_next_at = models.DateTimeField(null=True)
    undo_asked_at = models.DateTimeField(null=True)
    undo_answered_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    objects = MeasureQuerySet.as_manager()

    class Meta:
        verbose_name = _("measure")
        verbose_name_plural = _("measures")
        default_permissions = ()
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("hold", "member", "kind"), name="one_measure_per_way_and_hold"),)
        indexes = (
            # "Not yet restored": asked by every page.
            models.Index(fields=("undo",), condition=Q(undo__in=NOT_RESTORED), name="measure_not_restored"),
        )

    def __str__(self) -> str:
        return f"{self.member} {self.kind}"
