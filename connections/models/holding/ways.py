from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from connections.models.accounts import Account


class ServiceWays(models.Model):
    """What the last reading said of the ways to one service. No address of a link, no key: only whether it is on.

    None in a column is "remote.it did not say".
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    service_key = models.CharField(max_length=23)
    """The service's address in lower case."""
    scope = models.CharField(max_length=64, blank=True)
    read_at = models.DateTimeField()
    why_not = models.TextField(blank=True)
    """Why some of it could not be read; "" when all was."""
    enabled = models.BooleanField(null=True)
    link = models.BooleanField(null=True)
    """Whether its public link is on; None also when it has none: then `has_link` is False."""
    has_link = models.BooleanField(default=False)
    may_manage = models.BooleanField(null=True)
    configurable = models.BooleanField(null=True)
    owner = models.CharField(max_length=254, blank=True)
    shares = models.JSONField(null=True)
    """Pairs of an e-mail address and since when."""
    members = models.JSONField(null=True)
    """Of each who may connect: e-mail address, since when, role, how far it reaches, tags."""
    networks = models.JSONField(null=True)
    """Of each that has the service, or tags that may match it: name, people, whether the service is in it, tags."""
    sessions = models.JSONField(null=True)
    """Of each that is open: who, since when, whether it is a proxy connection."""

    class Meta:
        verbose_name = _("ways to a service")
        verbose_name_plural = _("ways to services")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("account", "service_key"), name="one_reading_of_ways_per_service"),
        )

    def __str__(self) -> str:
        return self.service_key
