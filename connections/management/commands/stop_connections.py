from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils.translation import gettext as _

from connections.audit.origin import command_origin
from connections.inventory.lookup import Answer, Reply, at_stake, look_up
from connections.inventory.match import Match, MatchError, parse
from connections.inventory.pasted import NotALine, read_lines, read_text
from connections.live.standing import unread_accounts
from connections.management.shell import SOME_NOT, STILL_GOING, read_input, wrong_use
from connections.models import Account, Connection, StopItem, StopRun, Worker
from connections.models.connections import ConnectionQuerySet, accounts_visible_to
from connections.models.formats import for_terminal
from connections.models.runs import TICKET_LENGTH
from connections.models.states import CUT, UNFINISHED, ConnectionStatus, ItemState, RunState
from connections.stops import plan
from connections.stops.selection import MAX_IDS, NamedId, WrongIds, find, ids_in_words
from connections.words.door.approvals import needs_words
from connections.words.pasted import reply_words
from connections.words.report import as_json, as_lines, items_of

POLL_S = 0.2


def seconds(text: str) -> float:
    """argparse type: how long to wait."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return value


class Command(BaseCommand):
    help = (
        "Stop connections as a user of the panel, whose permission is checked. The run is started here and sent by the "
        "worker. Exit code with --wait: 0 when every connection is stopped, already gone or skipped, 1 when some are "
        "not or a line was left out, 3 when it is still going or waits for a second person; 2 is wrong use, and "
        "nothing was started."
    )

    left_out: Sequence[Reply] = ()
    """The lines of the file that name nothing, or more than one thing."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", metavar="ID", help="connection id")
        parser.add_argument(
            "--from", dest="source", metavar="FILE",
            help="device names, service addresses, connection ids or people, one a line and mixed; - is standard input",
        )  # fmt: skip
        parser.add_argument(
            "--skip-bad", action="store_true", help="leave out lines of FILE that name nothing, or more than one thing"
        )
        parser.add_argument(
            "--match", metavar="FILTER", help="what the list's search means: 'plant 7 -pump service:ssh age:>4h'"
        )
        parser.add_argument("--all-active", action="store_true", help="every connection whose status is active")
        parser.add_argument("--account", metavar="NAME", help="only connections of this account")
        parser.add_argument("--user", required=True, metavar="NAME", help="who stops them")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why; kept in the history")
        parser.add_argument("--ticket", default="", metavar="TEXT", help="where it was asked for; kept in the history")
        parser.add_argument("--dry-run", action="store_true", help="say what would be stopped, and stop nothing")
        parser.add_argument(
            "--wait", nargs="?", type=seconds, const=math.inf, metavar="SECONDS",
            help="wait until every connection has its outcome, at most so long",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        user = _user_who_may_stop(options["user"])
        _check_words(options)
        connections, selector = self._selection(user, options)
        draft = plan.draft(user, connections, selector)
        if options["dry_run"] or not draft.items.queued().exists():
            self._tell_and_discard(draft, options)
            self._end(0)
            return
        run = self._start(draft, user, options)
        try:
            self._warn_without_worker()
            if options["wait"] is not None:
                _wait(run, options["wait"])
        except KeyboardInterrupt:
            connection.close()  # it may have been cut off in the middle of a query
            self.stderr.write(_("No longer waiting; run %d goes on.") % run.pk)
        items = items_of(run)
        self._tell(items, run.pk, options)
        self._end(_exit_code(items) if options["wait"] is not None else 0)

    def _end(self, code: int) -> None:
        """Exit with `code`; a line that was left out makes 1 of a 0."""
        if code or self.left_out:
            raise SystemExit(code or SOME_NOT)

    def _selection(self, user: User, options: dict[str, Any]) -> tuple[ConnectionQuerySet, dict[str, Any]]:
        """What is to be stopped, and how it was selected."""
        ways = [bool(options["ids"]), *(options[one] is not None for one in ("source", "match")), options["all_active"]]
        if sum(ways) != 1:
            raise wrong_use(_("Name connection ids, or --from FILE, --match FILTER or --all-active: one of the four."))
        connections = Connection.objects.visible_to(user)
        selector: dict[str, Any] = {"door": "command"}
        if options["account"] is not None:
            connections = connections.filter(account=_account(options["account"], user))
            selector["account"] = options["account"]
        if options["all_active"]:
            return connections.filter(status=ConnectionStatus.ACTIVE), {**selector, "all": "active"}
        if options["match"] is not None:
            match = self._match(options["match"], user)
            return match.apply(connections), {**selector, "by": "filter", "match": match.text}
        if options["ids"]:
            pks = self._find(ids_in_words(options["ids"]), connections)
            return Connection.objects.filter(pk__in=pks), {**selector, "ids": len(pks)}
        selector["file"] = options["source"]
        return self._named_in_file(connections, options), selector

    def _match(self, text: str, user: User) -> Match:
        """What the filter means, which is said before anything is done. What is not understood is pointed at."""
        try:
            match = parse(text, user)
        except MatchError as error:
            for fault in error.faults:
                place = f"{for_terminal(text)}\n{' ' * fault.start}{'^' * max(fault.end - fault.start, 1)}"
                self.stderr.write(f"{place}\n{for_terminal(fault.message)}")
            raise wrong_use(_("--match: The filter is not understood. Nothing was stopped.")) from None
        if not text.strip():
            raise wrong_use(_("--match: The filter is empty. All that is open is --match status:open."))
        self.stderr.write(for_terminal(_("Meant: %s.") % match.words()))
        return match

    def _find(self, named: list[NamedId], connections: ConnectionQuerySet) -> list[int]:
        try:
            pks, repeated = find(named, connections)
        except WrongIds as error:
            for fault in error.faults:
                self.stderr.write(for_terminal(fault))
            raise wrong_use(str(error)) from None
        for sentence in repeated:
            self.stderr.write(for_terminal(sentence))
        return pks

    def _named_in_file(self, connections: ConnectionQuerySet, options: dict[str, Any]) -> ConnectionQuerySet:
        """What the lines of the file name. Each that is not found open is told; one that names nothing refuses all."""
        try:
            lines = read_lines(read_text(read_input(options["source"])), most=MAX_IDS)
        except NotALine as error:
            raise wrong_use(f"{options['source']}: {error}") from None
        replies = look_up(lines, connections, unread_accounts())
        for reply in replies:
            if reply.answer != Answer.FOUND:
                told = {"line": reply.line.number, "text": reply.line.text.strip(), "what": reply_words(reply)}
                self.stderr.write(for_terminal(_("line %(line)d: %(text)s: %(what)s") % told))
        self.left_out = [reply for reply in replies if not reply.is_meant and reply.answer != Answer.REPEATED]
        if self.left_out and not options["skip_bad"]:
            raise wrong_use(_("Nothing was stopped: not every line names one thing. --skip-bad leaves those out."))
        return at_stake(replies, connections)

    def _start(self, draft: StopRun, user: User, options: dict[str, Any]) -> StopRun:
        try:
            return plan.start(
                draft.key, user, reason=options["reason"], ticket=options["ticket"], origin=command_origin()
            )
        except plan.NeedsApproval as error:
            raise self._wait_for_second_person(error, options) from None
        except plan.CannotStart as error:
            _discard(draft)
            raise wrong_use(str(error)) from None

    def _wait_for_second_person(self, error: plan.NeedsApproval, options: dict[str, Any]) -> CommandError:
        """What ends the command: nothing is sent until somebody else has looked at the list, in the panel."""
        approval = error.approval
        told = {"why": needs_words(approval.why), "number": approval.pk, "until": approval.expires_at}
        if options["json"]:
            self.stdout.write(json.dumps({"waits_for_second_person": approval.pk, "run": approval.run_id}))
        text = _(
            "This waits for a second person, because %(why)s. Nothing was sent. Approval %(number)d ends %(until)s."
        )
        return CommandError(text % told, returncode=STILL_GOING)

    def _warn_without_worker(self) -> None:
        if not Worker.objects.alive().exists():
            self.stderr.write(_("No worker is alive: nothing is sent until one is started."))

    def _tell_and_discard(self, draft: StopRun, options: dict[str, Any]) -> None:
        items = items_of(draft)
        _discard(draft)
        self._tell(items, None, options)

    def _tell(self, items: list[StopItem], run_id: int | None, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(as_json(items, run_id=run_id, dry_run=options["dry_run"])))
            return
        for line in as_lines(items, run_id=run_id, dry_run=options["dry_run"]):
            self.stdout.write(line)


def _wait(run: StopRun, at_most_s: float) -> None:
    until = time.monotonic() + at_most_s
    while run.items.unfinished().exists() and time.monotonic() < until:
        time.sleep(POLL_S)


def _exit_code(items: list[StopItem]) -> int:
    if any(item.state in UNFINISHED for item in items):
        return STILL_GOING
    return 0 if all(item.state in (*CUT, ItemState.SKIPPED) for item in items) else SOME_NOT


def _user_who_may_stop(name: str) -> User:
    user = User.objects.filter(username=name).first()
    if user is None:
        raise wrong_use(_("There is no user “%s”.") % name)
    if not plan.may_stop(user):
        raise wrong_use(_("“%s” may not see and stop connections. Nothing was sent.") % name)
    return user


def _check_words(options: dict[str, Any]) -> None:
    if not options["reason"].strip():
        raise wrong_use(_("--reason: Say why; the reason is kept in the history."))
    if len(options["ticket"].strip()) > TICKET_LENGTH:
        raise wrong_use(_("--ticket: At most %d characters.") % TICKET_LENGTH)


def _account(name: str, user: User) -> Account:
    account = accounts_visible_to(user).filter(name=name).first()
    if account is None:
        raise wrong_use(_("There is no account “%s”.") % name)
    return account


def _discard(draft: StopRun) -> None:
    StopRun.objects.filter(pk=draft.pk, state=RunState.DRAFT).delete()
