"""What the history says of each action, in words for people. An action that is missing here is shown as it is."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from connections.words import actions_accounts, actions_people, actions_verdicts


@dataclass(frozen=True)
class Words:
    """`name` for a filter, `sentence` for a line (a person's name may stand before it), `icon` of the sprite."""

    name: str | Promise
    sentence: str | Promise
    icon: str


WORDS = {
    "stop.requested": Words(_("Stops asked for"), _("asked to stop"), "cut"),
    "stop.sent": Words(_("Stops sent"), _("stop about to be sent"), "sending"),
    "stop.answered": Words(_("Answers to stops"), _("stop answered"), "list"),
    "stop.withdrawn": Words(_("Stops withdrawn"), _("stop not sent after all"), "skipped"),
    "stop.skipped": Words(_("Stops skipped"), _("stop skipped at its turn"), "skipped"),
    "stop.verified": Words(_("Verdicts"), _("stop compared with a list"), "list"),
    "run.paused": Words(_("Runs paused"), _("paused a run"), "pause"),
    "run.resumed": Words(_("Runs resumed"), _("let a run go on"), "play"),
    "run.verification_asked": Words(_("Verdicts tried again"), _("had what is unverified tried again"), "retry"),
    "run.cancelled": Words(_("Runs cancelled"), _("cancelled what was not sent of a run"), "cancel"),
    "run.evidence_exported": Words(_("Evidence exported"), _("exported the evidence of a run"), "download"),
    "account.sign_in_sent": Words(_("Sign-ins to remote.it"), _("sign-in to remote.it about to be sent"), "key"),
    "account.sign_in_answered": Words(_("Answers to sign-ins"), _("sign-in to remote.it answered"), "key"),
    "connection.added": Words(_("Connections added"), _("added a connection"), "open"),
    "connection.ended": Words(_("Connections ended"), _("ended without us"), "ended"),
    "connection.listed_again": Words(
        _("Connections listed again"), _("listed again after it was held for gone"), "back"
    ),
    "list.asked": Words(_("Readings asked for"), _("asked for a reading of the list"), "retry"),
    "list.started": Words(_("Lists asked for"), _("list asked for"), "list"),
    "list.read": Words(_("Lists read"), _("list read"), "list"),
    "connections.imported": Words(_("Imports"), _("imported connections"), "list"),
    "history.exported": Words(_("Exports of the history"), _("exported the history"), "download"),
    "user.signed_in": Words(_("Sign-ins"), _("signed in"), "user"),
    "user.sign_in_failed": Words(_("Failed sign-ins"), _("a sign-in failed"), "error"),
    "user.old_password_wrong": Words(_("Wrong old passwords"), _("gave a wrong old password"), "error"),
    "user.signed_out": Words(_("Sign-outs"), _("signed out"), "user"),
    "user.added": Words(_("Users added"), _("added a user"), "user"),
    "user.changed": Words(_("Users changed"), _("changed a user"), "user"),
    "user.password_changed": Words(_("Passwords changed"), _("changed a password"), "key"),
    "group.added": Words(_("Groups added"), _("added a group"), "settings"),
    "group.changed": Words(_("Groups changed"), _("changed a group"), "settings"),
    "group.deleted": Words(_("Groups deleted"), _("deleted a group"), "settings"),
    **{action: Words(*texts) for action, texts in actions_accounts.TEXTS.items()},
}

ANSWERS = {
    "stopped": _("stop accepted by remote.it"),
    "already_gone": _("connection not known to remote.it"),
    "refused": _("stop refused by remote.it"),
    "failed": _("stop did not leave this machine"),
    "unknown": _("no clear answer: it may have been stopped"),
}
"""What an answer to one attempt says, by its own outcome."""

SIGN_IN_ANSWERS = {
    "accepted": _("signed in to remote.it"),
    "refused": _("sign-in to remote.it refused"),
    "unknown": _("no clear answer to the sign-in to remote.it"),
}

FORMATS = {"jsonl": "JSON Lines", "csv": "CSV"}


def is_api_s_own(outcome: str, status: int | None, reason: str) -> bool:
    """Whether `reason` is the API's own words; where it gave none, the client writes down what it saw."""
    if not reason or status is None or f"HTTP {status}" in reason:
        return False
    return outcome in ("stopped", "already_gone", "refused") or 400 <= status < 500


def words_for(action: str) -> Words:
    return WORDS.get(action) or Words(action, action, "info")


def sentence_for(action: str, facts: dict[str, object]) -> str:
    """What happened, beginning in lower case; `facts` is the event's body."""
    outcome = str(facts.get("outcome", ""))
    if action == "stop.answered" and outcome in ANSWERS:
        return str(ANSWERS[outcome])
    if action == "stop.skipped" and facts.get("item_outcome"):
        return gettext("no further attempt: what was sent may have stopped it")
    if action == "account.sign_in_answered" and outcome in SIGN_IN_ANSWERS:
        return str(SIGN_IN_ANSWERS[outcome])
    count = facts.get("count")
    if action == "connections.imported" and isinstance(count, int):
        return imported(count)
    if action == "history.exported" and isinstance(count, int):
        return exported(count, str(facts.get("format", "")))
    known = actions_people.sentence(action, facts) or actions_accounts.sentence(action, facts)
    known = known or actions_verdicts.sentence(action, facts)
    return known or str(words_for(action).sentence)


def imported(count: int) -> str:
    return ngettext("imported %(count)s connection", "imported %(count)s connections", count) % {
        "count": number_format(count)
    }


def exported(count: int, form: str) -> str:
    sentence = ngettext("exported %(count)s line as %(format)s", "exported %(count)s lines as %(format)s", count)
    return sentence % {"count": number_format(count), "format": FORMATS.get(form, form)}
