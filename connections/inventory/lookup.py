"""What the lines of a pasted list mean among the connections: found, nothing open, not known, or more than one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Max, Q
from django.utils.translation import gettext_lazy

from connections.inventory.pasted import Kind, Line
from connections.models.folded.names import fold
from connections.models.states import OPEN_STATUSES

if TYPE_CHECKING:
    from connections.models.connections import ConnectionQuerySet

CHUNK = 1000
COLUMNS = {
    Kind.ID: "connection_key",
    Kind.ADDRESS: "device_address",
    Kind.PERSON: "opened_by",
    Kind.DEVICE: "device_name",
}
ALL_ACCOUNTS = "*"
IS_OPEN = Q(status__in=OPEN_STATUSES)


class Answer(models.TextChoices):
    """What became of a line."""

    FOUND = "found", gettext_lazy("matched")
    NOT_OPEN = "not_open", gettext_lazy("nothing open")
    NOT_KNOWN = "not_known", gettext_lazy("not known")
    AMBIGUOUS = "ambiguous", gettext_lazy("more than one")
    CANT_SAY = "cant_say", gettext_lazy("can't say")
    """Nothing of it is known to be open, and its account's list is not one of now."""
    REPEATED = "repeated", gettext_lazy("named before")


@dataclass(frozen=True)
class Target:
    """What a line may mean: a value of the column of `kind` in one account, with how many of it are open.

    `last`: when what is known of it last changed.
    """

    kind: Kind
    value: str
    account: str
    account_id: int
    open: int
    last: datetime


@dataclass(frozen=True)
class Reply:
    """The answer to a line. `targets`: what it means, and for AMBIGUOUS what it may mean."""

    line: Line
    answer: Answer
    targets: tuple[Target, ...] = ()
    first: Line | None = None
    """The line that names the same, for REPEATED."""

    @property
    def open(self) -> int:
        return sum(target.open for target in self.targets)

    @property
    def is_meant(self) -> bool:
        """Whether the line says what it means: then its connections are those of the list."""
        return self.answer in (Answer.FOUND, Answer.NOT_OPEN, Answer.CANT_SAY)


@dataclass(frozen=True)
class Meant:
    """The connections that lines mean, as data: for each kind its values, those of a device by account."""

    values: dict[str, list[str]] = field(default_factory=dict)
    by_account: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def condition(self) -> Q:
        """Them as a condition on connections; of nothing where no line means anything."""
        found = Q(pk__in=[])
        for kind, values in self.values.items():
            found |= Q(**{f"{COLUMNS[Kind(kind)]}__in": values})
        for kind, accounts in self.by_account.items():
            for account, values in accounts.items():
                found |= Q(account=int(account), **{f"{COLUMNS[Kind(kind)]}__in": values})
        return found


def look_up(lines: list[Line], connections: ConnectionQuerySet, unread: Collection[int] = ()) -> list[Reply]:
    """The reply to each of `lines`, in their order, among `connections`: those that the person may see.

    `unread`: the keys of accounts whose lists are not complete and of now; what they don't hold may be open.
    """
    targets = _targets(lines, connections)
    first: dict[Any, Line] = {}
    replies = []
    for line in lines:
        meaning = targets.get(line.number, [])
        before = first.setdefault(frozenset(meaning) or line.name, line)
        repeated = Reply(line, Answer.REPEATED, first=before)
        replies.append(_reply(line, meaning, unread) if before is line else repeated)
    return replies


def meant(replies: Iterable[Reply]) -> Meant:
    """The connections that are meant by those of `replies` that say what they mean."""
    values: dict[str, set[str]] = defaultdict(set)
    by_account: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for target in (target for reply in replies if reply.is_meant for target in reply.targets):
        if target.kind in (Kind.DEVICE, Kind.ID):
            by_account[target.kind.value][str(target.account_id)].add(target.value)
        else:
            values[target.kind.value].add(target.value)
    return Meant(
        {kind: sorted(found) for kind, found in sorted(values.items())},
        {kind: {one: sorted(of) for one, of in sorted(found.items())} for kind, found in sorted(by_account.items())},
    )


def at_stake(replies: Iterable[Reply], connections: ConnectionQuerySet) -> ConnectionQuerySet:
    """Those of `connections` that a stop of the lines is about: what is open of each, and each id as it is."""
    replies = list(replies)
    ids = meant(reply for reply in replies if reply.line.form == Kind.ID)
    return connections.filter(meant(replies).condition()).filter(IS_OPEN | ids.condition())


