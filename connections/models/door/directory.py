"""Whom an identity provider knows: who signs in by OpenID Connect is found by what never changes there."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class DirectoryPerson(models.Model):
    """A person of the panel who signs in at an identity provider."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="directory")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    """`sub` (OpenID Connect Core 2: at most 255 characters, never given to somebody else); names and mail may be."""
    linked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("issuer", "subject"), name="directory_person_once"),)

    def __str__(self) -> str:
        return str(self.user)
