"""The types of the vendor's GraphQL schema that the sandbox knows, with the vendor's names of fields."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connections.sandbox.graphql.events import EVENT, LOG_EVENT, Page
from connections.sandbox.graphql.run import Known, Types
from connections.sandbox.wire import shapes
from connections.sandbox.wire.accounts import USERNAME
from connections.sandbox.world.clock import iso
from connections.sandbox.world.ids import initiator_uid
from connections.sandbox.world.names import ORGANISATIONS, PEOPLE
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.world import Connection, World

#: The vendor's code is not documented; 34560 would be a visitor without a login (remoteit-api reference, section 2.4).
MANUFACTURER, PLATFORM = 256, 1200


@functools.cache
def user_id(email: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{email}.sandbox.invalid"))


@dataclass(frozen=True)
class Account:
    """The login's own account, or an organisation's."""

    email: str

    @property
    def id(self) -> str:
        return user_id(self.email)

    def lists(self, one: Connection) -> bool:
        """Does it list this connection? An organisation those to its devices, the login all others that it can see."""
        owner = one.service.device.owner
        return owner not in ORGANISATIONS if self == OWN else owner == self.email


OWN = Account(USERNAME)


class Reading:
    """What is read from the world."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings

    def memberships(self, source: Account) -> list[str]:
        """The e-mail addresses of the organisations that the account belongs to."""
        count = {"all": len(ORGANISATIONS), "first": 1, "none": 0}[self.settings.member_of]
        return list(ORGANISATIONS)[:count] if source == OWN else []

    def account(self, source: Account, id: str = "", email: str = "") -> Account | None:  # noqa: A002 - vendor's word
        """The account itself when nothing is named, one that the login is a member of, or None."""
        accounts = (OWN, *map(Account, self.memberships(OWN)))
        fitting = (one for one in accounts if (not id or one.id == id) and (not email or one.email == email))
        return source if not id and not email else next(fitting, None)

    def sessions(self, source: Account) -> list[Connection]:
        """The account's open sessions, peer-to-peer ones among them."""
        return [one for one in self.world.sessions() if source.lists(one)]

    def session_id(self, one: Connection) -> str:
        return one.session_id.lower() if self.has_own_id(one) else one.id.lower()

    def has_own_id(self, one: Connection) -> bool:
        return self.settings.session_ids == "own" and not one.graphql_era

    def find(self, session_id: str) -> Connection | None:
        """The connection with this connection id, or with this id in the list of sessions."""
        found = self.world.find(session_id) or self.world.peers.get(session_id.lower())
        if found is not None or self.settings.session_ids != "own":
            return found
        wanted = session_id.upper()
        return next((one for one in self.world.connections.values() if one.session_id == wanted), None)

    def events(self, source: Account, **chosen: Any) -> Page:
        every = (*self.world.connections.values(), *self.world.peers.values())
        return Page([one for one in every if source.lists(one)], self.world.clock.now(), self.session_id, **chosen)


def plain(*names: str) -> dict[str, Known]:
    return {name: Known(attribute(name)) for name in names}


def attribute(name: str) -> Callable[[Any], Any]:
    return lambda source: getattr(source, name)


def nothing(source: Any) -> None:
    """For fields that may be null and of which the sandbox knows nothing."""


