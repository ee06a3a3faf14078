"""Which addresses events may go to: looked at where the socket opens, on the address that is really dialled.

A name that is checked first and resolved again afterwards may lead elsewhere the second time.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

from django.conf import settings
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from connections.remoteit.wire.watched import POOLS

if TYPE_CHECKING:
    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

METADATA = {
    *map(ipaddress.ip_address, ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"))
}
"""What clouds tell their machines' secrets at, link-local or not: never, whatever WEBHOOK_ALLOW says."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(NewConnectionError):
    """No address of the host may be dialled. The message names neither the address nor what answers there."""


def is_allowed(address: str, host: str) -> bool:
    """Whether `address`, one of those of `host`, may be dialled: public ones, and those that WEBHOOK_ALLOW names."""
    ip = _unwrapped(address)
    if ip in METADATA or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    return ip.is_global or is_named(host, ip)


def is_named(host: str, ip: Address | None = None) -> bool:
    """Whether WEBHOOK_ALLOW names `host`, or a network that `ip` is in."""
    for entry in settings.WEBHOOK_ALLOW:
        try:
            if ip is not None and ip in ipaddress.ip_network(entry):
                return True
        except ValueError:
            if entry.lower() == host.lower():
                return True
    return False


def _unwrapped(address: str) -> Address:
    """The IPv4 address in an IPv6 one that only wraps it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return wrapped or ip
    return ip


class _Guarded(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        host = self.host.strip("[]")
        try:
            found = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NameResolutionError(host, self, socket.gaierror(str(error))) from error
        allowed = [place for *_kind, place in found if is_allowed(str(place[0]), host)]
        if not allowed:
            raise Forbidden(self, "the address is not public, and WEBHOOK_ALLOW names neither it nor the host")
        return _dialled(self, allowed)


def _dialled(connection: HTTPConnection, places: list[Any]) -> socket.socket:
    why: OSError | None = None
    for place in places:
        try:
            return socket.create_connection(place[:2], connection.timeout)
        except OSError as error:
            why = error
    raise NewConnectionError(connection, f"no connection: {type(why).__name__}")


def _pool(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    """The panel's own pool, whose connections look at where they go."""
    guarded = type("Guarded", (_Guarded, pool.ConnectionCls), {})
    return type("GuardedPool", (pool,), {"ConnectionCls": guarded})


GUARDED: dict[str, type[HTTPConnectionPool] | type[HTTPSConnectionPool]] = {
    scheme: _pool(pool) for scheme, pool in POOLS.items()
}
