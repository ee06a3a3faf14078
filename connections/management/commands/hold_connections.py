from __future__ import annotations

import argparse
import json
import math
import time
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.origin import command_origin
from connections.holds.begin import CannotHold, Wish, begin, refuse_unless_possible
from connections.holds.members import NotUnderstood, matching, places_of
from connections.holds.wishes import withdraw
from connections.inventory.lookup import Answer, at_stake, look_up
from connections.inventory.pasted import NotALine, read_lines, read_text
from connections.live.standing import unread_accounts
from connections.management.shell import SOME_NOT, STILL_GOING, read_input, wrong_use
from connections.models import Connection, Hold, Worker
from connections.models.connections import ConnectionQuerySet
from connections.models.formats import for_terminal
from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.measures import UndoState
from connections.stops.plan import CannotStart
from connections.stops.selection import MAX_IDS, WrongIds, find, ids_in_words
from connections.words.holds.told import as_json, as_lines, reply_line

POLL_S = 0.2


def minutes(text: str) -> timedelta:
    """argparse type: a time in minutes, fractions allowed."""
    value = number(text)
    return timedelta(minutes=value)


def number(text: str) -> float:
    """argparse type: a number from 0 that is one."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0")
    return value


class Command(BaseCommand):
    help = (
        "Hold connections as a user of the panel: stop what matches, keep it stopped until nothing comes back, and put "
        "back what was switched off. The worker does it. Exit code with --wait: 0 when it ended quiet and all is "
        "restored, 1 when some kept coming or something is not restored, 3 when --wait gave up; 2 is wrong use, and "
        "nothing was begun. --end ends a hold and puts back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", metavar="ID", help="connection id")
        parser.add_argument("--match", metavar="FILTER", help="whatever matches this search, now and later")
        parser.add_argument(
            "--from", dest="source", metavar="FILE", help="names, addresses, ids or people, one a line; - is input"
        )
        parser.add_argument("--end", type=int, metavar="HOLD", help="end the hold of this number and put back")
        parser.add_argument("--user", required=True, metavar="NAME", help="who holds them")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why; kept in the history")
        parser.add_argument("--ticket", default="", metavar="TEXT", help="where it was asked for; kept in the history")
        parser.add_argument(
            "--level", type=Level, choices=list(Level), default=Level.RECUT, metavar="LEVEL",
            help="watch, recut (stop again), links, services or person (default: recut)",
        )  # fmt: skip
        parser.add_argument(
            "--quiet", type=minutes, default=timedelta(minutes=10), metavar="MINUTES",
            help="how long nothing may match until it ends (default: 10)",
        )  # fmt: skip
        parser.add_argument(
            "--deadline", type=minutes, default=timedelta(hours=1), metavar="MINUTES",
            help="when it ends whatever happens, at most 1440 (default: 60)",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="say what would be held, and begin nothing")
        parser.add_argument(
            "--wait", nargs="?", type=number, const=math.inf, metavar="SECONDS",
            help="wait until it has ended and all is restored or settled, at most so long",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise wrong_use(_("There is no user “%s”.") % options["user"])
        hold = self._end(user, options) if options["end"] is not None else self._begin(user, options)
        if hold is None:
            return
        if not Worker.objects.alive().exists():
            self.stderr.write(_("No worker is alive: nothing is sent until one is started."))
        try:
            if options["wait"] is not None:
                _wait(hold, options["wait"])
        except KeyboardInterrupt:
            connection.close()  # it may have been cut off in the middle of a query
            self.stderr.write(_("No longer waiting; hold %d goes on.") % hold.pk)
        hold.refresh_from_db()
        self._tell(hold, options)
        if options["wait"] is not None:
            raise SystemExit(exit_code(hold, by_hand=options["end"] is not None))

    def _begin(self, user: User, options: dict[str, Any]) -> Hold | None:
        wish = Wish(
            level=Level(options["level"]),
            reason=options["reason"],
            ticket=options["ticket"],
            quiet=options["quiet"],
            deadline=options["deadline"],
            match=options["match"] or "",
            selector={"door": "command"},
        )
        connections = self._selection(user, options)
        try:
            refuse_unless_possible(user, wish)
            if options["dry_run"]:
                self._tell_dry(connections, options)
                return None
            hold = begin(user, wish, connections, command_origin())
        except (CannotHold, CannotStart) as error:
            raise wrong_use(str(error)) from None
        if not hold.members.exists():
            self.stderr.write(_("Nothing matches now: the hold waits for what comes."))
        return hold

    def _end(self, user: User, options: dict[str, Any]) -> Hold:
        hold = Hold.objects.visible_to(user).filter(pk=options["end"]).first()
        if hold is None:
            raise wrong_use(_("There is no hold %d.") % options["end"])
        if options["ids"] or options["match"] is not None or options["source"] is not None:
            raise wrong_use(_("--end takes no connections: it ends all of the hold."))
        try:
            withdraw(hold, user, options["reason"], command_origin())
        except CannotHold as error:
            raise wrong_use(str(error)) from None
        return hold

    def _selection(self, user: User, options: dict[str, Any]) -> ConnectionQuerySet:
        """The open connections that are meant now."""
        ways = [bool(options["ids"]), options["source"] is not None, options["match"] is not None]
        if sum(ways) != 1:
            raise wrong_use(_("Name connection ids, or --from FILE, or --match FILTER: one of the three."))
        connections = Connection.objects.holdable_by(user).open()
        if options["match"] is not None:
            if not options["match"].strip():
                raise wrong_use(_("--match: The filter is empty."))
            try:
                return matching(options["match"], connections, user).order_by("pk")
            except NotUnderstood as error:
                raise wrong_use(f"--match: {error}") from None
        if options["ids"]:
            return self._by_ids(options["ids"], user)
        return self._in_file(options["source"], connections)

    def _by_ids(self, ids: list[str], user: User) -> ConnectionQuerySet:
        try:
            pks, repeated = find(ids_in_words(ids), Connection.objects.holdable_by(user))
        except WrongIds as error:
            for fault in error.faults:
                self.stderr.write(for_terminal(fault))
            raise wrong_use(_("Nothing was begun: not every id names one connection.")) from None
        for sentence in repeated:
            self.stderr.write(for_terminal(sentence))
        return Connection.objects.filter(pk__in=pks).order_by("pk")

    def _in_file(self, source: str, connections: ConnectionQuerySet) -> ConnectionQuerySet:
        try:
            lines = read_lines(read_text(read_input(source)), most=MAX_IDS)
        except NotALine as error:
            raise wrong_use(f"{source}: {error}") from None
        replies = look_up(lines, connections, unread_accounts())
        for reply in replies:
            if reply.answer != Answer.FOUND:
                self.stderr.write(for_terminal(reply_line(reply)))
        if [reply for reply in replies if not reply.is_meant and reply.answer != Answer.REPEATED]:
            raise wrong_use(_("Nothing was begun: not every line names one thing."))
        return at_stake(replies, connections)

    def _tell_dry(self, connections: ConnectionQuerySet, options: dict[str, Any]) -> None:
        places = places_of(connections)
        if options["json"]:
            services = [{"device_address": one.address, "opened_by": sorted(one.openers)} for one in places]
            self.stdout.write(json.dumps({"hold_id": None, "dry_run": True, "services": services}))
            return
        self.stdout.write(_("Dry run, nothing is begun: %d services would be held.") % len(places))
        for one in places:
            name = " · ".join(filter(None, (one.device_name, one.service_name))) or one.address
            self.stdout.write(for_terminal(f"{one.address}  {name}  {', '.join(sorted(one.openers))}"))

    def _tell(self, hold: Hold, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(as_json(hold, timezone.now())))
            return
        for line in as_lines(hold, timezone.now()):
            self.stdout.write(for_terminal(line))


def _wait(hold: Hold, at_most_s: float) -> None:
    until = time.monotonic() + at_most_s
    while _is_going(hold) and time.monotonic() < until:
        time.sleep(POLL_S)


def _is_going(hold: Hold) -> bool:
    """Whether the hold is on, or something of it is tried to be restored for the first time still."""
    if Hold.objects.on().filter(pk=hold.pk).exists():
        return True
    waiting = hold.measures.not_restored()
    # What was tried and refused is on the list "not yet restored": the worker goes on, nobody has to wait for it.
    return (
        waiting.exclude(undo=UndoState.QUEUED, undo_tries__gt=0)
        .exclude(undo=UndoState.QUEUED, undo_why__gt="")
        .exists()
    )


def exit_code(hold: Hold, *, by_hand: bool) -> int:
    """How the command ends. `by_hand`: `--end` had it ended, so that it need not have been quiet."""
    if _is_going(hold):
        return STILL_GOING
    unrestored = hold.measures.filter(undo=UndoState.LEFT_ALONE).exists() or hold.measures.not_restored().exists()
    ended_well = by_hand or hold.ended_how == HoldEnd.QUIET
    return 0 if ended_well and not unrestored else SOME_NOT
