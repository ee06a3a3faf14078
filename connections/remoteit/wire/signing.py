"""Requests signed with an access key: the HTTP signature that remote.it documents for its REST and GraphQL APIs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from email.utils import formatdate
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

SIGNED_HEADERS = "(request-target) host date content-type content-length"
DEFAULT_PORTS = {"http": 80, "https": 443}
# What a quoted value of the Authorization header can carry.
_KEY_ID = re.compile(r"[!#-\[\]-~]+")


class InvalidAccessKey(ValueError):
    """The access key can't sign; the message says why and repeats nothing of it."""


class AccessKeyAuth(AuthBase):
    """Signs each request with an access key: HMAC-SHA256 over the vendor's list of headers.

    Source: the vendor's page "authentication"; remoteit-api reference, section 1.5, scheme A. ``secret`` is base64 or
    base64url, padded or not. Raises InvalidAccessKey when a part is missing or not in its form.
    """

    def __init__(self, key_id: str, secret: str) -> None:
        if not key_id or not secret:
            lacking = "R3_SECRET_ACCESS_KEY" if key_id else "R3_ACCESS_KEY_ID"
            raise InvalidAccessKey(f"An access key has two parts, and {lacking} is missing")
        if not _KEY_ID.fullmatch(key_id):
            raise InvalidAccessKey("R3_ACCESS_KEY_ID has characters that no access key id has")
        self._key_id = key_id
        self._secret = _decoded(secret)

    def __repr__(self) -> str:
        return "AccessKeyAuth(hidden)"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add host, date and signature to ``request``. A ``Date`` that is there already stays.

        Raises TypeError for a body that isn't bytes, whose length could be another one on the wire.
        """
        body = request.body or b""
        if not isinstance(body, bytes):
            raise TypeError("only a body of bytes can be signed")
        headers = request.headers
        # Set here, because http.client would add it after the signature.
        headers["Host"] = _host(str(request.url))
        headers.setdefault("Date", formatdate(usegmt=True))
        # The vendor's samples sign 0 for a GET, which has no such header of its own accord.
        headers["Content-Length"] = str(len(body))
        headers["Authorization"] = (
            f'Signature keyId="{self._key_id}",algorithm="hmac-sha256",headers="{SIGNED_HEADERS}",'
            f'signature="{self._signature(request)}"'
        )
        return request

    def _signature(self, request: requests.PreparedRequest) -> str:
        values = {"(request-target)": f"{str(request.method).lower()} {request.path_url}"}
        names = SIGNED_HEADERS.split()
        lines = [f"{name}: {values.get(name) or request.headers.get(name, '')}" for name in names]
        digest = hmac.new(self._secret, "\n".join(lines).encode("latin-1"), hashlib.sha256).digest()
        return base64.b64encode(digest).decode("ascii")


def _decoded(secret: str) -> bytes:
    """Return the key's bytes. The vendor's own sample secret has no padding, and some are base64url."""
    digits = secret.strip().rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except (binascii.Error, ValueError):
        # Not "from error": its message may quote the value.
        raise InvalidAccessKey("R3_SECRET_ACCESS_KEY is not base64: copy it again, whole and without quotes") from None


def _host(url: str) -> str:
    parts = urlsplit(url)
    name = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    return name if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)) else f"{name}:{parts.port}"
