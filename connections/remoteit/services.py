"""Some services in one small call: what is open at each, whether it is on, and remote.it's own events of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connections.remoteit.answers import Cause
from connections.remoteit.documents import Document
from connections.remoteit.sessions import Session, row_of
from connections.remoteit.wire.replies import is_id, storable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connections.remoteit.asking import Told
    from connections.remoteit.client import Client

AT_ONCE = 100
"""How many services one query asks for."""


@dataclass(frozen=True)
class ConnectEvent:
    """One "connected" or "disconnected" of remote.it's own events; ``lifetime_s`` in seconds, with the second alone."""

    id: str
    session: str
    opened_by: str
    state: str
    at: str
    proxy: bool
    lifetime_s: int | None


@dataclass(frozen=True)
class Service:
    """What remote.it says of one service. ``link``: whether its public link is on, None when it has none.

    ``sessions`` is None when they could not be read whole, ``events`` when nobody asked or they could not be.
    """

    address: str
    name: str
    device_name: str
    enabled: bool | None
    online: bool | None
    link: bool | None
    sessions: tuple[Session, ...] | None
    events: tuple[ConnectEvent, ...] | None = None


@dataclass(frozen=True)
class ServiceList:
    """One reading of some services. ``why_not``: what kept it from being whole, by lower-case address, or under ""."""

    services: dict[str, Service] = field(default_factory=dict)
    why_not: dict[str, str] = field(default_factory=dict)
    login: str = ""
    cause: Cause = Cause.NONE
    status: int | None = None
    took_ms: int = 0
    retry_after: str | None = None
    clock_off_s: int | None = None
    why_no_events: str = ""

    def why_incomplete(self, address: str) -> str:
        """Why this says nothing certain of the service at ``address``; "" when it does."""
        if general := self.why_not.get(""):
            return general
        return self.why_not.get(address.lower(), "")


def read_services(
    client: Client, account: str, addresses: Sequence[str], *, since: datetime | None = None
) -> ServiceList:
    """Read up to AT_ONCE services of ``account``, the id of a login or an organisation; "" is the login's own.

    ``since``: the events from then on are asked for too. When the API takes no query with events, they are asked for
    without, once more, and the list says so. Raises nothing for what the network or the API does.
    """
    told = _ask(client, account, addresses, since)
    why_no_events = ""
    if since is not None and told.is_said and told.cause is Cause.NONE:
        without = _ask(client, account, addresses, None)
        if not without.problem:
            why_no_events, told = told.problem, without
    return _read(told, account, addresses, why_no_events)


def _ask(client: Client, account: str, addresses: Sequence[str], since: datetime | None) -> Told:
    variables: dict[str, Any] = {"ids": list(addresses)}
    if account:
        variables["account"] = account
    if since is None:
        return client.ask(Document.SERVICES_OF if account else Document.SERVICES, variables)
    variables["since"] = since.isoformat()
    return client.ask(Document.SERVICES_AND_EVENTS_OF if account else Document.SERVICES_AND_EVENTS, variables)


def _read(told: Told, account: str, addresses: Sequence[str], why_no_events: str) -> ServiceList:
    login = told.data.get("login")
    login = login if isinstance(login, dict) else {}
    holder = login.get("account") if account else login
    rows = holder.get("service") if isinstance(holder, dict) else None
    why_not = {"": told.problem} if told.problem else {}
    if not why_not and not isinstance(rows, list):
        why_not = {"": "The answer has no list of services"}
    whose = account or str(login.get("id") or "")
    found = {}
    for row in rows if isinstance(rows, list) else ():
        service = service_of(row, whose)
        if service is not None:
            found[service.address.lower()] = service
            if service.sessions is None:
                why_not[service.address.lower()] = "The sessions of this service came without a part that is needed"
    for address in addresses:
        if address.lower() not in found:
            why_not.setdefault(address.lower(), "remote.it's answer does not have this service")
    return ServiceList(
        found,
        why_not,
        storable(str(login.get("email") or "")),
        told.cause,
        told.status,
        told.took_ms,
        told.retry_after,
        told.clock_off_s,
        why_no_events,
    )


def service_of(row: Any, whose: str) -> Service | None:
    """One service of an answer; None for what is none."""
    if not isinstance(row, dict) or not is_id(row.get("id")):
        return None
    link, device = row.get("link"), row.get("device")
    return Service(
        row["id"],
        _text(row.get("name")),
        _text(device.get("name")) if isinstance(device, dict) else "",
        _flag(row.get("enabled")),
        _flag(row.get("online")),
        _flag(link.get("enabled")) if isinstance(link, dict) else None,
        _sessions(row.get("sessions"), whose),
        _events(row.get("events")),
    )


def _sessions(rows: Any, whose: str) -> tuple[Session, ...] | None:
    if not isinstance(rows, list):
        return None
    read = [row_of(row) for row in rows]
    return None if None in read else tuple(Session(*row, (whose,)) for row in read if row is not None)


def _events(page: Any) -> tuple[ConnectEvent, ...] | None:
    """The events of a page; None when it is not whole: a page that goes on would hide the oldest."""
    items = page.get("items") if isinstance(page, dict) else None
    if not isinstance(items, list) or page.get("hasMore"):
        return None
    found = []
    for row in items:
        if not isinstance(row, dict) or not isinstance(row.get("session"), str):
            continue
        actor, lifetime = row.get("actor"), row.get("lifetime")
        email = _text(actor.get("email")) if isinstance(actor, dict) else ""
        seconds = lifetime if isinstance(lifetime, int) and lifetime >= 0 else None
        found.append(
            ConnectEvent(
                _text(row.get("id")),
                storable(row["session"]),
                email,
                _text(row.get("state")),
                _text(row.get("timestamp")),
                row.get("proxy") is not False,
                seconds,
            )
        )
    return tuple(found)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str:
    return storable(value) if isinstance(value, str) else ""
