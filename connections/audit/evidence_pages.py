"""The evidence of a run for people: a table for spreadsheets and a page to read and print."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string

from connections.audit.export_csv import harmless

if TYPE_CHECKING:
    from connections.audit.evidence import Evidence

CHUNK = 500
COLUMNS = (
    "item_id",
    "account",
    "device_address",
    "connection_id",
    "device_name",
    "service_name",
    "opened_by",
    "outcome",
    "attempts",
    "first_sent_at",
    "last_answered_at",
    "upstream_status",
    "upstream_reason",
    "verdict",
    "verdict_why",
    "verdict_at",
    "came_back_as",
    "came_back_after_s",
)


def as_csv(evidence: Evidence) -> Iterator[str]:
    """One row an item, with its last answer. What a spreadsheet would take for a formula is made harmless."""
    written = io.StringIO()
    table = csv.DictWriter(written, COLUMNS, extrasaction="ignore")
    table.writeheader()
    for item in evidence.items():
        table.writerow({name: harmless(value) for name, value in flat(item).items()})
        yield written.getvalue()
        written.seek(0)
        written.truncate()
    yield written.getvalue()


def as_html(evidence: Evidence) -> Iterator[str]:
    """A page that needs nothing else: no script, no file beside it."""
    facts = {
        "evidence": evidence,
        "requested": evidence.first,
        "checkpoint": evidence.checkpoint,
        # As pairs: a template takes `items` of a Counter for a word that was never counted.
        "counts": sorted(evidence.counts.items()),
        "verdicts": sorted(evidence.verdicts.items()),
        "selected": list(evidence.first.get("selector", {}).items()),
    }
    yield render_to_string("evidence/head.html", facts)
    items = evidence.items()
    while chunk := list(islice(items, CHUNK)):
        yield render_to_string("evidence/rows.html", {"items": [(item, flat(item)) for item in chunk]})
    yield render_to_string("evidence/foot.html", facts)


def flat(item: dict[str, Any]) -> dict[str, Any]:
    """An item of evidence.json as one row: its last answer and its verdict beside its names."""
    attempts = item["attempts"]
    answers = [answer for attempt in attempts for answer in attempt["answers"]]
    last = answers[-1] if answers else {}
    verdict = item.get("verdict", {})
    return {
        **item,
        **item["recorded"],
        "attempts": sum("withdrawn" not in attempt for attempt in attempts),
        "first_sent_at": attempts[0]["sent_at"] if attempts else "",
        "last_answered_at": last.get("at", ""),
        "upstream_status": last.get("upstream_status", ""),
        "upstream_reason": last.get("upstream_reason", item.get("skipped", {}).get("why", "")),
        "verdict": verdict.get("verdict", ""),
        "verdict_why": verdict.get("why", ""),
        "verdict_at": verdict.get("at", ""),
        "came_back_as": verdict.get("came_back_as", ""),
        "came_back_after_s": verdict.get("came_back_after_s", ""),
    }
