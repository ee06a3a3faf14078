"""The history as JSON Lines, exact to the byte that was hashed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from connections.audit.append import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connections.models.audit import AuditEventQuerySet


def as_json_lines(events: AuditEventQuerySet) -> Iterator[str]:
    """One JSON object a line, oldest first: the body's fields, and beside them `seq`, `prev_hash` and `hash`.

    The object without those three, in canonical form, is what was hashed. A filtered export proves each
    line, not that none is left out.
    """
    rows = events.order_by("seq").values_list("seq", "prev_hash", "hash", "body")
    for seq, prev_hash, own_hash, body in rows.iterator(chunk_size=2000):
        yield canonical({**json.loads(body), "seq": seq, "prev_hash": prev_hash, "hash": own_hash})
