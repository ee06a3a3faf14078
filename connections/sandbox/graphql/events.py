"""Events of connections: remote.it's own record, newest first (remoteit-api reference, section 2.4)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.sandbox.graphql.parse import GraphQLError
from connections.sandbox.graphql.run import Known
from connections.sandbox.world.clock import iso
from connections.sandbox.world.world import Connection

LARGEST_PAGE = 1000
CONNECT = "DEVICE_CONNECT"


@dataclass(frozen=True)
class Event:
    """One end of a connection: its beginning, or its end."""

    connection: Connection
    session: str
    state: str
    at: float

    @functools.cached_property
    def id(self) -> str:
        return f"{self.connection.id.lower()}-{self.state}"


class Page:
    """The events of `connections` up to `now` that were asked for, all of the type DEVICE_CONNECT."""

    def __init__(
        self, connections: list[Connection], now: float, session_id: Callable[[Connection], str], **chosen: Any
    ) -> None:
        lowest, highest = (moment(chosen.get(name)) for name in ("minDate", "maxDate"))
        every = [event for one in connections for event in events_of(one, now, session_id(one))]
        within = [one for one in every if (lowest or 0) <= one.at <= (now if highest is None else highest)]
        found = sorted(within, key=lambda one: one.at, reverse=True)
        if CONNECT not in chosen.get("types", [CONNECT]):
            found = []
        start = after(found, chosen["after"]) if "after" in chosen else int(chosen.get("from", 0))
        size = min(int(chosen.get("size", 100)), LARGEST_PAGE)
        self.total = len(found)
        self.items = found[start : start + size]
        self.last = self.items[-1].id if self.items else None
        self.hasMore = start + size < len(found)


def events_of(one: Connection, now: float, session: str) -> list[Event]:
    end = one.ends_at if one.stopped_at is None else one.stopped_at
    events = [Event(one, session, "connected", one.opened_at)]
    return [*events, Event(one, session, "disconnected", end)] if end <= now else events


def after(found: list[Event], event_id: str) -> int:
    for place, one in enumerate(found):
        if one.id == event_id:
            return place + 1
    raise GraphQLError(f'There is no event "{event_id}".')


def moment(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, TypeError):
        raise GraphQLError(f"{text!r} is not a DateTime.") from None


LOG_EVENT: dict[str, Known] = {
    "id": Known(lambda source: source.id),
    "type": Known(lambda source: CONNECT),
    "state": Known(lambda source: source.state),
    "action": Known(lambda source: None),
    "timestamp": Known(lambda source: iso(source.at)),
    "actor": Known(lambda source: source.connection.opened_by, "UserReference"),
    "owner": Known(lambda source: source.connection.service.device.owner, "UserReference"),
    "users": Known(lambda source: [source.connection.opened_by], "UserReference", many=True),
    "devices": Known(lambda source: [source.connection.service], "ServiceReference", many=True),
    "services": Known(lambda source: [source.connection.service], "ServiceReference", many=True),
    "target": Known(lambda source: [source.connection.service], "ServiceReference", many=True),
}
EVENT: dict[str, Known] = {
    "session": Known(lambda source: source.session),
    "proxy": Known(lambda source: source.connection.proxy),
    "lifetime": Known(
        lambda source: round(source.at - source.connection.opened_at) if source.state == "disconnected" else None
    ),
    "exitCode": Known(lambda source: None),
}
