"""When the person of a session last proved that it is them, and how: large decisions ask for it again."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.core import signing
from django.urls import reverse
from django.utils import timezone

from connections.stops.approvals import Proof

if TYPE_CHECKING:
    from django.http import HttpRequest

KEY = "proof"
COMING = "proof_coming"
SALT = "connections.proof-purpose"


def note(request: HttpRequest, kind: str) -> None:
    """The person has just proved who they are, by `kind`, one of those of `Proof`."""
    request.session[KEY] = [kind, int(time.time())]


def will_come(request: HttpRequest, kind: str) -> None:
    """The next sign-in of this session is proved by `kind` beside or instead of the password."""
    request.session[COMING] = kind


def coming(request: HttpRequest | None) -> str:
    """By what the sign-in is proved that is just made, "" for a password alone."""
    return str(request.session.get(COMING, "")) if request is not None else ""


def came(request: HttpRequest) -> None:
    """Somebody has just signed in, and so proved that it is them."""
    note(request, str(request.session.pop(COMING, "password")))


def proof_of(request: HttpRequest) -> Proof | None:
    """The last proof of this session, however old; None before the first."""
    found = request.session.get(KEY)
    return Proof(str(found[0]), datetime.fromtimestamp(int(found[1]), UTC)) if found else None


def is_fresh(request: HttpRequest) -> bool:
    proof = proof_of(request)
    return proof is not None and proof.is_fresh(timezone.now())


def prove_address(back: str, purpose: str) -> str:
    """The page that asks for a proof, for `purpose` in words, and leads `back`."""
    signed = signing.dumps(purpose, salt=SALT)
    return f"{reverse('prove')}?{urlencode({'next': back, 'for': signed})}"
