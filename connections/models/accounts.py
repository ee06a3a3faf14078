from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """One remote.it login or access key."""

    DEFAULT = "default"

    name = models.CharField(_("name"), max_length=80, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    paused_why = models.TextField(_("why it is paused"), blank=True)
    limited_at = models.DateTimeField(null=True, editable=False)
    """When remote.it last asked for a pause; answers to what was sent before are of the same burst."""
    limits_in_row = models.PositiveSmallIntegerField(default=0, editable=False)
    next_send_at = models.DateTimeField(null=True, editable=False)
    """When the next stop may leave, where STOP_MAX_PER_SECOND spaces them; held across all workers."""

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def is_paused(self, at: datetime) -> bool:
        return self.paused_until is not None and self.paused_until > at
