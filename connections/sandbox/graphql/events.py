"""remote.it's own record: connections, states and shares, newest first (remoteit-api reference, section 2.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from connections.sandbox.graphql.objects import service, session_id, user
from connections.sandbox.world.clock import iso
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.world import Connection, Happening, World

LARGEST_PAGE = 1000
CONNECT, STATE, SHARE = "DEVICE_CONNECT", "DEVICE_STATE", "DEVICE_SHARE"


def page(
    world: World, settings: Settings, is_mine: Callable[[Connection | Happening], bool], **chosen: Any
) -> dict[str, Any]:
    """A PaginatedEventResponse up to now, of what is `is_mine`.

    chosen: the arguments of the schema's `events`. Raises GraphQLError for an event that is not there, ValueError for
    a date that is none.
    """
    now = world.clock.now()
    lowest, highest = moment(chosen.get("minDate"), 0), moment(chosen.get("maxDate"), now)
    types = chosen.get("types") or (CONNECT, STATE, SHARE)
    events = [one for one in every(world, settings, is_mine, now) if lowest <= one[0] <= highest]
    in_order = sorted(events, key=lambda one: one[0], reverse=True)
    found = [event for _, event in in_order if event["type"] in types]
    start = after(found, chosen["after"]) if chosen.get("after") else chosen["from"]
    end = start + min(chosen["size"], LARGEST_PAGE)
    items = found[start:end]
    return {
        "items": items,
        "total": len(found),
        "last": items[-1]["id"] if items else None,
        "hasMore": end < len(found),
    }


def moment(text: str | None, default: float) -> float:
    return default if text is None else datetime.fromisoformat(text).timestamp()


def after(found: list[dict[str, Any]], event_id: str) -> int:
    for place, one in enumerate(found, 1):
        if one["id"] == event_id:
            return place
    raise GraphQLError(f'There is no event "{event_id}".')


def every(
    world: World, settings: Settings, is_mine: Callable[[Connection | Happening], bool], now: float
) -> Iterator[tuple[float, dict[str, Any]]]:
    """Each event with its moment, in Unix seconds."""
    for connection in (*world.connections.values(), *world.peers.values()):
        if is_mine(connection):
            yield from ends_of(connection, session_id(connection, settings), now)
    for number, happening in enumerate(world.record):
        if is_mine(happening):
            yield happening.at, happened(happening, number)


def ends_of(one: Connection, session: str, now: float) -> Iterator[tuple[float, dict[str, Any]]]:
    """The two ends of a connection, as far as they have come: when each was, in Unix seconds, and its event."""
    end = one.ends_at if one.stopped_at is None else one.stopped_at
    yield one.opened_at, connected(one, session, "connected", one.opened_at)
    if end <= now:
        yield end, connected(one, session, "disconnected", end) | {"lifetime": round(end - one.opened_at)}


def connected(one: Connection, session: str, state: str, at: float) -> dict[str, Any]:
    opener = user(one.opened_by)
    about = event(one, f"{one.id.lower()}-{state}", CONNECT, state, at)
    return about | {
        "__typename": "DeviceConnectEvent",
        "actor": opener,
        "users": [opener],
        "session": session,
        "proxy": one.proxy,
    }


def happened(one: Happening, number: int) -> dict[str, Any]:
    """What the vendor's record says of a state or a share; who it names for what is not documented."""
    kind, name = (SHARE, "DeviceShareEvent") if one.person else (STATE, "DeviceStateEvent")
    about = event(one, f"record-{number}", kind, one.state, one.at) | {"__typename": name}
    if one.person:
        about |= {"actor": user(one.service.device.owner), "users": [user(one.person)], "shared": one.shared}
    return about


def event(one: Connection | Happening, own_id: str, kind: str, state: str, at: float) -> dict[str, Any]:
    target = service(one.service)
    return {
        "id": own_id,
        "type": kind,
        "state": state,
        "timestamp": iso(at),
        "owner": target["owner"],
        "devices": [target],
        "services": [target],
        "target": [target],
    }
