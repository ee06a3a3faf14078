"""A person's wishes about a hold: end it, extend it, raise its level, decide about a new service, leave a value."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append
from connections.holds.begin import LONGEST, CannotHold
from connections.holds.ends import end
from connections.holds.measures import undo
from connections.holds.plans import plan_measures
from connections.models import Connection, Hold, HoldMember, Measure
from connections.models.holding.holds import LEVELS, PERMISSIONS, HoldEnd, Level
from connections.models.holding.members import MemberState
from connections.models.rights import NOTHING_CHANGED, may, missing
from connections.people.access.givers import refused
from connections.stops import plan
from connections.stops.ceilings import is_protected
from connections.stops.terms import approval_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

    from connections.audit.origin import Origin


def may_steer(user: User, hold: Hold) -> bool:
    """One's own hold with the permission of its level; that of others with `manage_runs` beside it."""
    return not lacking_to_steer(user, hold)


def lacking_to_steer(user: User, hold: Hold) -> list[str]:
    """The permissions that `user` lacks to steer `hold`."""
    others = () if hold.user_id == user.pk else ("manage_runs",)
    return missing(user, PERMISSIONS[Level(hold.level)], *others)


def withdraw(hold: Hold, user: User, reason: str, origin: Origin) -> None:
    """End the hold now and put back what it changed. Raises CannotHold."""
    _refuse(hold, user, reason)
    if not end(hold, HoldEnd.WITHDRAWN, user=user, reason=reason.strip(), origin=origin):
        raise CannotHold(_("This hold is over already."))


def extend(hold: Hold, user: User, by: timedelta, reason: str, origin: Origin) -> None:
    """Move the deadline. Raises CannotHold: also for one that would be more than 24 hours away."""
    _refuse(hold, user, reason)
    _refuse_changed_terms(hold)
    until = hold.deadline_at + by
    if not timedelta() < by or until > timezone.now() + LONGEST:
        raise CannotHold(_("The new deadline lies after the old one, and at most 24 hours ahead."))
    with transaction.atomic():
        moved = Hold.objects.on().filter(pk=hold.pk, deadline_at=hold.deadline_at).update(deadline_at=until)
        _once(moved)
        facts = {"hold_id": hold.pk, "deadline_at": until.isoformat(), "reason": reason.strip()}
        append([Entry("hold.extended", origin, actor=user, facts=facts)])
    hold.refresh_from_db()


def next_level(hold: Hold) -> Level | None:
    """The level after the hold's; None after the last that is offered."""
    place = LEVELS.index(Level(hold.level)) + 1
    return LEVELS[place] if LEVELS[place] is not Level.PERSON else None


def raise_level(hold: Hold, user: User, level: Level, reason: str, origin: Origin) -> None:
    """Go further: close the ways that `level` closes. Raises CannotHold."""
    _refuse(hold, user, reason)
    _refuse_changed_terms(hold)
    if LEVELS.index(level) >= LEVELS.index(Level.LINKS) and _is_protected(hold.members.all()):
        raise CannotHold(
            _("Some of its services are protected: begin a hold at that level, and a second person decides.")
        )
    if level is Level.PERSON or LEVELS.index(level) <= LEVELS.index(Level(hold.level)):
        raise CannotHold(_("“%s” is no level further than this hold goes.") % level.label)
    if lacking := missing(user, PERMISSIONS[level], *plan.TAKES):
        raise CannotHold(refused(user, *lacking, but=NOTHING_CHANGED))
    if level not in (Level.WATCH, Level.RECUT) and not hold.members.exists():
        raise CannotHold(_("The hold has no service yet, so there is no way to close."))
    with transaction.atomic():
        _once(
            Hold.objects.on().filter(pk=hold.pk, level=hold.level).update(level=level, offer_declined_at=timezone.now())
        )
        was, hold.level = hold.level, level
        plan_measures(hold)
        facts = {"hold_id": hold.pk, "level": str(level), "level_before": str(was), "reason": reason.strip()}
        append([Entry("hold.raised", origin, actor=user, facts=facts)])
    hold.refresh_from_db()


def decline_offer(hold: Hold, user: User, origin: Origin) -> None:
    """Go on as it is: the next level is offered again only after three more. Raises CannotHold."""
    _refuse(hold, user, "-")
    with transaction.atomic():
        _once(Hold.objects.on().filter(pk=hold.pk).update(offer_declined_at=timezone.now()))
        append([Entry("hold.offer_declined", origin, actor=user, facts={"hold_id": hold.pk})])


def decide_member(member: HoldMember, user: User, origin: Origin, *, yes: bool) -> None:
    """Close the ways to a service that joined later, too, or leave it watched and stopped. Raises CannotHold."""
    hold = member.hold
    _refuse(hold, user, "-")
    is_second = user.pk != hold.user_id and may(user, "approve_runs")
    if yes and not is_second and _is_protected([member]):
        raise CannotHold(
            _("This service is protected: somebody else, who may decide as the second person, says yes to it.")
        )
    state = MemberState.HELD if yes else MemberState.SPARED
    with transaction.atomic():
        _once(HoldMember.objects.filter(pk=member.pk, state=MemberState.WAITING).update(state=state))
        if yes:
            plan_measures(hold, [member.pk])
        facts = {"hold_id": hold.pk, "device_address": member.device_address, "decision": str(state)}
        append([Entry("hold.service_decided", origin, actor=user, account=member.account, facts=facts)])


def leave(measure: Measure, user: User, reason: str, origin: Origin) -> None:
    """Leave what is not restored as it is. Raises CannotHold."""
    _refuse_unless_theirs(measure.hold, user)
    if not reason.strip():
        raise CannotHold(_("Say why: the reason is kept in the history."))
    if not undo.leave(measure, user, reason.strip(), origin):
        raise CannotHold(_("This was settled meanwhile."))


def _refuse(hold: Hold, user: User, reason: str) -> None:
    _refuse_unless_theirs(hold, user)
    if not reason.strip():
        raise CannotHold(_("Say why: the reason is kept in the history."))
    if not hold.is_on:
        raise CannotHold(_("This hold is over already."))


def _refuse_unless_theirs(hold: Hold, user: User) -> None:
    if lacking := lacking_to_steer(user, hold):
        raise CannotHold(refused(user, *lacking, but=NOTHING_CHANGED))


def _refuse_changed_terms(hold: Hold) -> None:
    if approval_of(hold) is not None:
        raise CannotHold(_("A second person decides about exactly this hold. Begin another one to go further."))


def _is_protected(members: Iterable[HoldMember]) -> bool:
    addresses = {one.service_key for one in members}
    return is_protected(Connection.objects.filter(device_address__in=[*addresses, *(one.upper() for one in addresses)]))


def _once(changed: int) -> None:
    if not changed:
        raise CannotHold(_("Somebody else has changed this hold meanwhile. Look at it again."))
