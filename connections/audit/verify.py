"""Reads the whole chain and says whether it holds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max

from connections.audit import triggers
from connections.audit.append import GENESIS, link, timestamp
from connections.models import AuditEvent, AuditHead

CHUNK = 5000


@dataclass
class Verification:
    """What was read and what does not fit. `faults` name the line; the chain holds when there are none."""

    events: int = 0
    last_hash: str = GENESIS
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.faults


def verify() -> Verification:
    """Read every line in order and check its number, its link, its hash, its columns, the head and the triggers.

    What this cannot show: lines cut off the end together with the head, and a rewrite of everything by
    somebody who can write to the database and knows the rule.
    """
    result = Verification()
    # No transaction: on SQLite it would keep the worker from writing. What is appended meanwhile lies past this head.
    head = AuditHead.objects.first() or AuditHead(seq=0, hash=GENESIS)
    prev_hash, seq = GENESIS, 0
    for event in AuditEvent.objects.filter(seq__lte=head.seq).order_by("seq").iterator(chunk_size=CHUNK):
        if event.seq != seq + 1:
            result.faults.append(_gap(seq, event.seq))
        result.faults.extend(f"event {event.seq}: {fault}" for fault in _faults(event, prev_hash))
        prev_hash, seq = event.hash, event.seq
        result.events += 1
    if (head.seq, head.hash) != (seq, prev_hash):
        result.faults.append(f"the head names event {head.seq}, the last line before it is event {seq}")
    result.faults.extend(_past_the_head())
    result.last_hash = prev_hash
    result.faults.extend(f"trigger {name} is missing" for name in triggers.missing())
    return result


def _past_the_head() -> list[str]:
    # In this order: what is appended between the two reads only moves the head.
    last = AuditEvent.objects.aggregate(last=Max("seq"))["last"] or 0
    head = AuditHead.objects.first()
    if head is None:
        return ["the head is missing: nothing more can be written"]
    return [f"events after {head.seq} were not given out by the head"] if last > head.seq else []


def _gap(last: int, found: int) -> str:
    missing = f"event {last + 1} is" if found == last + 2 else f"events {last + 1} to {found - 1} are"
    return f"{missing} missing"


def _faults(event: AuditEvent, prev_hash: str) -> list[str]:
    faults = []
    if event.prev_hash != prev_hash:
        faults.append("does not continue the line before it")
    if link(event.prev_hash, event.body) != event.hash:
        faults.append("its text was changed: the hash does not fit")
    try:
        body = json.loads(event.body)
    except ValueError:
        return [*faults, "its text is not JSON"]
    if not isinstance(body, dict):
        return [*faults, "its text is no JSON object"]
    faults.extend(f"its column {name} differs from its text" for name in _differing_columns(event, body))
    return faults


def _differing_columns(event: AuditEvent, body: dict[str, Any]) -> list[str]:
    columns = {
        "at": (timestamp(event.at), body.get("at")),
        "action": (event.action, body.get("action")),
        "account": (event.account_id, body.get("account_id")),
        "actor": (event.actor_id, body.get("actor_id")),
        "connection": (event.connection_id, body.get("connection")),
        "run": (event.run_id, body.get("run_id")),
    }
    return [name for name, (column, text) in columns.items() if column != text]
