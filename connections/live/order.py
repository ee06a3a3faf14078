"""What came after what: the order of the audit decides, not two hosts' clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from connections.models import AuditEvent

if TYPE_CHECKING:
    from connections.models.connections import ConnectionQuerySet


def not_answered_since(records: ConnectionQuerySet, seq: int) -> ConnectionQuerySet:
    """Those of `records` that no stop was answered for after the place `seq`: a list asked for there can judge them."""
    answers = AuditEvent.objects.filter(connection=OuterRef("pk"), action="stop.answered", seq__gt=seq)
    return records.filter(~Exists(answers))
