"""Tokens: how a program comes in as a person, with less than that person may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime

NAME_LENGTH = 60
PUBLIC_ID_LENGTH = 8


class Scope(models.TextChoices):
    """What a token may be given. The names are a contract with other people's scripts."""

    METRICS_READ = "metrics:read", _("read the metrics")
    CONNECTIONS_READ = "connections:read", _("read connections")
    RUNS_CREATE = "runs:create", _("stop connections")
    RUNS_READ = "runs:read", _("read runs and what became of each connection")
    RUNS_STEER = "runs:steer", _("pause, resume and cancel runs")
    HOLDS_CREATE = "holds:create", _("hold what was stopped")
    HOLDS_READ = "holds:read", _("read holds")
    HOLDS_STEER = "holds:steer", _("end holds")
    ACCOUNTS_READ = "accounts:read", _("read how accounts and their lists are")
    LISTS_READ = "lists:read", _("have lists read now")
    HISTORY_READ = "history:read", _("read the history")
    EVIDENCE_READ = "evidence:read", _("have evidence made")


class TokenState(models.TextChoices):
    """`REVOKED`, `EXPIRED` and `OWNER_OFF` open nothing; a leaked one does, until somebody revokes it."""

    REVOKED = "revoked", _("revoked")
    EXPIRED = "expired", _("ended")
    OWNER_OFF = "owner_off", _("its owner may not sign in")
    LEAKED = "leaked", _("leaked: it stood in an address")
    NEVER_USED = "never_used", _("never used")
    IN_USE = "in_use", _("in use")


class ApiToken(models.Model):
    """One token. What it is made of is shown once and not kept; `digest` is the SHA-256 of its 256-bit secret."""

    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_tokens", verbose_name=_("owner")
    )
    scopes = models.JSONField(_("scopes"), default=list)
    narrower = models.TextField(_("narrower"), blank=True)
    """A search: of what its owner may see, it sees only what matches. "": nothing narrower."""
    most_per_run = models.PositiveIntegerField(_("most connections in a run"), null=True, blank=True)
    most_per_hour = models.PositiveIntegerField(_("most connections in an hour"), null=True, blank=True)
    networks = models.JSONField(_("from these networks"), default=list)
    """Addresses and networks from which alone it is taken; empty: from anywhere."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("ends"))
    revoked_at = models.DateTimeField(null=True, editable=False)
    leaked_at = models.DateTimeField(null=True, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    """When it was last taken, to the minute."""
    used_from = models.CharField(max_length=45, blank=True, editable=False)
    refused_at = models.DateTimeField(null=True, editable=False)
    refused_from = models.CharField(max_length=45, blank=True, editable=False)

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        ordering = ("name", "pk")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    def state(self, at: datetime) -> TokenState:
        """What it is worth at `at`."""
        if self.revoked_at is not None:
            return TokenState.REVOKED
        if self.expires_at <= at:
            return TokenState.EXPIRED
        if not self.owner.is_active:
            return TokenState.OWNER_OFF
        if self.leaked_at is not None:
            return TokenState.LEAKED
        return TokenState.IN_USE if self.used_at else TokenState.NEVER_USED

    @property
    def shown_id(self) -> str:
        """How it begins, by which people tell it from others."""
        return f"ria_{self.public_id}"


class IdempotencyKey(models.Model):
    """One wish of a token, by the key that its program gave it: asked for again, the same run is told of."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, db_index=False)
    path = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    """The SHA-256 of what was asked for."""
    run = models.ForeignKey("StopRun", on_delete=models.CASCADE, null=True, db_index=False, related_name="+")
    hold = models.ForeignKey("Hold", on_delete=models.CASCADE, null=True, db_index=False, related_name="+")
    """Neither is set while the first request is still at it."""
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("token", "path", "key"), name="one_wish_per_key"),)

    def __str__(self) -> str:
        return f"{self.token_id} {self.key}"
