from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    """Not delivered yet, or to be tried again."""
    DELIVERED = "delivered", _("delivered")
    """Whoever was to get it took it."""
    GIVEN_UP = "given_up", _("given up")
    """It was refused for good, or tried for long enough."""


class CourierPlace(models.Model):
    """Up to which line of the history a channel has made its deliveries. Its lock lets one courier make them."""

    channel = models.CharField(max_length=40, primary_key=True)
    seq = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.channel} {self.seq}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def waiting(self) -> DeliveryQuerySet:
        return self.filter(state=DeliveryState.WAITING)

    def next_of_each(self) -> DeliveryQuerySet:
        """The oldest that waits for each target of a channel: what is behind it keeps its place."""
        earlier = Delivery.objects.waiting().filter(
            channel=models.OuterRef("channel"), target=models.OuterRef("target"), pk__lt=models.OuterRef("pk")
        )
        return self.waiting().filter(~models.Exists(earlier))


class Delivery(models.Model):
    """What one line of the history has to tell one target of a channel. `key` stays the same over all its tries."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=40)
    target = models.CharField(max_length=80)
    """To whom, in the channel's own words: the order of the history is kept for each."""
    seq = models.BigIntegerField()
    """The line of the history that it is about."""
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    tries = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    """When it is tried next; while it is being sent, when it is tried again should the courier die."""
    tried_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    status = models.PositiveIntegerField(null=True)
    """The status of the last answer, where the channel has such."""
    said = models.TextField(blank=True)
    """What the last try came to, fit for a person."""

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ("pk",)
        indexes = (
            # The courier: what waits, the oldest of each target.
            models.Index(fields=("channel", "target", "id"), condition=Q(state="waiting"), name="delivery_waiting"),
            # What one target got of late.
            models.Index(fields=("channel", "target", "-id"), name="delivery_by_target"),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.target} {self.seq}"
