"""Seven ways back to a service: each open, closed or not known, by whom, since when, and which level closes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from connections.accounts.credentials import client_for
from connections.accounts.sign_in import sign_in, why_not_signed_in
from connections.audit.append import Entry, append
from connections.audit.origin import WORKER, Origin
from connections.live.compare import chunks
from connections.models import Account, ServiceWays
from connections.models.holding.holds import Level
from connections.remoteit.services import AT_ONCE
from connections.remoteit.ways import WaysRead, read_ways

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.contrib.auth.models import User

    from connections.remoteit import Client
    from connections.remoteit.ways import Ways

STALE = timedelta(minutes=10)


class Kind(StrEnum):
    """The ways, in the order in which they are told."""

    PROXY = "proxy"
    LINK = "link"
    SHARE = "share"
    ROLE = "role"
    NETWORK = "network"
    OWNER = "owner"
    PEER = "peer"


class Standing(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    NOT_KNOWN = "notknown"


NEVER_CLOSED = (Kind.OWNER, Kind.PEER)
"""Nothing here closes them."""
CLOSED_BY = {
    Kind.PROXY: Level.RECUT,
    Kind.LINK: Level.LINKS,
    Kind.SHARE: Level.SERVICES,
    Kind.ROLE: Level.SERVICES,
    Kind.NETWORK: Level.SERVICES,
}


@dataclass(frozen=True)
class Way:
    """One way to a service. `who`: by whom it can be gone. `since`: of the first of them, as the API wrote it."""

    kind: Kind
    standing: Standing
    who: tuple[str, ...] = ()
    since: str = ""

    @property
    def closed_by(self) -> Level | None:
        """The level that closes it; None for what nothing here closes."""
        return CLOSED_BY.get(self.kind)


@dataclass
class Ways7:
    """A way over several services: how it stands at how many."""

    kind: Kind
    counts: dict[Standing, int] = field(default_factory=dict)
    who: set[str] = field(default_factory=set)

    @property
    def standing(self) -> Standing:
        """Open where it is open at one at least; closed only where it is closed at all."""
        if self.counts.get(Standing.OPEN):
            return Standing.OPEN
        return Standing.NOT_KNOWN if self.counts.get(Standing.NOT_KNOWN) else Standing.CLOSED

    @property
    def closed_by(self) -> Level | None:
        return CLOSED_BY.get(self.kind)


def ways_of(read: ServiceWays | None) -> list[Way]:
    """The seven ways, as the last reading of them tells; all not known without one."""
    if read is None:
        return [Way(kind, Standing.NOT_KNOWN) for kind in Kind]
    is_off = read.enabled is False
    return [
        _proxy(read),
        _link(read, is_off=is_off),
        _persons(Kind.SHARE, read.shares, is_off=is_off),
        _persons(Kind.ROLE, read.members, is_off=is_off),
        _network(read, is_off=is_off),
        Way(Kind.OWNER, Standing.OPEN, (read.owner,) if read.owner else ()),
        _peer(read),
    ]


def together(each: Iterable[list[Way]]) -> list[Ways7]:
    """The seven ways over several services."""
    found = {kind: Ways7(kind) for kind in Kind}
    for ways in each:
        for way in ways:
            one = found[way.kind]
            one.counts[way.standing] = one.counts.get(way.standing, 0) + 1
            if way.standing is Standing.OPEN:
                one.who.update(way.who)
    return list(found.values())


def read_again(account: Account, scope: str, addresses: Sequence[str], user: User, origin: Origin) -> None:
    """Have the ways to these services read now, because a person wants it. Raises NoCredentials."""
    with client_for(account) as client:
        read_and_keep(account, client, scope, addresses, user=user, origin=origin)


def read_and_keep(
    account: Account,
    client: Client,
    scope: str,
    addresses: Sequence[str],
    *,
    user: User | None = None,
    origin: Origin = WORKER,
) -> None:
    """Read the ways to these services and keep what came; the line is committed before the question leaves."""
    login = sign_in(client, account, origin, user)
    with transaction.atomic():
        facts = {"services": len(addresses), "ways": True}
        append([Entry("list.started", origin, actor=user, account=account, facts=facts)])
    now = timezone.now()
    for part in chunks(list(addresses), AT_ONCE):
        if login is not None and not login.accepted:
            found = WaysRead(why_not={"services": why_not_signed_in(login)})
        else:
            found = read_ways(client, scope, part)
        for address in part:
            _keep(account, scope, address.lower(), found, now)


def stale(account: Account, keys: Iterable[str], now: datetime) -> list[str]:
    """Those of the services whose ways were not read for a while."""
    fresh = set(
        ServiceWays.objects.filter(account=account, read_at__gt=now - STALE).values_list("service_key", flat=True)
    )
    return [key for key in keys if key not in fresh]


def _keep(account: Account, scope: str, key: str, found: WaysRead, now: datetime) -> None:
    ways = found.services.get(key)
    values: dict[str, Any] = {
        "scope": scope,
        "read_at": now,
        "why_not": "; ".join(found.why_not.values()),
        **_values(ways),
        "members": _members(found),
        "networks": _networks(found, key),
    }
    ServiceWays.objects.update_or_create(account=account, service_key=key, defaults=values)


def _values(ways: Ways | None) -> dict[str, Any]:
    if ways is None:
        return {
            "enabled": None,
            "link": None,
            "may_manage": None,
            "configurable": None,
            "shares": None,
            "sessions": None,
        }
    sessions = ways.service.sessions
    return {
        "enabled": ways.service.enabled,
        "link": ways.service.link,
        "has_link": ways.service.link is not None,
        "may_manage": ways.may_manage,
        "configurable": ways.configurable,
        "owner": ways.owner[:254],
        "shares": None if ways.shares is None else [[one.email, one.since] for one in ways.shares],
        "sessions": None if sessions is None else [[one.opened_by, one.opened_at, one.proxy] for one in sessions],
    }


def _members(found: WaysRead) -> list[list[Any]] | None:
    if found.members is None:
        return None
    connecting = (one for one in found.members if one.may_connect and one.reach != "NONE")
    return [[one.email, one.since, one.role, one.reach, list(one.tags)] for one in connecting]


def _networks(found: WaysRead, key: str) -> list[list[Any]] | None:
    if found.networks is None:
        return None
    near = (one for one in found.networks if key in one.services or one.tags)
    return [[one.name, list(one.people), key in one.services, list(one.tags)] for one in near]


def _proxy(read: ServiceWays) -> Way:
    if read.sessions is None:
        return Way(Kind.PROXY, Standing.NOT_KNOWN)
    here = [one for one in read.sessions if one[2]]
    standing = Standing.OPEN if here else Standing.CLOSED
    return Way(Kind.PROXY, standing, tuple(one[0] for one in here), min((one[1] for one in here), default=""))


def _link(read: ServiceWays, *, is_off: bool) -> Way:
    if read.shares is None and read.link is None:
        return Way(Kind.LINK, Standing.NOT_KNOWN)
    return Way(Kind.LINK, Standing.OPEN if read.link and not is_off else Standing.CLOSED)


def _persons(kind: Kind, rows: list[list[Any]] | None, *, is_off: bool) -> Way:
    if rows is None:
        return Way(kind, Standing.CLOSED if is_off else Standing.NOT_KNOWN)
    who = tuple(str(one[0]) for one in rows)
    since = min((str(one[1]) for one in rows if one[1]), default="")
    return Way(kind, Standing.CLOSED if is_off or not who else Standing.OPEN, who, since)


def _network(read: ServiceWays, *, is_off: bool) -> Way:
    if is_off:
        return Way(Kind.NETWORK, Standing.CLOSED)
    if read.networks is None:
        return Way(Kind.NETWORK, Standing.NOT_KNOWN)
    inside = [one for one in read.networks if one[2]]
    if inside:
        return Way(Kind.NETWORK, Standing.OPEN, tuple(person for one in inside for person in one[1]))
    # Whether a network's tags match the service, its own tags would have to tell.
    return Way(Kind.NETWORK, Standing.NOT_KNOWN if read.networks else Standing.CLOSED)


def _peer(read: ServiceWays) -> Way:
    here = [one for one in read.sessions or () if not one[2]]
    return Way(Kind.PEER, Standing.OPEN if here else Standing.NOT_KNOWN, tuple(one[0] for one in here))
