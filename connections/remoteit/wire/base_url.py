"""Which base URLs of the API are safe to send credentials to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit


class InvalidBaseURL(ValueError):
    """The base URL of the API can't be used; the message says why and repeats nothing secret."""


class InvalidProxyURL(ValueError):
    """The proxy's URL can't be used; the message says why and repeats nothing of it."""


def checked_base_url(url: str) -> str:
    """Return ``url`` without a trailing slash. Raises InvalidBaseURL unless it is https, or http to this machine."""
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise InvalidBaseURL("The API's base URL is empty or has characters that no URL has")
    try:
        parts, host = _split(url)
    except ValueError:
        raise InvalidBaseURL("The API's base URL can't be read: its host or port is wrong") from None
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise InvalidBaseURL("The API's base URL must not hold a user name, a password, a query or a fragment")
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidBaseURL("The API's base URL has to start with https:// and a host name")
    if parts.scheme == "http" and not _is_loopback(host):
        raise InvalidBaseURL(f"http:// would send the credentials to {host} in the clear: use https://")
    return url.rstrip("/")


def checked_proxy_url(url: str) -> str:
    """Return ``url``, that of an egress proxy, if it can be used. Raises InvalidProxyURL."""
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise InvalidProxyURL("The proxy's URL is empty or has characters that no URL has: write them as %XX")
    try:
        parts, host = _split(url)
    except ValueError:
        raise InvalidProxyURL("The proxy's URL can't be read: its host or port is wrong") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidProxyURL("The proxy's URL has to start with http:// or https:// and a host name")
    if parts.path not in ("", "/") or parts.netloc.count("@") > 1 or "?" in url or "#" in url:
        raise InvalidProxyURL("The proxy's URL ends after host and port; in a password write / ? # and @ as %XX")
    return url


def _split(url: str) -> tuple[SplitResult, str]:
    """The parts of ``url``, and its host, "" without one. Raises ValueError."""
    parts = urlsplit(url)
    if parts.port == 0:
        raise ValueError("nothing listens there")
    return parts, parts.hostname or ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
