"""What the panel needs and whether it is there: each part by its own word, "ok" when nothing is missing."""

from __future__ import annotations

from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone
from huey.contrib.djhuey import HUEY

from connections.audit import triggers
from connections.audit.checkpoints import why_file_not_writable
from connections.audit.verify import LIMITS, Result
from connections.db.writable import why_not_writable
from connections.models import Account, AuditVerification, Worker
from connections.words.times import clock_words

PROBE_KEY = "readyz"
FRESH = timedelta(minutes=10)
"""How old a list may be whose answer still says something of the clock."""


def parts() -> dict[str, str]:
    """The parts by name, each with "ok" or what is wrong. Where the database is away, those in it are left out."""
    found = {"database": _database(), "queue": _queue(), "files": why_file_not_writable() or "ok"}
    if found["database"] == "ok":
        try:
            found |= _stored()
        except DatabaseError:  # it went away meanwhile, or `migrate` has still to bring its tables up to date
            found["database"] = "can't be read"
    return found


def _stored() -> dict[str, str]:
    """The parts that the database tells; "database" only where it takes no write, "files" only where a worker can't."""
    alive = list(Worker.objects.alive().order_by("pk"))
    last = AuditVerification.objects.first()
    found = {
        "worker": _workers(alive),
        "clock": _clock(),
        "triggers": "ok" if not triggers.missing() else "missing: the history can be changed",
        "history": "ok" if last is None or last.holds else "the last verification found faults",
    }
    if why := why_not_writable():
        found["database"] = f"can't be written: {why}"
    if elsewhere := next((f"{one}: {one.files_failure}" for one in alive if one.files_failure), ""):
        found["files"] = elsewhere
    return found


def is_well(found: dict[str, str]) -> bool:
    """Whether every one of `parts` is there."""
    return all(word == "ok" for word in found.values())


def verified() -> dict[str, object] | None:
    """What the last verification of the history that read it found and could not show, and why a later one did not.

    None before the first. One that could not read the history says nothing about it, so it fails no part.
    """
    last = AuditVerification.objects.first()
    if last is None:
        return None
    found: dict[str, object] = {
        "result": (Result.HOLDS if last.holds else Result.DOES_NOT_HOLD) if last.at else None,
        "at": last.at,
        "events": last.events,
        "faults": last.fault_count,
        "checkpoint": last.checkpoint_seq,
        "compared_with": last.held,
        "cannot_show": str(LIMITS),
    }
    if last.unread_why:
        found[Result.UNREADABLE] = {"at": last.unread_at, "why": last.unread_why}
    return found


def _workers(alive: list[Worker]) -> str:
    """Judged by their work, too: a sign of life may fit onto a disk that is too full for the rest."""
    if not alive:
        return "no worker gave a sign lately"
    return next((f"{one} can't go on: {one.failure}" for one in alive if one.failure), "ok")


def _clock() -> str:
    """By the last list of each account, if it is not an old one: remote.it's answers tell the time."""
    lately = Account.objects.filter(listed_at__gt=timezone.now() - FRESH, clock_off_s__isnull=False)
    told = ((account, clock_words(account.clock_off_s)) for account in lately)
    return next((f"{words} (list of {account})" for account, words in told if words), "ok")


def _database() -> str:
    try:
        Worker.objects.exists()
    except DatabaseError:
        return "does not answer"
    return "ok"


def _queue() -> str:
    # A wake-up is a write: a Redis that is out of memory, or a copy, answers to who only reads.
    try:
        HUEY.storage.put_data(PROBE_KEY, b"ok")
    except Exception as error:  # whatever the queue's client raises
        return f"takes nothing: {type(error).__name__}"
    return "ok"
