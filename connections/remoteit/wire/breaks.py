"""What an exception of a call means to a human: one sentence, then the classes for whoever debugs it."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator

from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)

from connections.remoteit.wire.watched import ProxyRefused

# The quotation is the operating system's, which may hold brackets; no sentence of ours does before it.
_DESCRIBED = re.compile(r"(?P<sentence>[^()]+) \((?P<classes>\w+( <- \w+)*(: .*)?)\)", re.DOTALL)


def describe(error: Exception, *, left: bool, expired: bool, limit: float) -> str:
    """Return the reason for a call that brought no whole answer.

    ``left`` and ``expired`` as the call knows them, ``limit`` in seconds. Only what the operating system or the TLS
    library says is quoted: other messages hold memory addresses, URLs or header values.
    """
    chain = list(_chain(error))
    classes = " <- ".join(dict.fromkeys(type(link).__name__ for link in chain))
    quoted = next((f": {words}" for link in reversed(chain) if (words := _system_words(link))), "")
    sentence = _after_sending(chain) if left else _before_sending(chain)
    if expired:
        sentence = f"No complete answer within {limit:g} s" if left else f"Not sent within {limit:g} s"
    return f"{sentence} ({classes}{quoted})"


def split(reason: str) -> tuple[str, str]:
    """The sentence of what ``describe`` returned, and what stands in brackets behind it; "" for other reasons."""
    found = _DESCRIBED.fullmatch(reason)
    return (found["sentence"], found["classes"]) if found else (reason, "")


def _before_sending(chain: list[BaseException]) -> str:
    for link in chain:
        if isinstance(link, ProxyRefused):
            return f"The proxy refused to connect to the API: {link}"
    if _has(chain, ProxyError):
        return _before_the_proxy(chain)
    if _has(chain, NameResolutionError, socket.gaierror):
        return "The API's host name could not be resolved"
    if _has(chain, ssl.SSLError):
        return "No secure connection to the API: the TLS handshake failed"
    if _has(chain, ConnectionRefusedError):
        return "The API's host refused the connection"
    # NewConnectionError is a ConnectTimeoutError by inheritance, and says nothing of a time.
    if _has(chain, ConnectTimeoutError, ReadTimeoutError, TimeoutError) and not _has(chain, NewConnectionError):
        return "The API's host did not accept a connection in time"
    if _has(chain, UnicodeError):
        return "The request holds characters that can't be sent"
    return "No connection to the API"


def _before_the_proxy(chain: list[BaseException]) -> str:
    if _has(chain, NameResolutionError, socket.gaierror):
        return "The proxy's host name could not be resolved"
    if _has(chain, ssl.SSLError):
        return "No secure connection to the proxy: the TLS handshake failed"
    if _has(chain, ConnectionRefusedError):
        return "The proxy's host refused the connection"
    return "No connection to the proxy"


def _after_sending(chain: list[BaseException]) -> str:
    if _has(chain, ReadTimeoutError, TimeoutError):
        return "The request was sent, but no complete answer came in time"
    if _has(chain, DecodeError):
        return "The request was sent, but the answer could not be decoded"
    return "The request was sent, but the connection broke before a complete answer"


def _has(chain: list[BaseException], *classes: type[BaseException]) -> bool:
    return any(isinstance(link, classes) for link in chain)


def _system_words(link: BaseException) -> str:
    return link.strerror or "" if isinstance(link, OSError) and link.errno is not None else ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield ``error`` and what caused it; requests and urllib3 keep causes in ``args`` and ``reason`` as well."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        error = next((link for link in inner if isinstance(link, BaseException)), None)
