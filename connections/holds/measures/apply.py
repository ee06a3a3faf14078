"""Closing ways: each measure is planned, compared with a reading, announced, asked, answered, and seen by a reading.

What has no readable answer is read again before anything else: it is never sent twice blindly.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import append
from connections.holds.measures import lines, undo_file
from connections.models import Hold, Measure
from connections.models.holding.measures import MAY_BE_SET, MeasureKind, MeasureState
from connections.models.holding.members import MemberState
from connections.remoteit.answers import Cause
from connections.remoteit.measures import MeasureAnswer, MeasureOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connections.audit.append import Entry
    from connections.live.services import ServicesRead
    from connections.models import Account, Worker
    from connections.models.holding.measures import MeasureQuerySet

AT_ONCE = 16
"""How many measures of an account are asked before its services are read again."""
MOST_TRIES = 5
FIRST_PAUSE = timedelta(seconds=5)
EFFECT = timedelta(seconds=30)
"""How long a measure without an answer may take to show; then it is asked again."""


def value_of(kind: str, read: ServicesRead, key: str) -> bool | None:
    """What a reading says of a link or a service; None when it says nothing certain."""
    service = read.services.get(key)
    if service is None:
        return None
    return service.link if kind == MeasureKind.LINK else service.enabled


def planned(account: Account, now: datetime) -> MeasureQuerySet:
    """What is to be asked for services of `account`, in order, as far as nothing has to be waited for."""
    found = Measure.objects.filter(
        state=MeasureState.PLANNED, hold__ended_at=None, member__account=account, member__state=MemberState.HELD
    )
    return found.exclude(next_at__gt=now).select_related("member__account", "hold__user").order_by("pk")


def claim(
    account: Account, read: ServicesRead, cant: Mapping[tuple[str, str], str], worker: Worker, most: int
) -> list[Measure]:
    """Take up to `most` measures to be asked now; each has its line, committed when this returns.

    `cant`: why a measure can't be asked at a service, by kind and address. What need not be asked is settled.
    """
    claimed: list[Measure] = []
    with transaction.atomic():
        entries: list[Entry] = []
        for measure in planned(account, timezone.now()).select_for_update(of=("self",), no_key=True):
            if len(claimed) == most:
                break
            if why := _why_not(measure, read, cant):
                _not_asked(measure, why)
            elif (value := value_of(measure.kind, read, measure.member.service_key)) is not None:
                if problem := undo_file.write(measure.hold):
                    _wait(measure, problem)
                    continue
                measure.before = value
                measure.state, measure.worker, measure.asked_at = MeasureState.SENDING, worker, timezone.now()
                measure.tries += 1
                measure.save(update_fields=("before", "state", "worker", "asked_at", "tries"))
                entries.append(lines.sent(measure, undo=False))
                claimed.append(measure)
        if entries:
            append(entries)
    return claimed


def record(measure: Measure, answer: MeasureAnswer) -> None:
    """Write down what came back, unless somebody has taken the measure for lost meanwhile: then only its line."""
    now = timezone.now()
    after = _after(measure, answer, now)
    mine = Measure.objects.filter(pk=measure.pk, state=MeasureState.SENDING, tries=measure.tries)
    with transaction.atomic():
        mine.update(worker=None, answered_at=now, why=answer.reason, **after)
        _changed(measure, append([lines.answered(measure, answer, undo=False)]))


def recover(dead: set[int]) -> None:
    """Call unknown what dead workers had asked: it may have happened."""
    with transaction.atomic():
        for measure in _sending().filter(worker__in=dead).select_for_update(of=("self",), no_key=True):
            Measure.objects.filter(pk=measure.pk).update(
                state=MeasureState.UNKNOWN, worker=None, answered_at=timezone.now()
            )
            _changed(measure, append([lines.lost(measure, undo=False)]))


def see(account: Account, read: ServicesRead) -> None:
    """Compare what was asked with a reading that was asked for after its answer."""
    asked = Measure.objects.in_force().filter(member__account=account, answered_at__lt=read.at)
    for measure in asked.select_related("member__account", "hold__user"):
        value = value_of(measure.kind, read, measure.member.service_key)
        if value is not None:
            _compare(measure, value, read)


def _compare(measure: Measure, value: bool, read: ServicesRead) -> None:
    mine = Measure.objects.filter(pk=measure.pk, state=measure.state)
    if not value and measure.seen_at is None:
        _seen(measure, read, {"seen_at": read.at}, value=False)
    elif not value and measure.changed_at is not None:
        _seen(measure, read, {"changed_at": None}, value=False)
    elif value and measure.seen_at is not None and measure.changed_at is None:
        _seen(measure, read, {"changed_at": read.at}, value=True)
    elif value and measure.state == MeasureState.UNKNOWN and _has_had_time(measure, read):
        # A reading shows that it did not happen, so that to ask again is not blind.
        again = measure.tries < MOST_TRIES
        mine.update(state=MeasureState.PLANNED if again else MeasureState.REFUSED)


def _seen(measure: Measure, read: ServicesRead, change: dict[str, object], *, value: bool) -> None:
    with transaction.atomic():
        if Measure.objects.filter(pk=measure.pk, state=measure.state).update(**change):
            append([lines.about(measure, "hold.measure_seen", undo=False, value=value, list_seq=read.seq)])


def _has_had_time(measure: Measure, read: ServicesRead) -> bool:
    return measure.answered_at is not None and read.at > measure.answered_at + EFFECT


def _changed(measure: Measure, seq: int) -> None:
    """What was read before this place in the audit proves no quiet any more."""
    Hold.objects.filter(pk=measure.hold_id).update(changed_seq=seq)


def _sending() -> MeasureQuerySet:
    return Measure.objects.filter(state=MeasureState.SENDING).select_related("member__account", "hold__user")


def _why_not(measure: Measure, read: ServicesRead, cant: Mapping[tuple[str, str], str]) -> str:
    """Why a measure is not asked, "" when it is, or when a reading has to come first."""
    key = measure.member.service_key
    service = read.services.get(key)
    if service is None:
        return ""
    if measure.kind == MeasureKind.LINK and service.link is None:
        return _("it has no public link")
    if value_of(measure.kind, read, key) is False:
        return _("it was off already")
    return cant.get((measure.kind, key), "")


def _not_asked(measure: Measure, why: str) -> None:
    """Settle what is not asked; what another hold has switched off is restored by the last of them."""
    other = same_way(measure).filter(state__in=MAY_BE_SET, undo="").exclude(before=None).first()
    if other is not None:
        Measure.objects.filter(pk=measure.pk).update(state=MeasureState.INHERITED, before=other.before, why=why)
    else:
        Measure.objects.filter(pk=measure.pk).update(state=MeasureState.NOT_ASKED, why=why)


def same_way(measure: Measure) -> MeasureQuerySet:
    """The measures of other holds about the same way to the same service."""
    member = measure.member
    found = Measure.objects.filter(
        kind=measure.kind, member__account=member.account_id, member__service_key=member.service_key
    )
    return found.exclude(hold=measure.hold_id)


def _wait(measure: Measure, why: str) -> None:
    Measure.objects.filter(pk=measure.pk).update(why=why, next_at=timezone.now() + FIRST_PAUSE)


def _after(measure: Measure, answer: MeasureAnswer, now: datetime) -> dict[str, object]:
    """What the measure becomes by an answer."""
    may_try_again = measure.tries < MOST_TRIES
    again = {"state": MeasureState.PLANNED, "next_at": now + FIRST_PAUSE * 2 ** min(measure.tries, 6)}
    match answer.outcome:
        case MeasureOutcome.SET:
            return {"state": MeasureState.SET}
        case MeasureOutcome.UNKNOWN:
            return {"state": MeasureState.UNKNOWN}
        case MeasureOutcome.FAILED:
            return again if may_try_again else {"state": MeasureState.FAILED}
    limited = answer.cause in (Cause.LIMIT, Cause.TOKEN)
    return again if limited and may_try_again else {"state": MeasureState.REFUSED}
