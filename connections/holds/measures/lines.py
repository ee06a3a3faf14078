"""The lines of history about a measure and its undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.audit.append import Entry
from connections.audit.origin import WORKER, Origin

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models import Measure
    from connections.remoteit.measures import MeasureAnswer


def about(
    measure: Measure, action: str, *, undo: bool, actor: User | None = None, origin: Origin = WORKER, **facts: object
) -> Entry:
    """A line about `measure`; `undo`: about putting back what was there before."""
    member = measure.member
    told: dict[str, object] = {
        "hold_id": measure.hold_id,
        "measure_id": measure.pk,
        "measure": str(measure.kind),
        "device_address": member.device_address,
        "restore": True if undo else None,
        **facts,
    }
    return Entry(action, origin, actor=actor or measure.hold.user, account=member.account, facts=told)


def sent(measure: Measure, *, undo: bool) -> Entry:
    """About to be asked: committed before anything leaves."""
    attempt = measure.undo_tries if undo else measure.tries
    before, to = (False, measure.before) if undo else (measure.before, False)
    return about(measure, "hold.measure_sent", undo=undo, attempt=attempt, before=before, to=to)


def answered(measure: Measure, answer: MeasureAnswer, *, undo: bool) -> Entry:
    return about(
        measure,
        "hold.measure_answered",
        undo=undo,
        attempt=measure.undo_tries if undo else measure.tries,
        outcome=str(answer.outcome),
        upstream_status=answer.status,
        upstream_reason=answer.reason,
        took_ms=answer.took_ms,
    )


def lost(measure: Measure, *, undo: bool) -> Entry:
    """Whoever waited for the answer is gone: it may have happened."""
    why = "the worker died before it recorded an answer"
    attempt = measure.undo_tries if undo else measure.tries
    return about(measure, "hold.measure_answered", undo=undo, attempt=attempt, outcome="unknown", upstream_reason=why)
