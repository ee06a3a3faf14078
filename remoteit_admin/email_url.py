"""The mail server of EMAIL_URL: `smtp://`, `smtp+tls://` (STARTTLS) or `smtps://`, and who the sender is."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from remoteit_admin.invalid_setting import InvalidSetting

PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
EXPECTED = "smtp+tls://USER:PASSWORD@HOST:PORT/?from=panel@example.com (or smtps://, or smtp:// without a password)"


def settings_of(name: str, text: str) -> dict[str, Any]:
    """Django's settings for it. Raises InvalidSetting, whose message repeats nothing of `text`: it holds a password."""
    if not text:
        return {"EMAIL_HOST": ""}
    try:
        url = urlsplit(text)
        port = url.port or PORTS.get(url.scheme, 0)
        query = parse_qs(url.query, strict_parsing=True) if url.query else {}
    except ValueError:
        raise InvalidSetting(f"{name} has to be {EXPECTED}.") from None
    sender = query.get("from", [""])[0]
    if not port or url.scheme not in PORTS or not url.hostname or "@" not in sender or {*query} != {"from"}:
        raise InvalidSetting(f"{name} has to be {EXPECTED}.")
    if url.password and url.scheme == "smtp":
        raise InvalidSetting(f"{name} would send a password in the clear: it has to be smtp+tls:// or smtps://.")
    return {
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": url.scheme == "smtp+tls",
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "DEFAULT_FROM_EMAIL": sender,
    }
