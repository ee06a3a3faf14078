"""Readings of the addresses that stand in the environment."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address as it stands in a URL or in ALLOWED_HOSTS, is this machine."""
    host = host.strip("[]").lower()
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def queue_from_url(url: str, base_dir: Path) -> dict[str, Any]:
    """Huey's settings for a QUEUE_URL.

    `url` is `sqlite:///FILE` (relative to `base_dir`), `redis://...` or `postgres://...`.
    Raises ImproperlyConfigured for any other.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = parts.path.removeprefix("/")
        return {"huey_class": "huey.SqliteHuey", "filename": str(base_dir / path)}
    if parts.scheme in ("redis", "rediss"):
        return {"huey_class": "huey.PriorityRedisHuey", "connection": {"url": url}}
    if parts.scheme in ("postgres", "postgresql"):
        return {"huey_class": "huey.PostgresHuey", "dsn": url}
    raise ImproperlyConfigured(
        f"QUEUE_URL starts with {parts.scheme or 'nothing'}://; it has to be sqlite:///FILE, redis://… or postgres://…"
    )
