from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.audit.checkpoints import Claim, WrongCheckpoint, claims_in
from connections.audit.upkeep import keep
from connections.audit.verify import LIMITS, Result, Verification, verify
from connections.management.shell import SOME_NOT, WRONG_USE, read_input, tell, wrong_use

UNREAD = WRONG_USE
"""Could not be checked: neither 0 nor 1 says anything then."""


class Command(BaseCommand):
    help = (
        "Read the whole history and say whether each line continues the one before it, unchanged, whether the signed "
        "checkpoints fit, whether runs, items and names are what it says, and whether the triggers that protect it are "
        "there. Exit code 0: it holds; 1: something does not fit; 2: it could not be read, which says nothing about it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--checkpoint", metavar="FILE",
            help="checkpoints that were copied away (checkpoints.jsonl), to find a cut tail or a rewritten history by",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify(_held(options["checkpoint"]) if options["checkpoint"] else None)
        keep(found)
        tell(self.stdout, _told(found))
        if not found.holds:
            raise SystemExit(UNREAD if found.result is Result.UNREADABLE else SOME_NOT)


def _held(path: str) -> list[Claim]:
    text = read_input(path).decode(errors="replace")
    try:
        claims = list(claims_in(text.splitlines(), path))
    except WrongCheckpoint as error:
        raise wrong_use(str(error)) from None
    if not claims:
        raise wrong_use(_("There is no checkpoint in %s.") % path)
    return claims


def _told(found: Verification) -> list[str]:
    """What was found, a line each."""
    lines = [
        ngettext("%d event read.", "%d events read.", found.events) % found.events,
        _("Last hash: %s") % found.last_hash,
    ]
    lines += [_("FAULT: %s") % fault for fault in found.faults]
    if found.fault_count > len(found.faults):
        lines.append(_("%d faults in all; the first of them are named.") % found.fault_count)
    if found.unread:
        lines.append(_("COULD NOT BE READ: %s") % found.unread)
    if found.result is Result.UNREADABLE:
        return [*lines, _("This says nothing about the history: verify it again.")]
    if found.holds and found.events:
        reach = {"last": found.last_seq, "runs": found.runs, "items": found.items}
        lines.append(_("The chain holds from event 1 to event %(last)d.") % reach)
        lines.append(
            _("Compared with it: %(runs)d runs, their %(items)d items, and the names of people and accounts.") % reach
        )
    elif found.holds:
        lines.append(_("The chain holds: it is empty."))
    lines += [_("Compared: %s.") % one for one in found.held]
    if found.checkpoint is None:
        lines.append(_("No signed checkpoint fits: whether the history was rewritten as a whole was not checked."))
    else:
        facts = {"seq": found.checkpoint.seq, "at": found.checkpoint.at, "key": found.checkpoint.public_key}
        lines.append(_("Last signed checkpoint: event %(seq)d, %(at)s, by %(key)s.") % facts)
        if not found.trusted_keys:
            lines.append(_("The signing key is not on this host: whose that key is was not checked."))
    return [*lines, _("What this can't show: %s") % LIMITS]
