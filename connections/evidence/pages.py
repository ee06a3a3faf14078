"""The evidence of a run for people: a table for spreadsheets and a page to read and print."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from connections.audit.export_csv import harmless
from connections.evidence.report import device, report
from connections.models.formats import visible
from connections.models.states import ItemState, SkipReason, UnverifiedReason, Verdict
from connections.words.actions import is_api_s_own

if TYPE_CHECKING:
    from collections import Counter

    from connections.evidence.story import Evidence

CHUNK = 500
DEVICES, ROWS = SafeString("<!-- devices -->"), SafeString("<!-- rows -->")
"""Where the rows of its two tables stand in the page: they are written in parts."""
WORDS = dict((*ItemState.choices, *Verdict.choices, *UnverifiedReason.choices, *SkipReason.choices))
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
    page = render_to_string("evidence/page.html", _context(evidence))
    first, _mark, rest = page.partition(DEVICES)
    head, _mark, foot = rest.partition(ROWS)
    yield visible(first)
    items = evidence.items()
    while chunk := list(islice(items, CHUNK)):
        yield visible(render_to_string("evidence/devices.html", {"rows": [device(flat(item)) for item in chunk]}))
    yield visible(head)
    items = evidence.items()
    while chunk := list(islice(items, CHUNK)):
        yield visible(render_to_string("evidence/rows.html", {"items": [(item, _in_words(item)) for item in chunk]}))
    yield foot


def _context(evidence: Evidence) -> dict[str, Any]:
    outcomes, verdicts = _counted(evidence.counts), _counted(evidence.verdicts)
    if verdicts:
        told = {"outcomes": outcomes, "verdicts": verdicts}
        outcomes = _("%(outcomes)s. By the lists read since: %(verdicts)s") % told
    return {
        "evidence": evidence,
        "requested": evidence.first,
        "checkpoint": evidence.checkpoint,
        "outcomes": outcomes,
        "selected": [(name, value) for name, value in evidence.first.get("selector", {}).items() if value],
        "report": report(evidence),
        "devices": DEVICES,
        "rows": ROWS,
    }


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {WORDS[code]}" for code, count in sorted(counts.items()))


def _in_words(item: dict[str, Any]) -> dict[str, Any]:
    """An item as `flat` gives it, with words for people in the place of codes; a code without words stays."""
    row = flat(item)
    verdict = [WORDS.get(row[name], row[name]) for name in ("verdict", "verdict_why") if row[name]]
    return {
        **row,
        "outcome": WORDS.get(row["outcome"], row["outcome"]),
        "verdict": ": ".join(map(str, verdict)),
        "skipped_why": WORDS.get(item.get("skipped", {}).get("why", "")),
        "tries": [{**attempt, "answers": [*map(_answer_in_words, attempt["answers"])]} for attempt in item["attempts"]],
    }


def _answer_in_words(answer: dict[str, Any]) -> dict[str, Any]:
    outcome, status, reason = answer["outcome"], answer.get("upstream_status"), answer.get("upstream_reason", "")
    quoted = is_api_s_own(outcome, status, reason)
    details = [
        f"HTTP {status}" if status else "",
        f"“{reason}”" if quoted else reason,
        _("(late)") if answer.get("late") else "",
    ]
    return {**answer, "words": WORDS.get(outcome, outcome), "details": " ".join(filter(None, details))}


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
