"""The key that signs checkpoints and evidence: Ed25519, from AUDIT_SIGNING_KEY or a file beside the database."""

from __future__ import annotations

import base64
import binascii
import contextlib
import logging
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from connections.models import AuditCheckpoint

logger = logging.getLogger(__name__)

FILE = "audit_signing.key"
PUBLIC = "public:"


class NoSigningKey(Exception):
    """Nothing can be signed on this host. The message is fit for a person."""


def signing_key() -> Ed25519PrivateKey:
    """The key that signs. The first time ever, without AUDIT_SIGNING_KEY, it is made and kept in `key_file`.

    Raises NoSigningKey: an earlier checkpoint was signed by a key that this host does not have, or its file can't
    be made. A new key instead would look like a forger's. Raises ImproperlyConfigured: what there is is no key.
    """
    texts = _texts()
    if not texts:
        if AuditCheckpoint.objects.exists():
            raise NoSigningKey(
                _("The key that signs the history is not on this host: there is no %s and no AUDIT_SIGNING_KEY.")
                % key_file()
            )
        _make(key_file())
        texts = _texts()
    if texts[0].startswith(PUBLIC):
        raise NoSigningKey(_("The first of AUDIT_SIGNING_KEY is a public key, which can't sign."))
    return Ed25519PrivateKey.from_private_bytes(_bytes(texts[0]))


def trusted_keys() -> list[str]:
    """The public keys, in base64, whose signatures are ours, that of `signing_key` first; none where none is known.

    Raises ImproperlyConfigured for what is no key.
    """
    return [
        text.removeprefix(PUBLIC)
        if text.startswith(PUBLIC)
        else public_text(Ed25519PrivateKey.from_private_bytes(_bytes(text)))
        for text in _texts()
    ]


def public_text(key: Ed25519PrivateKey) -> str:
    """The public part of `key` in base64."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def sign(key: Ed25519PrivateKey, text: str) -> str:
    """The signature of `text`, in base64."""
    return base64.b64encode(key.sign(text.encode())).decode()


def is_signed(public_key: str, signature: str, text: str) -> bool:
    """Whether `public_key`, in base64, has signed `text`."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def key_file() -> Path:
    return Path(settings.AUDIT_FOLDER) / FILE


def _texts() -> list[str]:
    """The keys as they are written, the one that signs first."""
    if settings.AUDIT_SIGNING_KEY:
        texts = [text.strip() for text in settings.AUDIT_SIGNING_KEY.split(",") if text.strip()]
        for text in texts:
            _bytes(text.removeprefix(PUBLIC))
        return texts
    try:
        return [key_file().read_text().strip()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise NoSigningKey(_("%(file)s: %(why)s") % {"file": key_file(), "why": error.strerror}) from None


def _bytes(text: str) -> bytes:
    with contextlib.suppress(binascii.Error):
        key = base64.b64decode(text, validate=True)
        if len(key) == 32:
            return key
    raise ImproperlyConfigured(
        _(
            "AUDIT_SIGNING_KEY, and the file in its place, hold 32 bytes in base64; "
            "older keys as `public:` and the same."
        )
    )


def _make(path: Path) -> None:
    """Make a new key in `path`, for its owner alone, unless another process was first. Raises NoSigningKey."""
    try:
        # Written whole under another name (mkstemp's mode is 0600) and linked, which fails where the name is taken.
        handle, name = tempfile.mkstemp(prefix=f"{FILE}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()) + b"\n")
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(name, path)
        finally:
            os.unlink(name)
    except OSError as error:
        raise NoSigningKey(
            _("No key to sign the history with: %(file)s can't be made: %(why)s.")
            % {"file": path, "why": error.strerror}
        ) from None
    logger.warning(
        "A key to sign the history's checkpoints lies in %s. Copy it to where only you can read it: without it no "
        "later checkpoint can be signed, and whoever has it can rewrite the history unseen.",
        path,
    )
