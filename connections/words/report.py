"""A run told: for a person at a terminal, and for a script."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from connections.models.formats import for_terminal, isolated
from connections.models.states import CUT, UNFINISHED, ItemState, SkipReason, UnverifiedReason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connections.models import StopItem, StopRun


def items_of(run: StopRun) -> list[StopItem]:
    return list(run.items.select_related("connection", "account").order_by("pk"))


def as_json(items: list[StopItem], *, run_id: int | None, dry_run: bool) -> dict[str, Any]:
    """The run as data: `run_id` (null when none was started), `counts` by state, `verdicts` by verdict, and each item.

    Verdicts come after the outcomes, from lists: `verdicts` counts those that were there at this moment.
    """
    return {
        "run_id": run_id,
        "dry_run": dry_run,
        "counts": dict(sorted(Counter(item.state for item in items).items())),
        "verdicts": dict(sorted(Counter(item.verdict for item in items if item.verdict).items())),
        "items": [_item_as_json(item, started=run_id is not None) for item in items],
    }


def as_lines(items: list[StopItem], *, run_id: int | None, dry_run: bool) -> Iterator[str]:
    """How many are in which state, then a line for each that is of interest: in a dry run all."""
    yield f"{_heading(run_id, dry_run=dry_run)} {_counted(items)}"
    for item in items:
        if dry_run or _is_of_interest(item):
            yield _line(item)


def _is_of_interest(item: StopItem) -> bool:
    if item.verdict in (Verdict.STILL_ALIVE, Verdict.CAME_BACK):
        return True
    return item.state not in (*UNFINISHED, *CUT)


def _heading(run_id: int | None, *, dry_run: bool) -> str:
    if dry_run:
        return _("Dry run, nothing is sent:")
    return _("Nothing to stop:") if run_id is None else _("Run %d:") % run_id


def _counted(items: list[StopItem]) -> str:
    counts = Counter(item.state for item in items) + Counter(item.verdict for item in items if item.verdict)
    parts = [f"{counts[one]} {one.label}" for one in (*ItemState, *Verdict) if counts[one]]
    return ", ".join(parts) or _("no connections")


def _line(item: StopItem) -> str:
    why = SkipReason(item.skipped_why).label if item.skipped_why else item.upstream_reason
    facts = [item.connection.connection_id, str(item.connection), ItemState(item.state).label]
    facts += [str(fact) for fact in (item.upstream_status, why, _verdict_in_words(item)) if fact]
    # A name or a reason from outside must not steer the terminal.
    return "  ".join(isolated(for_terminal(str(fact))) for fact in facts)


def _verdict_in_words(item: StopItem) -> str:
    if item.verdict == Verdict.CAME_BACK:
        facts = {"seconds": item.came_back_after_s or 0, "id": item.came_back_as}
        return _("came back %(seconds)d s later as %(id)s") % facts
    if item.verdict == Verdict.UNVERIFIED and item.verdict_why:
        return _("unverified: %s") % UnverifiedReason(item.verdict_why).label
    return str(Verdict(item.verdict).label) if item.verdict else ""


def _item_as_json(item: StopItem, *, started: bool) -> dict[str, Any]:
    return {
        "item_id": item.pk if started else None,
        "account": item.account.name,
        "connection_id": item.connection.connection_id,
        "device_address": item.connection.device_address,
        "outcome": item.state,
        "skipped_why": item.skipped_why or None,
        "attempts": item.attempts,
        "upstream_status": item.upstream_status,
        "upstream_reason": item.upstream_reason or None,
        "verdict": item.verdict or None,
        "verdict_why": item.verdict_why or None,
        "came_back_as": item.came_back_as or None,
        "came_back_after_s": item.came_back_after_s,
    }
