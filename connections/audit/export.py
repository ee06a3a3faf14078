"""The history as JSON Lines, exact to the byte that was hashed; and the line that each export leaves behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction

from connections.audit.append import Entry, append, canonical
from connections.audit.origin import Origin
from connections.models import AuditEvent, AuditHead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User

    from connections.models.audit import AuditEventQuerySet

CHUNK = 2000


def as_json_lines(events: AuditEventQuerySet) -> Iterator[str]:
    """One JSON object a line, oldest first: see `as_objects`."""
    return map(canonical, as_objects(events))


def as_objects(events: AuditEventQuerySet) -> Iterator[dict[str, Any]]:
    """Each event, oldest first: the body's fields, and beside them `seq`, `prev_hash` and `hash`.

    The object without those three, in canonical form, is what was hashed. A filtered export proves each
    line, not that none is left out.
    """
    rows = events.order_by("seq").values_list("seq", "prev_hash", "hash", "body")
    last = 0
    # Chunk by chunk, and no cursor held open: a slow reader must not keep the database from tidying up.
    while chunk := list(rows.filter(seq__gt=last)[:CHUNK]):
        yield from (_object(*row) for row in chunk)
        last = chunk[-1][0]


def as_object(event: AuditEvent) -> dict[str, Any]:
    """One event, as `as_objects` has it."""
    return _object(event.seq, event.prev_hash, event.hash, event.body)


def _object(seq: int, prev_hash: str, own_hash: str, body: str) -> dict[str, Any]:
    return {**json.loads(body), "seq": seq, "prev_hash": prev_hash, "hash": own_hash}


def announce(
    events: AuditEventQuerySet,
    *,
    form: str,
    filters: dict[str, Any],
    origin: Origin,
    actor: User | None = None,
    follow: bool = False,
) -> int:
    """Append `history.exported`, and return the number of the last line that it speaks of.

    It is committed before the first byte leaves, so that a download which breaks off is told, too; and it counts
    those of `events` that are there by now. `form` is `jsonl` or `csv`; `filters` says in names and values which
    lines were asked for; `follow`: those that come later are handed out, too.
    """
    last = AuditHead.objects.get().seq
    facts: dict[str, Any] = {"format": form, "up_to": last, "filter": filters}
    facts["count"] = events.filter(seq__lte=last).count()
    if follow:
        facts["follow"] = True
    with transaction.atomic():
        append([Entry("history.exported", origin, actor=actor, facts=facts)])
    return last
