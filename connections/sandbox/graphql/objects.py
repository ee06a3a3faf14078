"""Objects of the schema as plain values, from which graphql-core takes what was asked for. What is left out is null."""

from __future__ import annotations

import functools
from typing import Any

from connections.sandbox.wire import shapes
from connections.sandbox.wire.accounts import USERNAME
from connections.sandbox.world.clock import iso
from connections.sandbox.world.ids import initiator_uid
from connections.sandbox.world.names import ORGANISATIONS
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.world import Connection, Device, Service

#: The vendor's code is not documented; 34560 would be a visitor without a login (remoteit-api reference, section 2.4).
MANUFACTURER, PLATFORM = 256, 1200


@functools.cache
def user_id(email: str) -> str:
    return shapes.constant_guid(email).lower()


def user(email: str) -> dict[str, Any]:
    return {"id": user_id(email), "email": email}


def organisation_member(email: str) -> dict[str, Any]:
    """The login's membership of the organisation whose account has this e-mail address."""
    name = ORGANISATIONS[email]
    return {
        "created": "2024-03-01T08:00:00.000Z",
        "role": "ADMIN",
        "user": user(USERNAME),
        "organization": {
            "id": user_id(name),
            "name": name,
            "created": "2023-01-16T08:00:00.000Z",
            "account": user(email),
        },
    }


def session_id(one: Connection, settings: Settings) -> str:
    own = settings.session_ids == "own" and not one.graphql_era
    return (one.session_id if own else one.id).lower()


def session(one: Connection, settings: Settings) -> dict[str, Any]:
    return {
        "id": session_id(one, settings),
        "timestamp": iso(one.opened_at),
        "state": "connected",
        "connected": True,
        "encryption": "CHACHA20",
        "source": "UNKNOWN",
        "user": user(one.opened_by),
        "target": service(one.service),
        "endpoint": {
            "id": initiator_uid(one.opened_by),
            "proxy": one.proxy,
            "timestamp": iso(one.opened_at),
            "manufacturer": MANUFACTURER,
            "platform": PLATFORM,
            "externalAddress": "203.0.113.7",
            "geo": {"countryName": "Germany", "country": "DE"},
        },
    }


def service(one: Service) -> dict[str, Any]:
    return {
        "id": one.address,
        "name": one.name,
        "port": one.port,
        "application": int(one.type_id.replace(":", ""), 16),
        "platform": PLATFORM,
        "title": one.kind.upper(),
        "owner": user(one.device.owner),
        "device": device(one.device),
    }


def device(one: Device) -> dict[str, Any]:
    found = {"id": one.address, "name": one.name, "state": one.state, "owner": user(one.owner)}
    return found | {"configurable": one.configurable is not False}


def connection(one: Connection, settings: Settings) -> dict[str, Any]:
    proxy = shapes.proxy(one)
    return {
        "id": one.id.lower(),
        "reverseProxy": proxy["reverseProxy"],
        "host": proxy["proxyserver"],
        "port": proxy["proxyServerPort"],
        "url": proxy["proxy"],
        "created": iso(one.opened_at),
        "timeout": round(one.expires_at - one.opened_at),
        "session": session(one, settings),
    }
