"""What is done for the history by itself: checkpoints after runs, and the verification that the pages show."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from connections.audit.checkpoints import checkpoint_finished_runs
from connections.audit.signing import NoSigningKey
from connections.audit.verify import Result, Verification, verify
from connections.models import AuditVerification

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
REST_S = 60.0
"""How long nothing is tried after a checkpoint could not be made."""


def run(ending: threading.Event) -> None:
    """The worker's loop: write a checkpoint when a run is finished, until `ending` is set."""
    rest = LOOK_EVERY_S
    while not ending.wait(rest):
        rest = LOOK_EVERY_S
        try:
            checkpoint_finished_runs()
        except (DatabaseError, InterfaceError):
            logger.exception("No checkpoint while the database can't be written; trying again")
            connection.close()
        except (NoSigningKey, ImproperlyConfigured) as error:
            logger.error("No checkpoint: %s", error)
            rest = REST_S


def verify_and_keep() -> Verification:
    """Verify the whole history and keep what was found, for the pages that show it."""
    found = verify()
    keep(found)
    return found


def keep(found: Verification) -> None:
    """Keep `found` as the last verification; faults, and what kept it from reading, go to the log too."""
    for fault in found.faults:
        logger.error("The history does not hold: %s", fault)
    if found.unread:
        logger.error("The history could not be read to its end, which says nothing about it: %s", found.unread)
    try:
        AuditVerification.objects.update_or_create(pk=1, defaults=_as_row(found))
    except (DatabaseError, InterfaceError) as error:
        # Where nothing could be read, nothing can be written either, as a rule.
        logger.error("What the verification found is not kept: %s", error)


def _as_row(found: Verification) -> dict[str, Any]:
    now = timezone.now()
    unread = {"unread_at": now if found.unread else None, "unread_why": found.unread}
    if found.result is Result.UNREADABLE:
        return unread
    checkpoint = found.checkpoint
    row = {
        **unread,
        "at": now,
        "events": found.events,
        "last_seq": found.last_seq,
        "checkpoint_seq": checkpoint.seq if checkpoint else None,
        "checkpoint_at": parse_datetime(checkpoint.at) if checkpoint else None,
        "fault_count": found.fault_count,
        "faults": found.faults,
        "held": [asdict(one) for one in found.held],
        "runs": found.runs,
        "items": found.items,
        "differing_runs": found.differing_runs,
    }
    if found.holds:
        row |= {"sound_seq": found.last_seq, "sound_hash": found.last_hash, "sound_at": now}
    return row
