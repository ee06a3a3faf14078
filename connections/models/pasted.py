from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PastedList(models.Model):
    """Lines that somebody pasted, and what they meant then. It never changes: its key is made of what it holds."""

    key = models.CharField(max_length=32, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, verbose_name=_("person"))
    text = models.TextField()
    """As it was typed."""
    meant = models.JSONField()
    """Which connections the lines mean: see `connections.inventory.lookup.Meant`."""
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("pasted list")
        verbose_name_plural = _("pasted lists")
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
