from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from connections.audit.origin import command_origin
from connections.inventory.match import MatchError, parse
from connections.management.shell import wrong_use
from connections.models.integrations.tokens import NAME_LENGTH, Scope
from connections.people import tokens
from remoteit_admin.hosts import own_network

WHOLE = range(1, 1_000_000_000)


class Command(BaseCommand):
    help = (
        "Make a token with which a program comes in as a user, and print it, once: the panel keeps a digest alone. It "
        "may do what its scopes say and its owner may at that moment, never approve, never make tokens."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME", help="whose token it is")
        parser.add_argument(
            "--scope", required=True, action="append", choices=[str(one) for one in Scope], metavar="S",
            help=f"what it may do, as often as needed: {', '.join(Scope)}",
        )  # fmt: skip
        parser.add_argument(
            "--expires-days", type=int, default=tokens.DEFAULT_DAYS, metavar="N",
            help=f"after how many days it ends, {tokens.DEFAULT_DAYS} by default, {tokens.MOST_DAYS} at most",
        )  # fmt: skip
        parser.add_argument("--name", default="", metavar="TEXT", help="what it is called in the panel and history")
        parser.add_argument("--match", default="", metavar="FILTER", help="only connections that this search matches")
        parser.add_argument("--most-per-run", type=int, metavar="N", help="stops at most so many in one run")
        parser.add_argument("--most-per-hour", type=int, metavar="N", help="stops at most so many in an hour")
        parser.add_argument(
            "--network", action="append", default=[], metavar="NET", help="taken only from here, as often as needed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        owner = User.objects.filter(username=options["user"]).first()
        if owner is None:
            raise wrong_use(_("There is no user “%s”.") % options["user"])
        if not owner.is_active:
            raise wrong_use(_("“%s” may not sign in: such a token would open nothing.") % owner.get_username())
        if not 1 <= options["expires_days"] <= tokens.MOST_DAYS:
            raise wrong_use(_("--expires-days is a whole number from 1 to %d.") % tokens.MOST_DAYS)
        if not options["name"].isprintable() or len(options["name"]) > NAME_LENGTH:
            raise wrong_use(_("--name: One line of %d characters at most.") % NAME_LENGTH)
        for name in ("most_per_run", "most_per_hour"):
            if options[name] is not None and options[name] not in WHOLE:
                raise wrong_use(_("--%s is a whole number from 1 on.") % name.replace("_", "-"))
        token, text = tokens.make(
            owner,
            name=options["name"].strip() or owner.get_username(),
            scopes=options["scope"],
            days=options["expires_days"],
            by=None,
            origin=command_origin(),
            narrower=_checked_match(options["match"]),
            most_per_run=options["most_per_run"],
            most_per_hour=options["most_per_hour"],
            networks=[_network(one) for one in options["network"]],
        )
        self.stderr.write(
            _("A token of %(owner)s, until %(end)s. It is shown only now.")
            % {"owner": owner.get_username(), "end": token.expires_at.isoformat(timespec="minutes")}
        )
        self.stdout.write(text)


def _checked_match(text: str) -> str:
    try:
        if text.strip():
            parse(text)
    except MatchError as error:
        raise wrong_use(f"--match: {error}") from None
    return text.strip()


def _network(text: str) -> str:
    try:
        return own_network(text)
    except ValueError:
        raise wrong_use(_("--network: %s is no address or network.") % text) from None
