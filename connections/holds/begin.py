"""Beginning a hold: what is asked, why it may be refused, and its first line of history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.accounts.credentials import NoCredentials, credentials_of
from connections.audit.append import Entry, append
from connections.holds.members import NotUnderstood, Place, join, places_of, sha256_of, understood
from connections.holds.plans import plan_measures, waits
from connections.models import Account, Hold, StopRun
from connections.models.holding.holds import PERMISSIONS, Level
from connections.models.rights import missing
from connections.models.runs import TICKET_LENGTH, new_key
from connections.people.access.givers import refused
from connections.stops import plan
from connections.stops.ceilings import is_protected, needs

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin
    from connections.models.connections import ConnectionQuerySet

LONGEST = timedelta(hours=24)
QUIET = timedelta(minutes=10)
DEADLINE = timedelta(hours=1)


class CannotHold(Exception):
    """The hold was not begun and nothing was sent. The message is fit for a person."""


@dataclass(frozen=True)
class Wish:
    """What somebody asks of a hold. `match`: its filter as it was typed, "" where connections are named one by one."""

    level: Level
    reason: str
    ticket: str = ""
    quiet: timedelta = QUIET
    deadline: timedelta = DEADLINE
    match: str = ""
    include_own: bool = False
    selector: dict[str, Any] | None = None


def begin(
    user: User, wish: Wish, connections: ConnectionQuerySet, origin: Origin, *, run: StopRun | None = None
) -> Hold:
    """Begin a hold over the services and people of `connections`, and stop what is open there, if its level does.

    `run`: a draft of this person's with that list, which is stopped whatever the level; without it one is made. Under a
    level that closes ways the worker starts it once they are closed. Raises CannotHold, and CannotStart for a run that
    can't be started.
    """
    match = refuse_unless_possible(user, wish)
    connections = connections.holdable_by(user)
    places = _without_own(places_of(connections), user, wish)
    if not places and wish.level not in (Level.WATCH, Level.RECUT):
        raise CannotHold(_("Nothing matches now, so there is no way to close. Only “watch” and “stop again” can wait."))
    if not places and not match:
        raise CannotHold(_("None of these connections can be held: they are the panel's own or yours."))
    stops_now = run is not None or (wish.level is not Level.WATCH and connections.stoppable().exists())
    if not stops_now and wish.level not in (Level.WATCH, Level.RECUT) and is_protected(connections):
        raise CannotHold(
            _("Some of these are protected, and nothing is open there that a second person could decide about.")
        )
    if stops_now and run is None:
        run = plan.draft(user, connections, wish.selector or {})
    with transaction.atomic():
        hold = Hold.objects.create(
            key=new_key(),
            user=user,
            user_name=user.get_username(),
            level=wish.level,
            reason=wish.reason.strip(),
            ticket=wish.ticket.strip(),
            match=match,
            selector=wish.selector or {},
            list_sha256=sha256_of(places),
            include_own=wish.include_own,
            quiet=wish.quiet,
            deadline_at=timezone.now() + wish.deadline,
            first_run=run if stops_now else None,
        )
        join(hold, places, was_there=True)
        hold.started_seq = append([_requested(hold, len(places), user, origin)])
        hold.save(update_fields=("started_seq",))
        if stops_now and run is not None:
            _take_over(hold, run, user, origin)
        if not waits(hold):
            plan_measures(hold)
    return hold


def refuse_unless_possible(user: User, wish: Wish) -> str:
    """The filter in its normal form. Raises CannotHold for what can't be begun, whatever it is about."""
    if wish.level is Level.PERSON:
        raise CannotHold(_("“Suspend person” is not offered: what it would have to put back can't be read whole."))
    takes = () if wish.level is Level.WATCH else plan.TAKES
    if lacking := missing(user, PERMISSIONS[wish.level], *takes):
        raise CannotHold(refused(user, *lacking))
    if not wish.reason.strip():
        raise CannotHold(_("Say why: the reason is kept in the history. Nothing was sent."))
    if len(wish.ticket.strip()) > TICKET_LENGTH:
        raise CannotHold(_("The ticket is longer than %d characters. Nothing was sent.") % TICKET_LENGTH)
    refuse_wrong_times(wish.quiet, wish.deadline)
    if not wish.match.strip():
        return ""
    try:
        text, is_narrowed = understood(wish.match, user)
    except NotUnderstood as error:
        raise CannotHold(str(error)) from None
    if not is_narrowed and wish.level not in (Level.WATCH, Level.RECUT):
        raise CannotHold(_("This filter is everything: no level that closes ways takes that. Narrow it."))
    return text


def refuse_wrong_times(quiet: timedelta, deadline: timedelta) -> None:
    if not timedelta() < quiet <= LONGEST:
        raise CannotHold(_("The quiet time is more than 0 and at most 24 hours."))
    if not timedelta() < deadline <= LONGEST:
        raise CannotHold(_("The deadline lies ahead, and at most 24 hours."))
    if quiet > deadline:
        raise CannotHold(_("The quiet time is longer than the time to the deadline: the hold could never end quiet."))


def _without_own(places: list[Place], user: User, wish: Wish) -> list[Place]:
    logins: dict[int, str] = {}
    for place in places:
        if place.account_id not in logins:
            logins[place.account_id] = login_of(Account.objects.get(pk=place.account_id))
        own = {logins[place.account_id], *own_of(user, include=wish.include_own)}
        place.openers = {one for one in place.openers if not one or one.lower() not in own}
    return [place for place in places if place.openers]


def own_of(user: User, *, include: bool) -> set[str]:
    """The e-mail addresses, in lower case, of who holds; none when their connections are meant, too."""
    return set() if include or not user.email else {user.email.lower()}


def login_of(account: Account) -> str:
    """The panel's own login at remote.it, in lower case; "" while only remote.it could tell: with a key or a token."""
    try:
        return credentials_of(account).username.lower()
    except NoCredentials:
        return ""


def _take_over(hold: Hold, run: StopRun, user: User, origin: Origin) -> None:
    """Make `run` the first of the hold; under a level that closes ways it waits until the door is shut."""
    facts = {"reason": hold.reason, "ticket": hold.ticket, "hold": hold}
    if not StopRun.objects.drafts().filter(pk=run.pk, user=user, hold=None).update(**facts):
        raise CannotHold(_("This list was used already. Select the connections again. Nothing was sent."))
    run.refresh_from_db()
    if hold.reaches(Level.LINKS) and not needs(run, user, timezone.now()):
        return  # the worker starts it once the ways are closed
    try:
        plan.start(run.key, user, reason=hold.reason, ticket=hold.ticket, origin=origin)
    except plan.NeedsApproval as error:
        # Until somebody has said yes, to exactly these terms, nothing is closed and nothing stopped.
        hold.trouble = str(error)
        hold.save(update_fields=("trouble",))


def _requested(hold: Hold, services: int, user: User, origin: Origin) -> Entry:
    facts = {
        "hold_id": hold.pk,
        "level": str(hold.level),
        "services": services,
        "list_sha256": hold.list_sha256,
        "match": hold.match,
        "selector": hold.selector or None,
        "quiet_s": round(hold.quiet.total_seconds()),
        "deadline_at": hold.deadline_at.isoformat(),
        "include_own": True if hold.include_own else None,
        "most_per_minute": hold.most_per_minute,
        "most_per_hour": hold.most_per_hour,
        "most_in_all": hold.most_in_all,
        "first_run": hold.first_run_id,
        "reason": hold.reason,
        "ticket": hold.ticket,
    }
    return Entry("hold.requested", origin, actor=user, facts=facts)
