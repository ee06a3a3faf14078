from __future__ import annotations

from django.conf import settings
from django.db import models


class SignInBrake(models.Model):
    """How many tries of a password failed of late for one key, and when the last began."""

    key = models.CharField(max_length=64, primary_key=True)
    """A digest of what is counted: a name and an address, an address, or a browser."""
    level = models.FloatField(default=0)
    """Failures that are not forgiven yet."""
    at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.level:.1f} {self.at}"


class FailedSignIns(models.Model):
    """The failures of one name from one address within one minute, until the history is told their sum."""

    minute = models.DateTimeField()
    action = models.CharField(max_length=40)
    name = models.CharField(max_length=150)
    address = models.CharField(max_length=45)
    told = models.PositiveIntegerField(default=0)
    """How many had a line of their own."""
    more = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("minute", "action", "name", "address"), name="one_sum_per_name_and_address"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.address} {self.minute}"


class SeenChanges(models.Model):
    """Up to which line of the history a superuser has seen who changed people, groups and their rights."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    seq = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user} {self.seq}"
