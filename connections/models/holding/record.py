from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models.holding.holds import Hold
from connections.models.holding.members import HoldMember


class RecordKind(models.TextChoices):
    STATE = "DEVICE_STATE", _("state")
    SHARE = "DEVICE_SHARE", _("share")


class VendorEvent(models.Model):
    """One line of remote.it's own record about a held service, as its events told it: a witness of what a hold did."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="vendor_events", db_index=False)
    member = models.ForeignKey(HoldMember, on_delete=models.PROTECT, related_name="vendor_events")
    event_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=RecordKind.choices)
    state = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    """By remote.it's clock."""
    by = models.CharField(max_length=254, blank=True)
    """Who did it, where the event names anybody."""
    people = models.JSONField(default=list)
    shared = models.BooleanField(null=True)
    """Whether a share was given or taken; None where the event does not say."""
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("event of remote.it")
        verbose_name_plural = _("events of remote.it")
        default_permissions = ()
        ordering = ("at", "pk")
        constraints = (
            models.UniqueConstraint(fields=("hold", "member", "event_id"), name="one_event_per_service_and_hold"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
