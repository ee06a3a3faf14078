"""One round for an account: read its held services, let each hold follow, close ways, put back."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.holds import ways, witness
from connections.holds.follow import follow, start_first
from connections.holds.measures import apply, undo
from connections.holds.measures.apply import AT_ONCE
from connections.live.services import ServicesRead, read
from connections.models import Account, Hold, HoldMember
from connections.models.holding.measures import MeasureKind
from connections.remoteit.measures import MeasureAnswer, Switch, missing_in_schema, switch
from connections.remoteit.ways import read_services_of
from connections.stops.pause_all import pause_now

if TYPE_CHECKING:
    from connections.holds.pace import Pace
    from connections.models import Measure, Worker
    from connections.remoteit import Client

logger = logging.getLogger(__name__)

SCHEMA_KEPT = timedelta(days=1)
SENDERS = 8


class Schemas:
    """What each account's live schema lacks: asked once a day."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[datetime, dict[Switch, str]]] = {}

    def lacks(self, account: Account, client: Client) -> dict[Switch, str]:
        at, found = self._known.get(account.pk, (None, {}))
        if at is None or at + SCHEMA_KEPT < timezone.now():
            found = missing_in_schema(client)
            self._known[account.pk] = timezone.now(), found
        return found


def held_members(account: Account) -> list[HoldMember]:
    """The services of `account` that are held now, or have something to be put back that is due."""
    members = HoldMember.objects.select_related("hold", "account")
    waiting = undo.due(account, timezone.now()).values("member")
    held = members.filter(account=account, hold__ended_at=None)
    return [*held, *members.filter(pk__in=waiting).exclude(hold__ended_at=None)]


def attend(account: Account, client: Client, worker: Worker, schemas: Schemas, pace: Pace) -> ServicesRead | None:
    """Do one round for `account`; returns its reading, None when nothing is held there."""
    client.before_question = pace.question
    members = held_members(account)
    holds = list(Hold.objects.on().filter(members__account=account).distinct().select_related("user"))
    holds += [one for one in Hold.objects.on().exclude(match="").select_related("user") if one not in holds]
    if not members and not holds:
        return None
    # Without a service to be read only what the account's own lists have shown is followed.
    found = _read(account, client, members) if members else ServicesRead(timezone.now(), 0)
    witness.note(members, found)
    apply.see(account, found)
    undo.see(account, found)
    # Whoever has paused all sending wants nothing changed at remote.it, either; what waits is asked afterwards.
    may_ask = pause_now() is None
    if may_ask:
        _switch_off(account, client, worker, found, schemas, pace)
    for hold in sorted(holds, key=lambda one: not _shows_any(one, members, found)):
        start_first(hold, timezone.now())
        follow(hold, account, found)
    if may_ask:
        _switch_on(account, client, worker, found, pace)
    _read_ways(account, client, members)
    return found


def _shows_any(hold: Hold, members: Iterable[HoldMember], found: ServicesRead) -> bool:
    """Whether the reading shows anybody at a service of the hold: such holds are followed first, for they may stop."""
    mine = (found.services.get(member.service_key) for member in members if member.hold_id == hold.pk)
    return any(service is not None and service.sessions for service in mine)


def _read_ways(account: Account, client: Client, members: Iterable[HoldMember]) -> None:
    """Keep what the pages tell of the ways to held services up to date, every ten minutes."""
    by_key = {member.service_key: member for member in members if member.hold.ended_at is None}
    wanted: dict[str, list[str]] = defaultdict(list)
    for key in ways.stale(account, by_key, timezone.now()):
        wanted[by_key[key].scope].append(by_key[key].device_address)
    for scope, addresses in wanted.items():
        ways.read_and_keep(account, client, scope, addresses)


def _read(account: Account, client: Client, members: Sequence[HoldMember]) -> ServicesRead:
    wanted: dict[str, dict[str, str]] = defaultdict(dict)
    for member in members:
        wanted[member.scope][member.service_key] = member.device_address
    by_scope = {scope: list(found.values()) for scope, found in wanted.items()}
    return read(account, client, by_scope, since=witness.events_since(account, members))


def _switch_off(
    account: Account, client: Client, worker: Worker, found: ServicesRead, schemas: Schemas, pace: Pace
) -> None:
    waiting = list(apply.planned(account, timezone.now())[:AT_ONCE])
    if not waiting:
        return
    cant = _why_cant(client, waiting, schemas.lacks(account, client))
    claimed = apply.claim(account, found, cant, worker, AT_ONCE)
    _ask(client, claimed, lambda measure: False, apply.record, pace)


def _switch_on(account: Account, client: Client, worker: Worker, found: ServicesRead, pace: Pace) -> None:
    claimed = undo.claim(account, found, worker, AT_ONCE)
    _ask(client, claimed, lambda measure: bool(measure.before), undo.record, pace)


def _ask(
    client: Client,
    claimed: list[Measure],
    value: Callable[[Measure], bool],
    record: Callable[[Measure, MeasureAnswer], None],
    pace: Pace,
) -> None:
    """Send what is claimed, several at once and at the account's pace, and write down each answer as it comes."""
    if not claimed:
        return
    with ThreadPoolExecutor(max_workers=min(SENDERS, settings.STOP_CONCURRENCY)) as senders:
        answers = []
        for measure in claimed:
            what, address = Switch(measure.kind), measure.member.device_address
            pace.change()
            answers.append(senders.submit(switch, client, what, address, enabled=value(measure)))
        for measure, answer in zip(claimed, answers, strict=True):
            record(measure, answer.result())


def _why_cant(client: Client, waiting: list[Measure], lacking: Mapping[Switch, str]) -> dict[tuple[str, str], str]:
    """Why some of what waits can't be asked: the schema, the login's rights, a device that can't be configured."""
    cant: dict[tuple[str, str], str] = {}
    scopes: dict[str, dict[str, str]] = defaultdict(dict)
    for measure in waiting:
        scopes[measure.member.scope][measure.member.service_key] = measure.member.device_address
    for scope, addresses in scopes.items():
        found, _login, _why = read_services_of(client, scope, list(addresses.values()))
        for key in addresses:
            one = found.get(key)
            for kind in MeasureKind:
                if why := lacking.get(Switch(kind)):
                    cant[kind, key] = why
                elif one is not None and one.may_manage is False:
                    cant[kind, key] = _("this login may not change the service")
                elif one is not None and kind == MeasureKind.SERVICE and one.configurable is False:
                    cant[kind, key] = _("the device can't be configured remotely")
    return cant
