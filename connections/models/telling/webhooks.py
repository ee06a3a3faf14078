"""Where machines are told what the history says."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models.credentials import EncryptedJSONField


class Form(models.TextChoices):
    """How an endpoint wants it."""

    STANDARD_SECRET = "secret", _("Standard Webhooks, shared secret")
    STANDARD_KEY = "ed25519", _("Standard Webhooks, ed25519")
    SLACK = "slack", _("Slack")
    TEAMS = "teams", _("Microsoft Teams")
    PAGERDUTY = "pagerduty", _("PagerDuty")

    @property
    def is_signed(self) -> bool:
        return self in (Form.STANDARD_SECRET, Form.STANDARD_KEY)


class EndpointManager(models.Manager["Endpoint"]):
    def get_queryset(self) -> models.QuerySet[Endpoint]:
        """Without secrets, which are opened where one is used: one that no key opens breaks no other."""
        return super().get_queryset().defer("secrets")


class Endpoint(models.Model):
    """An address that events are posted to."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    form = models.CharField(_("form"), max_length=12, choices=Form.choices, default=Form.STANDARD_SECRET)
    events = models.JSONField(_("events"), default=list)
    """The types of events that it gets."""
    with_names = models.BooleanField(_("names of people, reasons and tickets too"), default=False)
    secrets = EncryptedJSONField()
    """`url`, which may hold a secret itself; `key`: what signs, or PagerDuty's routing key; `old`: the one before."""
    old_until = models.DateTimeField(null=True)
    """Until when the secret before this one signs, too."""
    since_seq = models.BigIntegerField(default=0)
    """It is told of the lines after this one."""
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    failing_since = models.DateTimeField(null=True)
    """When the first of the tries failed that failed in a row; None when the last one was taken."""
    off_at = models.DateTimeField(null=True)
    off_why = models.TextField(blank=True)
    gave_up = models.BooleanField(default=False)
    """Whether the panel turned it off, not a person."""

    objects = EndpointManager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        default_permissions = ()
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Endpoint {self.pk}>"

    def opened(self) -> dict[str, str]:
        """The secrets. Raises CannotDecrypt."""
        return dict(cast("dict[str, str]", self.secrets))
