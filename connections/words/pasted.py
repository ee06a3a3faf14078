"""What is said of each line of a pasted list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.inventory.lookup import Answer
from connections.models.formats import isolated
from connections.words.counts import number
from connections.words.times import clock

if TYPE_CHECKING:
    from connections.inventory.lookup import Reply, Target


def reply_words(reply: Reply) -> str:
    """The answer to a line, as a sentence without the line itself."""
    targets = reply.targets
    match reply.answer:
        case Answer.FOUND:
            return ngettext("%s is open.", "%s are open.", reply.open) % number(reply.open)
        case Answer.NOT_KNOWN:
            return _("No device, service address, connection id or person is called so.")
        case Answer.REPEATED:
            return _("The same as line %d: it counts once.") % (reply.first.number if reply.first else 0)
        case Answer.AMBIGUOUS:
            return _("It may be any of these: %s.") % "; ".join(map(target_words, targets))
    accounts = ", ".join(sorted({isolated(target.account) for target in targets}))
    facts = {"accounts": accounts, "at": clock(max(target.last for target in targets))}
    if reply.answer == Answer.CANT_SAY:
        words = _(
            "Known in %(accounts)s, and nothing open is known of it; but that list is not one of now: it may be open."
        )
        return words % facts
    return _("Known in %(accounts)s, and nothing of it is open. Its last change was at %(at)s.") % facts


def target_words(target: Target) -> str:
    """What a line may mean, with its account and how many of it are open."""
    facts = {"name": isolated(target.value), "account": isolated(target.account), "open": number(target.open)}
    return _("%(name)s in the account %(account)s, %(open)s open") % facts
