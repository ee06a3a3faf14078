"""Making, finding, revoking tokens. A token is never more than its owner is at the moment it is used."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connections.audit.append import Entry, append, timestamp
from connections.models import ApiToken, IdempotencyKey
from connections.models.integrations.tokens import PUBLIC_ID_LENGTH, TokenState
from connections.models.rights import may
from connections.people.rights import people_in_reach
from remoteit_admin import proxies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from connections.audit.origin import Origin

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_BITS = 256
SECRET_LENGTH, CHECKSUM_LENGTH = 43, 6
"""Digits of base 62 that 256 and 32 bits take."""
FORM = re.compile(
    "_".join(["ria", *(f"([0-9A-Za-z]{{{n}}})" for n in (PUBLIC_ID_LENGTH, SECRET_LENGTH, CHECKSUM_LENGTH))])
)
DEFAULT_DAYS, MOST_DAYS = 90, 366
NOTED_EVERY = timedelta(minutes=1)
WISHES_KEPT_FOR = timedelta(days=7)
OPENS = (TokenState.IN_USE, TokenState.NEVER_USED, TokenState.LEAKED)


def make(
    owner: User,
    *,
    name: str,
    scopes: Sequence[str],
    days: int,
    by: User | None,
    origin: Origin,
    narrower: str = "",
    most_per_run: int | None = None,
    most_per_hour: int | None = None,
    networks: Sequence[str] = (),
) -> tuple[ApiToken, str]:
    """A new token of `owner` that ends after `days`, and its text, which is kept nowhere. `by`: None for a command."""
    secret = _base62(secrets.randbits(SECRET_BITS), SECRET_LENGTH)
    public_id = "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC_ID_LENGTH))
    token = ApiToken(
        name=name,
        public_id=public_id,
        digest=_digest(secret),
        owner=owner,
        scopes=sorted(set(scopes)),
        narrower=narrower,
        most_per_run=most_per_run,
        most_per_hour=most_per_hour,
        networks=list(networks),
        expires_at=timezone.now() + timedelta(days=days),
    )
    with transaction.atomic():
        token.save()
        append([_line("token.created", token, by, origin, days=days, **_limits(token))])
    text = f"ria_{public_id}_{secret}"
    return token, f"{text}_{_checksum(text)}"


def revoke(token: ApiToken, by: User | None, origin: Origin) -> bool:
    """Take `token` from everybody who has it. False: it was revoked already."""
    with transaction.atomic():
        if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            return False
        append([_line("token.revoked", token, by, origin)])
    token.refresh_from_db()
    return True


def in_reach_of(actor: User) -> QuerySet[ApiToken]:
    """The tokens that `actor` may look at and revoke: their own, and those of whom they may change."""
    if not may(actor, "change_user"):
        return ApiToken.objects.filter(owner=actor)
    return ApiToken.objects.filter(owner__in=people_in_reach(actor).values("pk"))


def owners_for(actor: User) -> QuerySet[User]:
    """For whom `actor` may make a token: for themselves, and for those of whom they may change that can't sign in."""
    own = Q(pk=actor.pk)
    if not may(actor, "change_user"):
        return User.objects.filter(own)
    machines = Q(pk__in=people_in_reach(actor).values("pk"), is_active=True, is_staff=False)
    return User.objects.filter(own | machines).order_by("username")


def find(text: str) -> ApiToken | None:
    """The token that `text` is, whatever it is worth now; None for any other text."""
    found = FORM.fullmatch(text)
    if found is None or not hmac.compare_digest(_checksum(text.rpartition("_")[0]), found[3]):
        return None
    token = ApiToken.objects.select_related("owner").filter(public_id=found[1]).first()
    if token is None or not hmac.compare_digest(token.digest, _digest(found[2])):
        return None
    return token


def public_id_of(text: str) -> str:
    """How `text`, which opens nothing, begins, if it looks like a token; "" otherwise. No part of its secret."""
    found = FORM.fullmatch(text)
    return f"ria_{found[1]}" if found else ""


def why_refused(token: ApiToken, address: str, at: datetime) -> str:
    """Why `token` opens nothing at `at` for who comes from `address`; "" when it does."""
    state = token.state(at)
    if state not in OPENS:
        return state
    if token.networks and not proxies.is_trusted(address or "-", token.networks):
        return "network"
    return ""


def opens(text: str, at: datetime) -> bool:
    """Whether `text` is a token that opens something at `at`, wherever it comes from."""
    token = find(text)
    return token is not None and token.state(at) in OPENS


def note_use(token: ApiToken, address: str, at: datetime) -> None:
    """Note when and from where it was used last: at most once a minute, or when the address is another."""
    if token.used_at and at - token.used_at < NOTED_EVERY and token.used_from == address:
        return
    ApiToken.objects.filter(pk=token.pk).update(used_at=at, used_from=address)


def note_leak(token: ApiToken, origin: Origin) -> None:
    """It stood where proxies and logs keep it. The first time has its line."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, leaked_at=None).update(leaked_at=timezone.now()):
            append([_line("token.leaked", token, None, origin)])


def forget_old_wishes() -> int:
    """Delete the keys of wishes that are kept no longer. Returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=timezone.now() - WISHES_KEPT_FOR).delete()[0]


def refused_line(token: ApiToken, why: str, origin: Origin) -> Entry:
    """The line of one use of a known `token` that was refused."""
    return _line("token.refused", token, None, origin, why=why)


def note_refusal(token: ApiToken, address: str, at: datetime) -> None:
    ApiToken.objects.filter(pk=token.pk).update(refused_at=at, refused_from=address)


def _line(action: str, token: ApiToken, by: User | None, origin: Origin, **facts: object) -> Entry:
    named = {"token": token.name, "token_id": token.shown_id, "user": token.owner.get_username()}
    return Entry(action, origin, actor=by, facts={**named, **facts})


def _limits(token: ApiToken) -> dict[str, object]:
    return {
        "scopes": token.scopes,
        "narrower": token.narrower,
        "most_per_run": token.most_per_run,
        "most_per_hour": token.most_per_hour,
        "networks": token.networks or None,
        "expires_at": timestamp(token.expires_at),
    }


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    """CRC-32 in base 62: a typing error, and a finder of secrets in code, need ask nobody."""
    return _base62(zlib.crc32(text.encode()), CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _place in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
