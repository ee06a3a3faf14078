"""What waits for somebody's decision as the second person, on the overview: with its age, and the way to its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from connections.admin.approvals import changes, rows
from connections.models.rights import may

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.web.around.frame import Frame


@dataclass(frozen=True)
class Decision:
    """One of them. `key` tells it from the others on the page."""

    key: str
    title: str
    who: str
    reason: str
    age: timedelta
    address: str


def decisions(user: User, frame: Frame) -> list[Decision]:
    """What `user` can decide, the newest first; nothing is asked where `frame` says that nothing waits."""
    if not may(user, "approve_runs"):
        return []
    now = timezone.now()
    runs = rows.waiting(user, now) if frame.has_approvals else []
    wishes = changes.waiting(user, now) if frame.changes else []
    return [
        *(_of_run(row) for row in runs if not row.is_mine),
        *(_of_change(row) for row in wishes if not row.is_mine),
    ]


def _of_run(row: rows.Waiting) -> Decision:
    run, address = row.approval.run, reverse("admin:connections_approval_page", args=[row.approval.pk])
    return Decision(f"approval-{row.approval.pk}", row.title, run.user_name, run.reason, row.age, address)


def _of_change(row: changes.Row) -> Decision:
    who, address = row.proposal.asked_by.get_username(), changes.address(row.proposal)
    return Decision(f"change-{row.proposal.pk}", row.title, who, row.proposal.reason, row.age, address)
