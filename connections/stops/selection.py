"""From the connection ids that somebody names to the connections they mean."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connections.models.formats import is_connection_id

if TYPE_CHECKING:
    from connections.models.connections import ConnectionQuerySet

MAX_IDS = 30_000
"""SQLite takes no more than 32,766 values in one query."""
CHUNK = 1000


class WrongIds(Exception):
    """Some ids name no connection, or more than one; `faults` has a sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(_("Nothing was stopped: not every id names one connection."))
        self.faults = faults


@dataclass(frozen=True)
class NamedId:
    """An id as somebody wrote it, and where: what a message about it begins with."""

    where: str
    text: str


def ids_in_words(words: list[str]) -> list[NamedId]:
    return [NamedId(word[:60], word) for word in words]


def find(named: list[NamedId], connections: ConnectionQuerySet) -> tuple[list[int], list[str]]:
    """The connections that `named` names among `connections`.

    Returns their primary keys, each once, and a sentence for every id that was named again. Raises WrongIds when
    one names no connection or several.
    """
    first: dict[str, NamedId] = {}
    faults, repeated = [], []
    for one in named:
        key = one.text.lower()
        if not is_connection_id(one.text):
            faults.append(_("%s: This is not a connection id (8-4-4-4-12 hex digits).") % one.where)
        elif key in first:
            places = {"where": one.where, "first": first[key].where}
            repeated.append(_("%(where)s: The same id as %(first)s; it is stopped once.") % places)
        else:
            first[key] = one
    if len(first) > MAX_IDS:
        raise WrongIds([_("%(count)d ids: One run takes at most %(most)d.") % {"count": len(first), "most": MAX_IDS}])
    found = _by_key(list(first), connections)
    faults += [fault for key, one in first.items() for fault in _faults(one, found[key])]
    if faults:
        raise WrongIds(faults)
    return [pk for key in first for pk, _account in found[key]], repeated


def _by_key(keys: list[str], connections: ConnectionQuerySet) -> dict[str, list[tuple[int, str]]]:
    found = defaultdict(list)
    for start in range(0, len(keys), CHUNK):
        rows = connections.filter(connection_key__in=keys[start : start + CHUNK])
        for key, pk, account in rows.values_list("connection_key", "pk", "account__name"):
            found[key].append((pk, account))
    return found


def _faults(one: NamedId, found: list[tuple[int, str]]) -> list[str]:
    if not found:
        return [_("%s: No connection with this id is known.") % one.where]
    if len(found) == 1:
        return []
    accounts = ", ".join(sorted(account for _pk, account in found))
    return [
        _("%(where)s: Several accounts have this id: %(accounts)s. Choose one with --account.")
        % {"where": one.where, "accounts": accounts}
    ]
