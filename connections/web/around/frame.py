"""What every page shows around itself, counted in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from connections.db.counts import count_together
from connections.models import (
    Approval,
    Connection,
    Hold,
    Notice,
    Preferences,
    Proposal,
    SavedView,
    SendingPause,
    StopRun,
    Worker,
)
from connections.models.rights import may
from connections.models.scope import is_bounded
from connections.stops import approvals
from connections.stops.progress.needs import going

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from connections.models.connections import ConnectionQuerySet
    from connections.models.door.proposals import ProposalQuerySet

MOST = 10_000
"""How far the navigation counts."""
MOST_UNREAD = 99
MOST_LOOKED_AT = 2_000
"""Among so many open connections those are counted that somebody with a scope sees: each has to be looked at."""


@dataclass(frozen=True)
class Frame:
    """How many connections are open, runs under way and holds on for somebody: each up to one more than MOST.

    `changes`: how many changes of who may do what wait for who can decide, up to one more than MOST_UNREAD.

    `unread`: how many notices, up to one more than MOST_UNREAD.

    `is_least`: there are more open ones than were looked at, so that `open` is the least it can be.
    """

    has_worker: bool
    is_paused: bool
    has_approvals: bool
    changes: int = 0
    unread: int = 0
    open: int = 0
    is_least: bool = False
    runs: int = 0
    holds: int = 0


def frame_of(person: User) -> Frame:
    """Asked on every page: a band or an approval is looked up only where it says that there is one."""
    of_all = [
        (Worker.objects.alive(), 1),
        (SendingPause.objects.filter(ended_at=None), 1),
        (approvals.told(timezone.now()), 1),
        (_changes_for(person), MOST_UNREAD),
        (Notice.objects.of(person).unread(), MOST_UNREAD),
    ]
    if not may(person, "view_connection"):
        worker, paused, asked, changes, unread = count_together(of_all)
        return Frame(bool(worker), bool(paused), bool(asked), changes, unread)
    looked_at, live = _open_to(person)
    runs = going(StopRun.objects.visible_to(person).started())
    holds = Hold.objects.visible_to(person).on()
    worker, paused, asked, changes, unread, all_open, *own = count_together(
        [*of_all, (looked_at, MOST_LOOKED_AT), (live, MOST), (runs, MOST), (holds, MOST)]
    )
    is_least = all_open > MOST_LOOKED_AT
    return Frame(bool(worker), bool(paused), bool(asked), changes, unread, own[0], is_least, own[1], own[2])


def _changes_for(person: User) -> ProposalQuerySet:
    """The changes of who may do what that wait, and that others asked for; none for who can't decide."""
    if not may(person, "approve_runs"):
        return Proposal.objects.none()
    return Proposal.objects.waiting().exclude(asked_by=person)


def _open_to(person: User) -> tuple[ConnectionQuerySet, ConnectionQuerySet]:
    """The open connections that have to be looked at one by one, and those of them that `person` sees."""
    live = Connection.objects.open().within_end()
    if not is_bounded(person):
        return live.none(), live
    seen = Connection.objects.filter(pk__in=live.order_by().values("pk")[:MOST_LOOKED_AT]).visible_to(person)
    return live, seen


def approvals_around(person: User | AnonymousUser) -> list[Approval]:
    return approvals.around(timezone.now(), person)


def preferences_of(person: User) -> Preferences | None:
    return Preferences.objects.filter(user=person.pk).first()


def views_of(person: User) -> list[SavedView]:
    """The saved views that `person` sees: their own and shared ones."""
    return list(SavedView.objects.seen_by(person).select_related("user"))
