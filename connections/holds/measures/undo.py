"""Putting back what a hold had switched off: compare first, ask, see. It is queued, and goes on until it is empty."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import append
from connections.holds.measures import lines
from connections.holds.measures.apply import same_way, value_of
from connections.models import Measure
from connections.models.holding.measures import MAY_BE_SET, MeasureState, UndoState
from connections.remoteit.measures import MeasureAnswer, MeasureOutcome

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.append import Entry
    from connections.audit.origin import Origin
    from connections.live.services import ServicesRead
    from connections.models import Account, Hold, Worker
    from connections.models.holding.measures import MeasureQuerySet

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
EFFECT = timedelta(seconds=30)


def queue(hold: Hold) -> int:
    """Queue the undo of all that the hold has switched off, or may have; in the transaction of its end."""
    hold.measures.filter(state=MeasureState.PLANNED).update(
        state=MeasureState.NOT_ASKED, why=_("the hold ended before it was asked")
    )
    mine = hold.measures.filter(state__in=MAY_BE_SET, undo="").exclude(before=None)
    return mine.update(undo=UndoState.QUEUED, undo_next_at=None)


def due(account: Account, now: datetime) -> MeasureQuerySet:
    """What is to be put back for services of `account`, as far as nothing has to be waited for."""
    found = Measure.objects.not_restored().filter(member__account=account).exclude(state=MeasureState.SENDING)
    return found.exclude(undo_next_at__gt=now).select_related("member__account", "hold__user").order_by("pk")


def claim(account: Account, read: ServicesRead, worker: Worker, most: int) -> list[Measure]:
    """Take up to `most` undos to be asked now, each with its committed line; what needs no asking is settled."""
    claimed: list[Measure] = []
    with transaction.atomic():
        entries: list[Entry] = []
        queued = due(account, timezone.now()).filter(undo=UndoState.QUEUED)
        for measure in queued.select_for_update(of=("self",), no_key=True):
            if len(claimed) == most:
                break
            value = value_of(measure.kind, read, measure.member.service_key)
            if value is None:
                _wait(measure, read.why_unknown(measure.member.service_key) or _("it could not be read"))
            elif entry := _settled_without_asking(measure, value, read):
                entries.append(entry)
            else:
                measure.undo, measure.worker = UndoState.SENDING, worker
                measure.undo_tries += 1
                measure.undo_asked_at = timezone.now()
                measure.save(update_fields=("undo", "worker", "undo_tries", "undo_asked_at"))
                entries.append(lines.sent(measure, undo=True))
                claimed.append(measure)
        if entries:
            append(entries)
    return claimed


def record(measure: Measure, answer: MeasureAnswer) -> None:
    """Write down what came back. A no, and what is not clear, stays on the list: it is compared and asked again."""
    now = timezone.now()
    change: dict[str, object] = {"worker": None, "undo_answered_at": now, "undo_why": answer.reason}
    if answer.outcome is MeasureOutcome.SET:
        change |= {"undo": UndoState.SET}
    else:
        pause = min(FIRST_PAUSE * 2 ** min(measure.undo_tries, 10), LONGEST_PAUSE)
        change |= {"undo": UndoState.QUEUED, "undo_next_at": now + pause}
    mine = Measure.objects.filter(pk=measure.pk, undo=UndoState.SENDING, undo_tries=measure.undo_tries)
    with transaction.atomic():
        mine.update(**change)
        append([lines.answered(measure, answer, undo=True)])


def recover(dead: set[int]) -> None:
    """Have compared again what dead workers had asked: it may have happened."""
    with transaction.atomic():
        sending = Measure.objects.filter(undo=UndoState.SENDING, worker__in=dead)
        for measure in sending.select_related("member__account", "hold__user").select_for_update(
            of=("self",), no_key=True
        ):
            Measure.objects.filter(pk=measure.pk).update(
                undo=UndoState.QUEUED, worker=None, undo_answered_at=timezone.now(), undo_next_at=None
            )
            append([lines.lost(measure, undo=True)])


def see(account: Account, read: ServicesRead) -> None:
    """Call restored what a reading shows that was asked for after the answer; ask again for what it does not show."""
    answered = due(account, timezone.now()).filter(undo=UndoState.SET, undo_answered_at__lt=read.at)
    for measure in answered:
        value = value_of(measure.kind, read, measure.member.service_key)
        if value == measure.before:
            _settle(measure, UndoState.RESTORED, "", read, {"undone_at": read.at})
        elif value is not None and measure.undo_answered_at and read.at > measure.undo_answered_at + EFFECT:
            Measure.objects.filter(pk=measure.pk, undo=UndoState.SET).update(
                undo=UndoState.QUEUED, undo_why=_("remote.it said yes, and the value is still the other one")
            )


def try_now(measure: Measure) -> None:
    """Have an undo that waits tried with the next reading."""
    Measure.objects.filter(pk=measure.pk, undo=UndoState.QUEUED).update(undo_next_at=None)


def leave(measure: Measure, user: User, reason: str, origin: Origin) -> bool:
    """Leave a value as it is, because a person says so. False: it was settled before."""
    with transaction.atomic():
        waiting = Measure.objects.filter(
            pk=measure.pk, undo__in=(UndoState.QUEUED, UndoState.SET, UndoState.LEFT_ALONE)
        )
        if not waiting.update(undo=UndoState.GIVEN_UP, undo_why=reason):
            return False
        append(
            [
                lines.about(
                    measure, "hold.restored", undo=True, actor=user, origin=origin, outcome="given_up", why=reason
                )
            ]
        )
    return True


def _settled_without_asking(measure: Measure, value: bool, read: ServicesRead) -> Entry | None:
    """The line of what needs no asking: passed on, changed by somebody else, or never happened. None: it has to be."""
    if heir := _heir(measure):
        state = heir.state if heir.state in MAY_BE_SET else MeasureState.INHERITED
        Measure.objects.filter(pk=heir.pk).update(before=measure.before, state=state)
        return _line(measure, UndoState.PASSED_ON, _("hold %d wants it off, too") % heir.hold_id, read)
    if value != measure.before:
        return None
    if measure.undo_tries:
        # Our own wish may have come true without an answer that could be read.
        return _line(measure, UndoState.RESTORED, "", read, undone_at=read.at)
    if measure.seen_at is None and measure.state != MeasureState.SET:
        return _line(measure, UndoState.LEFT_ALONE, _("it was never switched off"), read)
    since = measure.changed_at or read.at
    why = _("changed by somebody else, as seen at %s, and left alone") % since.isoformat(timespec="seconds")
    return _line(measure, UndoState.LEFT_ALONE, why, read)


def _heir(measure: Measure) -> Measure | None:
    """The measure of another hold, one that is on, that wants the same way closed."""
    others = same_way(measure).filter(hold__ended_at=None)
    wanting = (*MAY_BE_SET, MeasureState.NOT_ASKED, MeasureState.PLANNED)
    return others.filter(state__in=wanting).order_by("pk").first()


def _line(measure: Measure, undo: UndoState, why: str, read: ServicesRead, **change: object) -> Entry:
    Measure.objects.filter(pk=measure.pk).update(undo=undo, undo_why=why, **change)
    return lines.about(measure, "hold.restored", undo=True, outcome=str(undo), why=why, list_seq=read.seq)


def _settle(measure: Measure, undo: UndoState, why: str, read: ServicesRead, change: dict[str, object]) -> None:
    with transaction.atomic():
        if Measure.objects.filter(pk=measure.pk, undo=measure.undo).update(undo=undo, undo_why=why, **change):
            append([lines.about(measure, "hold.restored", undo=True, outcome=str(undo), why=why, list_seq=read.seq)])


def _wait(measure: Measure, why: str) -> None:
    Measure.objects.filter(pk=measure.pk).update(undo_why=why, undo_next_at=timezone.now() + FIRST_PAUSE)
