"""Events of connections: remote.it's own record, newest first (remoteit-api reference, section 2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from connections.sandbox.graphql.objects import service, user
from connections.sandbox.world.clock import iso
from connections.sandbox.world.world import Connection

LARGEST_PAGE = 1000
CONNECT = "DEVICE_CONNECT"


def page(connections: list[tuple[Connection, str]], now: float, **chosen: Any) -> dict[str, Any]:
    """A PaginatedEventResponse up to `now`, in Unix seconds, of connections that come with the ids of their sessions.

    chosen: the arguments of the schema's `events`. Raises GraphQLError for an event that is not there, ValueError for
    a date that is none.
    """
    lowest, highest = moment(chosen.get("minDate"), 0), moment(chosen.get("maxDate"), now)
    if CONNECT not in (chosen.get("types") or [CONNECT]):
        connections = []
    ends = [end for one, session in connections for end in ends_of(one, session, now) if lowest <= end[0] <= highest]
    found = [event for _, event in sorted(ends, key=lambda end: end[0], reverse=True)]
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


def ends_of(one: Connection, session: str, now: float) -> Iterator[tuple[float, dict[str, Any]]]:
    """The two ends of a connection, as far as they have come: when each was, in Unix seconds, and its event."""
    end = one.ends_at if one.stopped_at is None else one.stopped_at
    yield one.opened_at, event(one, session, "connected", one.opened_at)
    if end <= now:
        yield end, event(one, session, "disconnected", end) | {"lifetime": round(end - one.opened_at)}


def event(one: Connection, session: str, state: str, at: float) -> dict[str, Any]:
    target, opener = service(one.service), user(one.opened_by)
    return {
        "__typename": "DeviceConnectEvent",
        "id": f"{one.id.lower()}-{state}",
        "type": CONNECT,
        "state": state,
        "timestamp": iso(at),
        "actor": opener,
        "owner": target["owner"],
        "users": [opener],
        "devices": [target],
        "services": [target],
        "target": [target],
        "session": session,
        "proxy": one.proxy,
    }
