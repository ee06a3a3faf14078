"""Devices, their services and the proxy connections to them. Owned by the server's thread."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connections.sandbox.world.clock import Clock, iso
from connections.sandbox.world.ids import new_connection_id, new_session_id

#: Hard cap and idle limit of a proxy connection in seconds (remoteit-api reference, section 3, "lifetimes").
LIFETIME_S = 28800
#: Seconds after which who finds a way closed tries it again.
TRIED_AGAIN_S = 1
IDLE_S = 900


@dataclass(slots=True)
class Device:
    address: str
    name: str
    owner: str
    state: str = "active"
    shared: bool = False
    #: False: it exists at remote.it, but this account has no access to it.
    visible: bool = True
    #: Whether its services can be changed from afar; None: as `ways` draws it.
    configurable: bool | None = None


@dataclass(slots=True)
class Service:
    address: str
    name: str
    kind: str
    port: int
    type_id: str
    device: Device
    enabled: bool = True
    #: False some time after it was disabled: whoever was connected is not any more, as far as the switches say.
    is_online: bool = True
    #: Its public link: on, off, none; "": as `ways` draws it.
    link: str = ""
    #: With whom it is shared, by e-mail address; None: as `ways` draws it.
    shares: list[str] | None = None


@dataclass(slots=True)
class Connection:
    id: str
    session_id: str
    service: Service
    opened_by: str
    opened_at: float
    #: Since when nobody has used it; None while somebody does, then only the hard cap ends it.
    idle_since: float | None = None
    stopped_at: float | None = None
    #: Stop calls that ended it: 0 or 1, and 0 for one that a newer connect replaced.
    stops: int = 0
    replaced_by: str = ""
    #: False: a peer-to-peer session, which GraphQL lists beside the proxy connections.
    proxy: bool = True

    @property
    def graphql_era(self) -> bool:
        """Has it the lower-case id that GraphQL gives, and not the upper-case one of the older REST API?"""
        return self.id == self.id.lower()

    @property
    def expires_at(self) -> float:
        return self.opened_at + LIFETIME_S

    @property
    def ends_at(self) -> float:
        return self.expires_at if self.idle_since is None else min(self.expires_at, self.idle_since + IDLE_S)

    def state(self, now: float) -> str:
        if self.stopped_at is not None:
            return "stopped"
        return "expired" if now >= self.ends_at else "open"


@dataclass(slots=True)
class Happening:
    """What remote.it's own record has beside connections: a service that went on- or offline, or a share of it.

    `person`: with whom it is shared, or not any more; "" for a change of state.
    """

    service: Service
    at: float
    state: str
    person: str = ""

    @property
    def shared(self) -> bool:
        return self.state == "shared"


class World:
    """All that exists at this remote.it.

    `on_change` is called after each change to it, `arrive` to open what others have opened meanwhile.
    """

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311 - a repeatable world, no secret comes from it
        self.devices: list[Device] = []
        self.services: dict[str, Service] = {}
        self.by_device: dict[str, list[Service]] = {}
        self.connections: dict[str, Connection] = {}
        self.peers: dict[str, Connection] = {}
        self.record: list[Happening] = []
        #: When somebody will open a service again, and who: moment, address, opener.
        self.returns: list[tuple[float, str, str]] = []
        self.changes = 0
        self.on_change: Callable[[], None] = lambda: None
        self.arrive: Callable[[], None] = lambda: None
        #: Whether a person, "" for a visitor by a link, can't open a service now; then they try again later.
        self.is_closed: Callable[[Service, str], bool] = lambda service, opened_by: False

    def changed(self) -> None:
        self.changes += 1
        self.on_change()

    def advance(self, seconds: float) -> None:
        """Move the clock forward; raises ValueError for a step backwards."""
        self.clock.advance(seconds)
        self.on_change()

    def add_service(self, service: Service) -> None:
        self.services[service.address.lower()] = service
        self.by_device.setdefault(service.device.address, []).append(service)

    def service(self, address: str) -> Service | None:
        return self.services.get(address.lower())

    def happened(self, service: Service, state: str, person: str = "") -> None:
        self.record.append(Happening(service, self.clock.now(), state, person))

    def find(self, connection_id: str) -> Connection | None:
        return self.connections.get(connection_id.lower())

    def live(self) -> list[Connection]:
        now = self.clock.now()
        return [one for one in self.connections.values() if one.state(now) == "open"]

    def sessions(self) -> list[Connection]:
        """Everything that is open, peer-to-peer sessions last."""
        now = self.clock.now()
        return [*self.live(), *(one for one in self.peers.values() if one.state(now) == "open")]

    def open(
        self, address: str, opened_by: str, *, style: str = "mixed", at: float | None = None, in_use: bool = True
    ) -> Connection:
        """Open a connection to the service at `address`; raises KeyError when there is none.

        `at` is Unix seconds (now when left out). One that is not in use expires IDLE_S after it was opened.
        """
        moment = self.clock.now() if at is None else at
        connection_id = new_connection_id(self.random, style)
        while connection_id.lower() in self.connections:
            connection_id = new_connection_id(self.random, style)
        connection = Connection(
            id=connection_id,
            session_id=new_session_id(self.random),
            service=self.services[address.lower()],
            opened_by=opened_by,
            opened_at=moment,
            idle_since=None if in_use else moment,
        )
        self.connections[connection_id.lower()] = connection
        self.changed()
        return connection

    def stop(self, connection: Connection, back_after_s: float = 0) -> None:
        """End `connection`; the same person opens its service again so many seconds later, unless it is 0."""
        connection.stopped_at = self.clock.now()
        connection.stops += 1
        if back_after_s:
            self.returns.append(
                (connection.stopped_at + back_after_s, connection.service.address, connection.opened_by)
            )
        self.changed()

    def catch_up(self) -> None:
        """Open what has come, or come back, by now."""
        self.arrive()
        now = self.clock.now()
        due = [one for one in self.returns if one[0] <= now]
        self.returns = [one for one in self.returns if one[0] > now]
        for moment, address, opened_by in due:
            if self.is_closed(self.services[address.lower()], opened_by):
                self.returns.append((now + TRIED_AGAIN_S, address, opened_by))
            else:
                self.open(address, opened_by, at=moment)

    def replace(self, old: Connection, new: Connection) -> None:
        """End `old` because a newer connect took its place."""
        old.stopped_at = self.clock.now()
        old.replaced_by = new.id
        self.changed()

    def rows(self, state: str = "") -> list[dict[str, Any]]:
        """Every connection, or those in `state` (open, stopped, expired), as plain values."""
        self.catch_up()
        now = self.clock.now()
        return [row(one, now) for one in self.connections.values() if not state or one.state(now) == state]


def row(one: Connection, now: float) -> dict[str, Any]:
    return {
        "device_address": one.service.address,
        "connection_id": one.id,
        "device_name": one.service.device.name,
        "service_name": one.service.name,
        "opened_by": one.opened_by,
        "opened_at": iso(one.opened_at),
        "expires_at": iso(one.expires_at),
        "state": one.state(now),
        "stops_applied": one.stops,
        "stopped_at": None if one.stopped_at is None else iso(one.stopped_at),
        "ends_at": iso(one.ends_at),
        "session_id": one.session_id,
        "replaced_by": one.replaced_by or None,
    }
