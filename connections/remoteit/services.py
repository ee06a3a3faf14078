"""Some services in one small call: what is open at each, whether it is on, and remote.it's own events of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connections.remoteit.answers import Cause
from connections.remoteit.documents import Document
from connections.remoteit.sessions import Session, row_of
from connections.remoteit.wire.replies import is_id, storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connections.remoteit.asking import Told
    from connections.remoteit.client import Client

RECORDED = ("DEVICE_STATE", "DEVICE_SHARE")
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
class RecordEvent:
    """One line of remote.it's own record about a service: its ``state``, or a share.

    ``kind`` is ``DEVICE_STATE`` or ``DEVICE_SHARE``. ``shared``: whether a share was given, None where it says nothing.
    ``by`` and ``people`` are e-mail addresses, as far as it names them.
    """

    id: str
    kind: str
    state: str
    at: str
    by: str
    people: tuple[str, ...]
    shared: bool | None


@dataclass(frozen=True)
class Service:
    """What remote.it says of one service. ``link``: whether its public link is on, None when it has none.

    ``sessions`` is None when they could not be read whole, ``events`` when nobody asked or they could not be.
    ``record``: what else its events tell, as far as they could be read; it proves no absence.
    """

    address: str
    name: str
    device_name: str
    enabled: bool | None
    online: bool | None
    link: bool | None
    sessions: tuple[Session, ...] | None
    events: tuple[ConnectEvent, ...] | None = None
    record: tuple[RecordEvent, ...] = ()


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
    return _read(told, account, addresses, why_no_events, since)


def _ask(client: Client, account: str, addresses: Sequence[str], since: datetime | None) -> Told:
    variables: dict[str, Any] = {"ids": list(addresses)}
    if account:
        variables["account"] = account
    if since is None:
        return client.ask(Document.SERVICES_OF if account else Document.SERVICES, variables)
    variables["since"] = since.isoformat()
    return client.ask(Document.SERVICES_AND_EVENTS_OF if account else Document.SERVICES_AND_EVENTS, variables)


def _read(
    told: Told, account: str, addresses: Sequence[str], why_no_events: str, since: datetime | None
) -> ServiceList:
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
        service = service_of(row, whose, since)
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


def service_of(row: Any, whose: str, since: datetime | None = None) -> Service | None:
    """One service of an answer; None for what is none. ``since``: the events from then on were asked for."""
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
        _events(row.get("events"), since),
        tuple(_record(row.get("record"))),
    )


def _sessions(rows: Any, whose: str) -> tuple[Session, ...] | None:
    if not isinstance(rows, list):
        return None
    read = [row_of(row) for row in rows]
    return None if None in read else tuple(Session(*row, (whose,)) for row in read if row is not None)


def _events(page: Any, since: datetime | None) -> tuple[ConnectEvent, ...] | None:
    """The events of a page; None when it is not whole: a page that goes on may hide some that were asked for."""
    items = page.get("items") if isinstance(page, dict) else None
    if not isinstance(items, list) or (page.get("hasMore") and not _goes_back_to(since, items)):
        return None
    found = []
    for row in items:
        if not isinstance(row, dict) or not isinstance(row.get("session"), str):
            continue
        lifetime = row.get("lifetime")
        seconds = lifetime if isinstance(lifetime, int) and lifetime >= 0 else None
        found.append(
            ConnectEvent(
                _text(row.get("id")),
                storable(row["session"]),
                _email(row.get("actor")),
                _text(row.get("state")),
                _text(row.get("timestamp")),
                row.get("proxy") is not False,
                seconds,
            )
        )
    return tuple(found)


def _goes_back_to(since: datetime | None, items: list[Any]) -> bool:
    """Whether a page has all since then: newest first, and its last older. Whether ``minDate`` is kept isn't known."""
    try:
        times = [datetime.fromisoformat(row["timestamp"]) for row in items]
        return since is not None and times == sorted(times, reverse=True) and times[-1] < since
    except (IndexError, KeyError, TypeError, ValueError):
        return False


def _record(page: Any) -> Iterator[RecordEvent]:
    items = page.get("items") if isinstance(page, dict) else None
    for row in items if isinstance(items, list) else ():
        if isinstance(row, dict) and row.get("id") and row.get("type") in RECORDED:
            people = row.get("users")
            yield RecordEvent(
                _text(row["id"]),
                row["type"],
                _text(row.get("state")),
                _text(row.get("timestamp")),
                _email(row.get("actor")),
                tuple(filter(None, map(_email, people if isinstance(people, list) else ()))),
                _flag(row.get("shared")),
            )


def _email(person: Any) -> str:
    return _text(person.get("email")) if isinstance(person, dict) else ""


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str:
    return storable(value) if isinstance(value, str) else ""