def _reply(line: Line, targets: list[Target], unread: Collection[int]) -> Reply:
    if not targets:
        return Reply(line, Answer.NOT_KNOWN)
    alive = [target for target in targets if target.open]
    # An id is sent as it is, open or not; of a name only what is open is at stake.
    at_stake = targets if targets[0].kind == Kind.ID else alive
    if len({_thing(target) for target in at_stake}) > 1 and line.account != ALL_ACCOUNTS:
        return Reply(line, Answer.AMBIGUOUS, tuple(at_stake))
    if alive:
        return Reply(line, Answer.FOUND, tuple(targets))
    is_unread = any(target.account_id in unread for target in targets)
    return Reply(line, Answer.CANT_SAY if is_unread else Answer.NOT_OPEN, tuple(targets))


def _thing(target: Target) -> tuple[object, ...]:
    """What is one thing: a person and a service are the same in all accounts, a device and an id are not."""
    if target.kind in (Kind.PERSON, Kind.ADDRESS):
        return target.kind, fold(target.value)
    return target.kind, target.value, target.account_id


def _targets(lines: list[Line], connections: ConnectionQuerySet) -> dict[int, list[Target]]:
    """What each line may mean, by its number: looked up in turn, the first that knows it counting."""
    found: dict[int, list[Target]] = {}
    for forms, kind, read in READINGS:
        missing = [line for line in lines if line.form in forms and line.number not in found]
        if missing:
            found |= read(kind, missing, connections)
    return found


def _as_typed(kind: Kind, lines: list[Line], connections: ConnectionQuerySet) -> dict[int, list[Target]]:
    """What is spelled as a line is typed. Of ids and addresses the case says nothing."""
    spelled = {line.number: [_spellings(kind, name) for name in line.names] for line in lines}
    return _found(kind, lines, spelled, connections)


def _as_compared(kind: Kind, lines: list[Line], connections: ConnectionQuerySet) -> dict[int, list[Target]]:
    """What compares as equal, whatever its case, accents and leading zeros."""
    known = defaultdict(list)
    for value in connections.order_by().values_list(COLUMNS[kind], flat=True).distinct().iterator(chunk_size=CHUNK):
        known[_compared(kind, value)].append(value)
    spelled = {line.number: [known[_compared(kind, name)] for name in line.names] for line in lines}
    return _found(kind, lines, spelled, connections)


READINGS: tuple[tuple[tuple[Kind | None, ...], Kind, Any], ...] = (
    ((Kind.ID,), Kind.ID, _as_typed),
    ((Kind.ADDRESS,), Kind.ADDRESS, _as_typed),
    ((Kind.PERSON,), Kind.PERSON, _as_typed),
    ((Kind.PERSON,), Kind.PERSON, _as_compared),
    ((None, Kind.PERSON), Kind.DEVICE, _as_typed),
    ((None, Kind.PERSON), Kind.DEVICE, _as_compared),
    ((None,), Kind.PERSON, _as_typed),
)
"""In which order lines of which form are looked up, as what and how: a name may be that of a person."""


def _spellings(kind: Kind, name: str) -> list[str]:
    if kind == Kind.ID:
        return [name.lower()]
    return [name, name.upper(), name.lower()] if kind == Kind.ADDRESS else [name]


def _compared(kind: Kind, value: str) -> str:
    return value.casefold() if kind == Kind.PERSON else fold(value.strip())


def _found(
    kind: Kind, lines: list[Line], spelled: dict[int, list[list[str]]], connections: ConnectionQuerySet
) -> dict[int, list[Target]]:
    """For each line the targets of its first reading that has some. `spelled`: the values of each reading."""
    values = {value for readings in spelled.values() for reading in readings for value in reading}
    targets = _counted(kind, sorted(values), connections)
    found = {}
    for line in lines:
        readings = ([one for value in reading for one in targets[value]] for reading in spelled[line.number])
        of_account = (
            [one for one in reading if line.account in ("", ALL_ACCOUNTS, one.account)] for reading in readings
        )
        first = next(filter(None, of_account), None)
        if first:
            found[line.number] = list(dict.fromkeys(first))
    return found


def _counted(kind: Kind, values: list[str], connections: ConnectionQuerySet) -> dict[str, list[Target]]:
    """The targets of each of `values`: those with something open, and for the others those that are known at all."""
    found: dict[str, list[Target]] = defaultdict(list)
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        _count(kind, chunk, connections.open(), found)
        # The ended ones of a value may be many; an id has only one row in an account.
        rest = [value for value in chunk if kind == Kind.ID or value not in found]
        _count(kind, rest, connections.exclude(status__in=OPEN_STATUSES), found)
    return found


def _count(kind: Kind, values: list[str], connections: ConnectionQuerySet, found: dict[str, list[Target]]) -> None:
    column = COLUMNS[kind]
    rows = connections.filter(**{f"{column}__in": values}).order_by().values_list(column, "account__name", "account_id")
    counted = rows.annotate(last=Max("status_at"), open=Count("pk", filter=IS_OPEN))
    for value, account, account_id, last, count in counted:
        found[value].append(Target(kind, value, account, account_id, count, last))
