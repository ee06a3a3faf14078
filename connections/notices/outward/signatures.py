"""The signatures of Standard Webhooks 1.0.0 (github.com/standard-webhooks, spec/standard-webhooks.md)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connections.models.telling.webhooks import Form

SECRET, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
SECRET_BYTES = 32
"""The specification asks for 24 to 64."""


def new_key(form: str) -> str:
    """A new secret for `form`: `whsec_…` or `whsk_…`, in base64."""
    if form == Form.STANDARD_KEY:
        return PRIVATE + _base64(Ed25519PrivateKey.generate().private_bytes_raw())
    return SECRET + _base64(secrets.token_bytes(SECRET_BYTES))


def public_of(key: str) -> str:
    """The `whpk_…` of a `whsk_…`, by which the receiver checks; "" for a shared secret."""
    if not key.startswith(PRIVATE):
        return ""
    return PUBLIC + _base64(_private(key).public_key().public_bytes_raw())


def sign(keys: list[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: of each of `keys` one, so that a receiver changes over without a gap."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(_one(key, signed) for key in keys)


def _one(key: str, signed: bytes) -> str:
    if key.startswith(PRIVATE):
        return "v1a," + _base64(_private(key).sign(signed))
    secret = base64.b64decode(key.removeprefix(SECRET))
    return "v1," + _base64(hmac.new(secret, signed, hashlib.sha256).digest())


def _private(key: str) -> Ed25519PrivateKey:
    # Other tools write seed and public key after one another: the seed is the first 32 bytes.
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(key.removeprefix(PRIVATE))[:32])


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
