"""By what a person proves that it is them beside the password: an app's codes, passkeys, recovery codes."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models.credentials import EncryptedJSONField


class CodeApp(models.Model):
    """The secret that a person's app makes its codes from (TOTP, RFC 6238)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="code_app")
    secret = EncryptedJSONField()
    last_step = models.BigIntegerField(default=0)
    """The period of the last code that was taken: none is taken twice."""
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user)


class Passkey(models.Model):
    """A key that the person's device keeps (WebAuthn); here stands the public half, which opens nothing."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys")
    credential_id = models.CharField(max_length=1400, unique=True)
    """In base64url. WebAuthn allows 1,023 bytes."""
    public = models.BinaryField()
    """The attested credential data, as the device gave it."""
    name = models.CharField(_("name"), max_length=60)
    sign_count = models.PositiveBigIntegerField(default=0)
    added_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """The digest of one of a person's recovery codes; it is as random as the digest is long, so nobody guesses back."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user)


class SignedIn(models.Model):
    """Where somebody is signed in: what a session's row, which opens nothing and names nobody, is called for people."""

    session = models.CharField(max_length=40, unique=True)
    """The digest that the table of sessions holds."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    began_at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=45)
    device = models.CharField(max_length=200)

    class Meta:
        default_permissions = ()
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.user} {self.address}"


class FactorRule(models.Model):
    """Whose sign-in takes a second factor, and for how many days it may wait."""

    group = models.OneToOneField("auth.Group", on_delete=models.CASCADE, null=True)
    """None: everybody."""
    since = models.DateTimeField(default=timezone.now)
    grace_days = models.PositiveSmallIntegerField(default=14)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.group or '*'} {self.grace_days}"
