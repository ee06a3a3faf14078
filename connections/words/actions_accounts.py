"""What the history says of accounts, of their tests, and of connections that are opened through them."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Texts = dict[str, tuple[str | Promise, str | Promise, str]]

TEXTS: Texts = {
    "account.added": (gettext_lazy("Accounts added"), gettext_lazy("added an account"), "key"),
    "account.changed": (gettext_lazy("Accounts changed"), gettext_lazy("changed an account"), "settings"),
    "account.credentials_changed": (
        gettext_lazy("Credentials changed"),
        gettext_lazy("changed the credentials of an account"),
        "key",
    ),
    "account.credentials_removed": (
        gettext_lazy("Credentials removed"),
        gettext_lazy("removed the stored credentials of an account"),
        "key",
    ),
    "account.credentials_rotated": (
        gettext_lazy("Credentials encrypted anew"),
        gettext_lazy("credentials encrypted with the newest key"),
        "key",
    ),
    "account.paused": (gettext_lazy("Accounts paused"), gettext_lazy("paused an account"), "pause"),
    "account.resumed": (gettext_lazy("Accounts resumed"), gettext_lazy("let an account go on"), "play"),
    "account.test_sent": (gettext_lazy("Tests sent"), gettext_lazy("test about to be sent"), "sending"),
    "account.test_answered": (gettext_lazy("Answers to tests"), gettext_lazy("test answered"), "list"),
    "connection.open_sent": (
        gettext_lazy("Openings sent"),
        gettext_lazy("wish for a connection about to be sent"),
        "sending",
    ),
    "connection.open_answered": (gettext_lazy("Answers to openings"), gettext_lazy("wish answered"), "open"),
}
"""Of each action: its name for a filter, a sentence for a line, an icon of the sprite."""

TEST_SENT = {
    "sign_in": gettext_lazy("tested whether remote.it takes the credentials"),
    "list": gettext_lazy("tested whether remote.it lists connections"),
}
TEST_ANSWERED = {
    ("sign_in", "accepted"): gettext_lazy("remote.it took the credentials that were tested"),
    ("sign_in", "refused"): gettext_lazy("remote.it refused the credentials that were tested"),
    ("sign_in", "unknown"): gettext_lazy("no clear answer to the test of the credentials"),
    ("list", "complete"): gettext_lazy("the list that was tried came whole"),
    ("list", "incomplete"): gettext_lazy("the list that was tried did not come whole"),
}
OPENED = {
    "opened": gettext_lazy("remote.it opened a connection"),
    "refused": gettext_lazy("remote.it refused to open a connection"),
    "failed": gettext_lazy("the wish for a connection did not leave this machine"),
    "unknown": gettext_lazy("no clear answer: a connection may have been opened"),
}
FIELD_NAMES = {"name": gettext_lazy("name"), "stop_call": gettext_lazy("stop call")}


def sentence(action: str, facts: dict[str, Any]) -> str:
    """What happened, beginning in lower case; "" when the action's plain sentence says it all."""
    part, outcome = str(facts.get("part", "")), str(facts.get("outcome", ""))
    match action:
        case "account.test_sent":
            return str(TEST_SENT.get(part, ""))
        case "account.test_answered":
            return str(TEST_ANSWERED.get((part, outcome), ""))
        case "connection.open_sent":
            return _("asked to open a connection to %s") % str(facts.get("device_address", ""))
        case "connection.open_answered":
            return str(OPENED.get(outcome, ""))
    return ""


def details(facts: dict[str, Any]) -> list[str]:
    """What exactly changed, or who may use what was opened; a note for each."""
    notes = []
    if facts.get("fields"):
        notes.append(_("changed: %s") % ", ".join(str(FIELD_NAMES.get(name, name)) for name in facts["fields"]))
    if facts.get("kind"):
        notes.append(_("now of the kind: %s") % facts["kind"])
    if facts.get("host_ip"):
        notes.append(_("for use from %s") % facts["host_ip"])
    if facts.get("proxy_address"):
        notes.append(_("at %s") % facts["proxy_address"])
    if facts.get("why"):
        notes.append(str(facts["why"]))
    return notes
