"""/healthz: the process answers. /readyz: what it needs is there."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from huey.contrib.djhuey import HUEY

from connections.audit import triggers
from connections.audit.verify import LIMITS
from connections.models import AuditVerification, Worker
from connections.models.writable import why_not_writable


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, queue, worker, triggers, history: 200 when all are there, else 503; each by its own word."""
    parts, verified = {"database": _database(), "queue": _queue()}, None
    if parts["database"] == "ok":
        parts["worker"] = "ok" if Worker.objects.alive().exists() else "no worker gave a sign lately"
        if parts["worker"] != "ok" and (why := why_not_writable()):
            # A worker's signs are writes: with one that is alive it can be written.
            parts["database"] = f"can't be written: {why}"
        parts["triggers"] = "ok" if not triggers.missing() else "missing: the history can be changed"
        last = AuditVerification.objects.first()
        parts["history"] = "ok" if last is None or last.holds else "the last verification found faults"
        verified = _verified(last)
    ready = all(word == "ok" for word in parts.values())
    body = {"status": "ok" if ready else "not ready", **parts, "verification": verified}
    return JsonResponse(body, status=200 if ready else 503)


def _verified(last: AuditVerification | None) -> dict[str, object] | None:
    """What the last verification of the history read and could not show; None before the first."""
    if last is None:
        return None
    return {
        "at": last.at,
        "events": last.events,
        "faults": last.fault_count,
        "checkpoint": last.checkpoint_seq,
        "cannot_show": str(LIMITS),
    }


def _database() -> str:
    try:
        Worker.objects.exists()
    except DatabaseError:
        return "does not answer"
    return "ok"


def _queue() -> str:
    try:
        HUEY.pending_count()
    except Exception:  # whatever the queue's client raises
        return "does not answer"
    return "ok"