def types(world: World, settings: Settings) -> Types:
    """All but the mutations."""
    reading = Reading(world, settings)
    return {
        "Query": {"login": Known(lambda source: OWN, "User"), "version": Known(lambda source: "sandbox")},
        "User": {
            **plain("id", "email"),
            "account": Known(reading.account, "User", arguments=("id", "email")),
            "membership": Known(reading.memberships, "OrganizationMember", many=True),
            "sessions": Known(reading.sessions, "Session", many=True),
            "events": Known(
                reading.events,
                "PaginatedEventResponse",
                arguments=("after", "from", "size", "maxDate", "minDate", "types"),
            ),
        },
        "UserReference": {"id": Known(user_id), "email": Known(lambda source: source)},
        **ORGANISATION_TYPES,
        "Session": {"id": Known(reading.session_id), **SESSION},
        "SessionEndpoint": ENDPOINT,
        "Geolocation": {
            name: Known(functools.partial(lambda value, source: value, value))
            for name, value in (("countryName", "Germany"), ("country", "DE"), ("stateName", None), ("city", None))
        },
        "ServiceReference": SERVICE,
        "Device": DEVICE,
        "Connection": {"session": Known(lambda source: source, "Session"), **CONNECTION},
        "PaginatedEventResponse": {
            "items": Known(attribute("items"), "LogEvent", many=True),
            **plain("hasMore", "last", "total"),
        },
        "LogEvent": LOG_EVENT,
        "DeviceConnectEvent": LOG_EVENT | EVENT,
    }


ORGANISATION_TYPES: Types = {
    "OrganizationMember": {
        "created": Known(lambda source: "2024-03-01T08:00:00.000Z"),
        "role": Known(lambda source: "ADMIN"),
        "user": Known(lambda source: USERNAME, "UserReference"),
        "organization": Known(lambda source: source, "Organization"),
    },
    # An organisation's object is the e-mail address of its account.
    "Organization": {
        "id": Known(lambda source: user_id(ORGANISATIONS[source])),
        "name": Known(ORGANISATIONS.__getitem__),
        "domain": Known(nothing),
        "created": Known(lambda source: "2023-01-16T08:00:00.000Z"),
        "account": Known(lambda source: source, "UserReference"),
    },
}
SESSION: dict[str, Known] = {
    "timestamp": Known(lambda source: iso(source.opened_at)),
    "state": Known(lambda source: "connected"),
    "connected": Known(lambda source: True),
    "encryption": Known(lambda source: "CHACHA20"),
    "source": Known(lambda source: "UNKNOWN"),
    "address": Known(nothing),
    "user": Known(lambda source: source.opened_by, "UserReference"),
    "target": Known(lambda source: source.service, "ServiceReference"),
    "endpoint": Known(lambda source: source, "SessionEndpoint"),
}
ENDPOINT: dict[str, Known] = {
    "id": Known(lambda source: initiator_uid(PEOPLE.index(source.opened_by) if source.opened_by in PEOPLE else 999)),
    "proxy": Known(attribute("proxy")),
    "timestamp": Known(lambda source: iso(source.opened_at)),
    "manufacturer": Known(lambda source: MANUFACTURER),
    "platform": Known(lambda source: PLATFORM),
    "type": Known(nothing),
    "version": Known(nothing),
    "externalAddress": Known(lambda source: "203.0.113.7"),
    "internalAddress": Known(nothing),
    "geo": Known(lambda source: source, "Geolocation"),
}


SERVICE: dict[str, Known] = {
    "id": Known(attribute("address")),
    **plain("name", "port"),
    "application": Known(lambda source: int(source.type_id.replace(":", ""), 16)),
    "platform": Known(lambda source: PLATFORM),
    "title": Known(lambda source: source.kind.upper()),
    "owner": Known(lambda source: source.device.owner, "UserReference"),
    "device": Known(attribute("device"), "Device"),
}
DEVICE: dict[str, Known] = {
    "id": Known(attribute("address")),
    **plain("name", "state"),
    "owner": Known(attribute("owner"), "UserReference"),
}
CONNECTION: dict[str, Known] = {
    "id": Known(lambda source: source.id.lower()),
    "reverseProxy": Known(lambda source: shapes.proxy(source)["reverseProxy"]),
    "host": Known(lambda source: shapes.proxy(source)["proxyserver"]),
    "port": Known(lambda source: shapes.proxy(source)["proxyServerPort"]),
    "url": Known(lambda source: shapes.proxy(source)["proxy"]),
    "created": Known(lambda source: iso(source.opened_at)),
    "timeout": Known(lambda source: round(source.expires_at - source.opened_at)),
}
