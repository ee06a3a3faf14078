"""Passkeys (WebAuthn level 2), by Yubico's library: added, and asked for with the person's presence verified."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from connections.audit.append import Entry, append
from connections.models.door.factors import Passkey
from connections.people.lines import named

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin

MOST = 20
"""Passkeys of one person."""


class NoPasskey(Exception):
    """What the browser sent proves nothing: another host's, another challenge, a damaged or an unknown one."""


def server(host: str, port: str, *, is_https: bool) -> Fido2Server:
    """That of this panel, at the name that the browser shows. `port` as in the Host header, "" for none."""
    origin = f"{'https' if is_https else 'http'}://{host}{f':{port}' if port else ''}"
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=host, name="remoteit-admin"), verify_origin=lambda found: found == origin
    )


def begin_adding(panel: Fido2Server, user: User) -> tuple[dict[str, Any], Any]:
    """What the browser is given to make a passkey, and what has to be remembered until it answers."""
    person = PublicKeyCredentialUserEntity(
        id=str(user.pk).encode(), name=user.get_username(), display_name=user.get_full_name() or user.get_username()
    )
    options, state = panel.register_begin(
        person,
        [_public(one) for one in user.passkeys.all()],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options), state


def add(panel: Fido2Server, user: User, state: Any, answer: str, name: str, origin: Origin) -> Passkey:
    """Keep what the browser made. Raises NoPasskey."""
    made: AuthenticatorData = _checked(lambda: panel.register_complete(state, _read(answer)))
    data = made.credential_data
    if data is None or user.passkeys.count() >= MOST:
        raise NoPasskey
    key = websafe_encode(data.credential_id)
    with transaction.atomic():
        if Passkey.objects.filter(credential_id=key).exists():
            raise NoPasskey
        passkey = Passkey.objects.create(
            user=user, credential_id=key, public=bytes(data), name=name or "passkey", sign_count=made.counter
        )
        facts = {**named(user), "factor": "passkey", "name": passkey.name}
        append([Entry("user.factor_added", origin, actor=user, facts=facts)])
    return passkey


def begin_asking(panel: Fido2Server, user: User | None = None) -> tuple[dict[str, Any], Any]:
    """What the browser is given to prove one. `user`: whose; None for whoever comes."""
    known = [_public(one) for one in user.passkeys.all()] if user else None
    options, state = panel.authenticate_begin(known, user_verification=UserVerificationRequirement.REQUIRED)
    return dict(options), {**state, "at": timezone.now().timestamp()}


def check(panel: Fido2Server, state: Any, answer: str, user: User | None = None) -> Passkey:
    """The passkey that `answer` proves, of `user` where one is named. Raises NoPasskey.

    A challenge is good for one use: those that were made before the passkey's last one are not taken.

    A counter that did not go on shows a copied key (WebAuthn 7.2, step 21); devices that sync keep none, and send 0.
    """
    sent = _read(answer)
    rows = Passkey.objects.filter(credential_id=str(sent.get("id", ""))[:1400]).select_related("user")
    passkey = (rows.filter(user=user) if user else rows).first()
    if passkey is None or (passkey.used_at and passkey.used_at.timestamp() >= float(state["at"])):
        raise NoPasskey
    _checked(lambda: panel.authenticate_complete(state, [_public(passkey)], sent))
    count = _checked(lambda: AuthenticatorData(_bytes(sent["response"]["authenticatorData"])).counter)
    if count and count <= passkey.sign_count:
        raise NoPasskey
    fresh = Passkey.objects.filter(pk=passkey.pk, sign_count=passkey.sign_count, used_at=passkey.used_at)
    if not fresh.update(sign_count=count, used_at=timezone.now()):
        raise NoPasskey
    return passkey


def _public(passkey: Passkey) -> AttestedCredentialData:
    return AttestedCredentialData(bytes(passkey.public))


def _bytes(text: str) -> bytes:
    return websafe_decode(text)


def _read(answer: str) -> dict[str, Any]:
    try:
        sent = json.loads(answer)
    except ValueError:
        raise NoPasskey from None
    if not isinstance(sent, dict) or len(answer) > 20_000:
        raise NoPasskey
    return sent


def _checked(ask: Any) -> Any:
    """What `ask` returns. Whatever the library raises at what anybody may have sent is a no."""
    try:
        return ask()
    except Exception as error:
        raise NoPasskey from error
