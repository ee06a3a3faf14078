"""/healthz: the process answers. /readyz: what it needs is there."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from huey.contrib.djhuey import HUEY

from connections.audit import triggers
from connections.models import Worker


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, queue, worker, triggers: 200 when all are there, else 503; each by its own word."""
    parts = {"database": _database(), "queue": _queue()}
    if parts["database"] == "ok":
        parts["worker"] = "ok" if Worker.objects.alive().exists() else "no worker gave a sign lately"
        parts["triggers"] = "ok" if not triggers.missing() else "missing: the history can be changed"
    ready = all(word == "ok" for word in parts.values())
    return JsonResponse({"status": "ok" if ready else "not ready", **parts}, status=200 if ready else 503)


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
