from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """One remote.it login or access key."""

    DEFAULT = "default"

    name = models.CharField(_("name"), max_length=80, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    paused_why = models.TextField(_("why it is paused"), blank=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
