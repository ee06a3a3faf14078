"""What a hold is about: the services it names, whose connections there are meant, and who is left out always."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connections.inventory.match import Match, MatchError, parse
from connections.models import Connection, Hold, HoldMember
from connections.models.holding.holds import Level
from connections.models.holding.members import MemberState
from connections.models.states import OPEN_STATUSES

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models import Account
    from connections.models.connections import ConnectionQuerySet

CHUNK = 500


OF_A_MOMENT = ("status", "age", "ends", "newer")
"""Fields of a filter that say when: who comes back comes back later."""


class NotUnderstood(Exception):
    """The filter says nothing that can be held. The message is fit for a person."""


@dataclass
class Place:
    """A service that a hold names, and whose connections there are meant."""

    account_id: int
    address: str
    device_name: str
    service_name: str
    scope: str
    openers: set[str] = field(default_factory=set)


def places_of(connections: ConnectionQuerySet) -> list[Place]:
    """The services and people of `connections`, in order."""
    found: dict[tuple[int, str], Place] = {}
    rows = connections.values_list(
        "account_id", "device_address", "device_name", "service_name", "list_scope", "opened_by"
    )
    for account_id, address, device_name, service_name, scope, opened_by in rows:
        place = found.setdefault(
            (account_id, address.lower()), Place(account_id, address, device_name, service_name, scope)
        )
        place.openers.add(opened_by)
    return list(found.values())


def sha256_of(places: Iterable[Place]) -> str:
    """The SHA-256 of what is named: for each service a line of account, address and people, by TAB."""
    lines = sorted(f"{one.account_id}\t{one.address.lower()}\t{','.join(sorted(one.openers))}\n" for one in places)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def join(hold: Hold, places: Iterable[Place], *, was_there: bool) -> list[HoldMember]:
    """Add services to a hold. One that comes later under a level that closes ways waits for a person's yes."""
    waits = not was_there and hold.reaches(Level.LINKS)
    members = [
        HoldMember(
            hold=hold,
            account_id=one.account_id,
            device_address=one.address,
            service_key=one.address.lower(),
            device_name=one.device_name,
            service_name=one.service_name,
            scope=one.scope,
            openers=[] if hold.match else sorted(one.openers),
            state=MemberState.WAITING if waits else MemberState.HELD,
            was_there=was_there,
        )
        for one in places
    ]
    return HoldMember.objects.bulk_create(members, ignore_conflicts=not was_there)


def meant(hold: Hold, account: Account, own: set[str]) -> list[Connection]:
    """The open connections of `account` that the hold is about, whether their service is named already or not.

    `own`: e-mail addresses whose connections are left out, in lower case: of the panel's login, of who holds.
    """
    rows = Connection.objects.holdable_by(hold.user).filter(account=account, status__in=OPEN_STATUSES)
    if hold.match:
        found = list(matching(hold.match, rows))
    else:
        openers = {
            key: set(people)
            for key, people in hold.members.filter(account=account).values_list("service_key", "openers")
        }
        found = [
            one for one in at_services(rows, openers) if one.opened_by in openers.get(one.device_address.lower(), ())
        ]
    return [one for one in found if one.opened_by.lower() not in own]


def at_services(rows: ConnectionQuerySet, keys: Iterable[str]) -> list[Connection]:
    """Those of `rows` that are to these services, by address in lower case."""
    # Written in any case by whoever imported them; an index serves what is written out.
    spelled = sorted({form for key in keys for form in (key, key.upper())})
    found: list[Connection] = []
    for first in range(0, len(spelled), CHUNK):
        found += rows.filter(device_address__in=spelled[first : first + CHUNK])
    return found


def understood(text: str, person: User) -> tuple[str, bool]:
    """The filter of `person` in its normal form, and whether it asks for more than a status. Raises NotUnderstood."""
    match = _parsed(text, person)
    return match.text, match.is_narrowed


def matching(text: str, rows: ConnectionQuerySet, person: User | None = None) -> ConnectionQuerySet:
    """Those of `rows` that the filter means, to `person` where they ask, whatever their status and age.

    Raises NotUnderstood.
    """
    match = _parsed(text, person)
    for name in OF_A_MOMENT:
        match = match.having(name)
    return match.apply(rows)


def _parsed(text: str, person: User | None) -> Match:
    try:
        return parse(text, person)
    except MatchError as error:
        raise NotUnderstood(str(error)) from None
