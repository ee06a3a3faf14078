"""A change of who may do what that waits: for a second person, or until a day is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models.rights import may

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class ProposalState(models.TextChoices):
    WAITING = "waiting", _("waits for a second person")
    CONFIRMED = "confirmed", _("confirmed")
    DUE = "due", _("came to count after 24 hours")
    DENIED = "denied", _("denied")
    WITHDRAWN = "withdrawn", _("withdrawn")
    LAPSED = "lapsed", _("could not be made any more")


class Subject(models.TextChoices):
    """What a change is about."""

    PERSON = "person", _("what a person may do")
    ROLE = "role", _("what a role may do, and on what")
    CEILING = "ceiling", _("a ceiling above which a second person decides")
    PROTECTION = "protection", _("what is protected")


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def visible_to(self, person: User | AnonymousUser) -> ProposalQuerySet:
        """All for who may decide or reads everybody's history; for others those that they asked for."""
        if not person.is_authenticated:
            return self.none()
        reads_all = may(person, "approve_runs") or may(person, "view_all_history")
        return self if reads_all else self.filter(asked_by=person)

    def waiting(self) -> ProposalQuerySet:
        return self.filter(state=ProposalState.WAITING)

    def about(self, subject: Subject, key: int | None) -> ProposalQuerySet:
        return self.filter(subject=subject, key=key)


class Proposal(models.Model):
    """What one person wishes to give, of which nothing counts yet. What it takes away counted at once."""

    subject = models.CharField(max_length=10, choices=Subject.choices)
    key = models.BigIntegerField(null=True)
    """Of the person, group or protected rule; None: the ceiling of everybody."""
    name = models.CharField(max_length=255, blank=True)
    """As what it is about was called when it was asked for."""
    before = models.JSONField(default=dict)
    wish = models.JSONField(default=dict)
    """What is given, by the names that `proposals/effect.py` reads."""
    reason = models.CharField(max_length=500, blank=True)
    origin = models.JSONField(default=dict)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    counts_at = models.DateTimeField()
    """When it comes to count by itself, if nobody said no."""
    sha256 = models.CharField(max_length=64)
    """The digest of all of the above: what a yes is a yes to."""
    state = models.CharField(max_length=10, choices=ProposalState.choices, default=ProposalState.WAITING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)
    """Why it was denied, or could not be made."""

    objects = ProposalQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ("-pk",)
        indexes = (models.Index(fields=("state", "counts_at"), name="proposal_open"),)

    def __str__(self) -> str:
        return f"{self.subject} {self.name} {self.state}"

    @property
    def is_waiting(self) -> bool:
        return self.state == ProposalState.WAITING
