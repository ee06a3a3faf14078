"""The second factor: adding it, checking it, taking it away; each with its line, and never with a secret in it."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pyotp
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.models.door.factors import CodeApp, FactorRule, Passkey, RecoveryCode
from connections.people.lines import named

if TYPE_CHECKING:
    from connections.audit.origin import Origin

PERIOD_S = 30
DRIFT = 1
"""Periods by which a phone's clock may be off, RFC 6238 section 5.2: one, so up to 30 s and a little more."""
RECOVERY_CODES = 10
NOT_REQUIRED = "not required"
TOTP, RECOVERY_CODE, PASSKEY = "totp", "recovery_code", "passkey"


def has_second(user: User) -> bool:
    """Whether `user` signs in with more than a password."""
    return CodeApp.objects.filter(user=user).exists() or Passkey.objects.filter(user=user).exists()


def new_secret() -> str:
    """A secret for an app, 160 bits in base32."""
    return pyotp.random_base32()


def app_address(user: User, secret: str, panel: str) -> str:
    """What the QR code holds: `otpauth://totp/…`."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.get_username(), issuer_name=panel)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The period whose code this is, one around `now`; None for a wrong one. All are compared, whichever fits."""
    digits, totp, current = "".join(code.split()), pyotp.TOTP(secret), int(now.timestamp()) // PERIOD_S
    steps = range(current - DRIFT, current + DRIFT + 1)
    fitting = [step for step in steps if secrets.compare_digest(totp.at(step * PERIOD_S).encode(), digits.encode())]
    return fitting[0] if fitting else None


def add_app(user: User, secret: str, code: str, origin: Origin) -> bool:
    """Keep `secret` as that of the app of `user`, if `code` shows that the app has it."""
    step = step_of(secret, code, timezone.now())
    if step is None:
        return False
    with transaction.atomic():
        CodeApp.objects.update_or_create(user=user, defaults={"secret": secret, "last_step": step})
        append([_line("user.factor_added", user, origin, factor=TOTP)])
    return True


def check_app(user: User, code: str) -> bool:
    """Whether this is a code of the app of `user` that was not taken before; it is taken now."""
    app = CodeApp.objects.filter(user=user).first()
    step = step_of(str(app.secret), code, timezone.now()) if app else None
    if app is None or step is None:
        return False
    return bool(CodeApp.objects.filter(pk=app.pk, last_step__lt=step).update(last_step=step))


def new_recovery_codes(user: User, origin: Origin) -> list[str]:
    """Ten new codes, of which each opens once; the earlier ones open nothing any more. They are shown this once."""
    codes = ["-".join((secrets.token_hex(4), secrets.token_hex(4))) for _number in range(RECOVERY_CODES)]
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user, code)) for code in codes)
        append([_line("user.factor_added", user, origin, factor=RECOVERY_CODE)])
    return codes


def use_recovery_code(user: User, code: str) -> bool:
    """Whether this is one of the codes of `user`; it opens nothing any more."""
    return bool(RecoveryCode.objects.filter(user=user, digest=_digest(user, code)).delete()[0])


def remove(user: User, factor: str, origin: Origin, *, passkey: int | None = None) -> bool:
    """Take the app, or the passkey with this key, from `user`. Whether there was one."""
    rows = Passkey.objects.filter(user=user, pk=passkey) if passkey else CodeApp.objects.filter(user=user)
    with transaction.atomic():
        if not rows.delete()[0]:
            return False
        if not has_second(user):
            RecoveryCode.objects.filter(user=user).delete()
        append([_line("user.factor_removed", user, origin, factor=factor)])
    return True


def reset(user: User, reason: str, origin: Origin, actor: User | None = None) -> int:
    """Take every second factor from `user`, who is locked out. Returns how many there were."""
    with transaction.atomic():
        gone = CodeApp.objects.filter(user=user).delete()[0] + Passkey.objects.filter(user=user).delete()[0]
        RecoveryCode.objects.filter(user=user).delete()
        facts = {**named(user), "factors": gone, "reason": reason}
        append([Entry("user.sign_in_reset", origin, actor=actor, facts=facts)])
    return gone


def due(user: User) -> datetime | None:
    """From when on `user` can do nothing without a second factor; None where none is required, or they have one."""
    rules = list(FactorRule.objects.filter(Q(group=None) | Q(group__in=user.groups.all())))
    if not rules or has_second(user):
        return None
    return min(max(rule.since, user.date_joined) + timedelta(days=rule.grace_days) for rule in rules)


def require(group: Group | None, grace_days: int | None, actor: User, origin: Origin) -> bool:
    """Ask the people of `group` (None: everybody) for a second factor after so many days; None: don't.

    Whether that is a change. It counts from each person's next sign-in on.
    """
    with transaction.atomic():
        rule = FactorRule.objects.select_for_update().filter(group=group).first()
        if (rule.grace_days if rule else None) == grace_days:
            return False
        FactorRule.objects.filter(group=group).delete()
        if grace_days is not None:
            FactorRule.objects.create(group=group, grace_days=grace_days)
        facts = {"group": group.name if group else "", "grace_days": NOT_REQUIRED if grace_days is None else grace_days}
        append([Entry("factor_rule.changed", origin, actor=actor, facts=facts)])
    return True


def _digest(user: User, code: str) -> str:
    letters = "".join(char for char in code.lower() if char.isalnum())
    return hashlib.sha256(f"{user.pk}\0{letters}".encode()).hexdigest()


def _line(action: str, user: User, origin: Origin, **facts: str) -> Entry:
    return Entry(action, origin, actor=user, facts={**named(user), **facts})
