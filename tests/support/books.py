"""What has to hold between the sandbox's request log and the panel's history, whatever happened meanwhile."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from connections.models import AuditEvent
from connections.sandbox import Sandbox

Lines = list[dict[str, Any]]
"""Lines of the history, as `export_audit --format jsonl` writes them."""


def in_the_database() -> Lines:
    """The whole history of this test's own database."""
    return [json.loads(body) for body in AuditEvent.objects.order_by("seq").values_list("body", flat=True)]


def of(history: Lines, action: str) -> Lines:
    return [line for line in history if line["action"] == action]


def attempts(lines: Iterable[dict[str, Any]]) -> Counter[tuple[object, object]]:
    return Counter((line["item_id"], line["attempt"]) for line in lines)


def arrived(sandbox: Sandbox) -> Counter[str]:
    """How often a stop of each connection id reached the sandbox."""
    return Counter(json.loads(row["body"])["connectionid"] for row in sandbox.log.rows("device/connect/stop"))


def check_attempts(history: Lines, sandbox: Sandbox) -> None:
    """What arrived had been announced, and each announced attempt was either withdrawn or answered, once."""
    sent, withdrawn = of(history, "stop.sent"), of(history, "stop.withdrawn")
    announced = Counter(line["connection_id"] for line in sent)
    announced.subtract(Counter(line["connection_id"] for line in withdrawn))
    assert arrived(sandbox) <= +announced
    answered = attempts(line for line in of(history, "stop.answered") if not line.get("late"))
    assert attempts(sent) - attempts(withdrawn) == answered
    assert {*answered.values()} <= {1}
