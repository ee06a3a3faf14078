"""What one line of the history shows by itself, and beside the one before it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

DECODE = json.JSONDecoder().raw_decode


class Row(NamedTuple):
    """A line as it is read: far cheaper than a model's instance, of which there may be millions."""

    seq: int
    at: str
    """As the database writes it: to have each read by the driver takes most of the whole time."""
    action: str
    actor: int | None
    account: int | None
    connection: int | None
    run: int | None
    body: Any
    """A text, unless somebody put something else there; so are the next two."""
    prev_hash: Any
    hash: Any


def read_line(row: Row, prev_hash: str) -> tuple[list[str], dict[str, Any]]:
    """What does not fit in one line, and what it says; `prev_hash`: the hash of the line before it."""
    faults: list[str] = []
    if not isinstance(row.body, str) or not isinstance(row.prev_hash, str):
        return ["it holds something else than text"], {}
    if row.prev_hash != prev_hash:
        faults.append("does not continue the line before it")
    digest = hashlib.sha256(row.body.encode()).hexdigest()
    if hashlib.sha256((row.prev_hash + digest).encode()).hexdigest() != row.hash:
        faults.append("its text was changed: the hash does not fit")
    try:
        body, end = DECODE(row.body)
    except (ValueError, RecursionError):
        end = -1
    if end != len(row.body):
        return [*faults, "its text is not JSON"], {}
    if not isinstance(body, dict):
        return [*faults, "its text is no JSON object"], {}
    if differing := _differing_columns(row, body):
        faults.extend(f"its column {name} differs from its text" for name in differing)
    return faults, body


def _differing_columns(row: Row, body: dict[str, Any]) -> list[str]:
    get = body.get
    if (row.action, row.account, row.actor, row.connection, row.run) == (
        get("action"), get("account_id"), get("actor_id"), get("connection"), get("run_id")
    ) and is_at(row.at, get("at")):  # fmt: skip
        return []
    columns = {
        "at": is_at(row.at, get("at")),
        "action": row.action == get("action"),
        "account": row.account == get("account_id"),
        "actor": row.actor == get("actor_id"),
        "connection": row.connection == get("connection"),
        "run": row.run == get("run_id"),
    }
    return [name for name, fits in columns.items() if not fits]


def is_at(at: str, text: object) -> bool:
    """Whether `at`, as a database writes it, is the time `text`, as the history writes it."""
    if not isinstance(text, str):
        return False
    if at.removesuffix("+00") == f"{text[:10]} {text[11:-1]}":
        return True
    try:
        stored = datetime.fromisoformat(at)
        return (stored if stored.tzinfo else stored.replace(tzinfo=UTC)) == datetime.fromisoformat(text)
    except ValueError:
        return False
