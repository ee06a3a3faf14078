"""What the history says of accounts, of their tests, and of connections that are opened through them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

SIGN_IN_ANSWERS = {
    "accepted": gettext_lazy("signed in to remote.it"),
    "refused": gettext_lazy("sign-in to remote.it refused"),
    "unknown": gettext_lazy("no clear answer to the sign-in to remote.it"),
}
TEST_SENT = {
    "sign_in": gettext_lazy("tested whether remote.it takes the credentials"),
    "list": gettext_lazy("tested whether remote.it lists connections"),
}
TEST_ANSWERED = {
    "sign_in accepted": gettext_lazy("remote.it took the credentials that were tested"),
    "sign_in refused": gettext_lazy("remote.it refused the credentials that were tested"),
    "sign_in unknown": gettext_lazy("no clear answer to the test of the credentials"),
    "list complete": gettext_lazy("the list that was tried came whole"),
    "list incomplete": gettext_lazy("the list that was tried did not come whole"),
}
OPENED = {
    "opened": gettext_lazy("remote.it opened a connection"),
    "refused": gettext_lazy("remote.it refused to open a connection"),
    "failed": gettext_lazy("the wish for a connection did not leave this machine"),
    "unknown": gettext_lazy("no clear answer: a connection may have been opened"),
}
FIELD_NAMES = {"name": gettext_lazy("name"), "stop_call": gettext_lazy("stop call")}


def removed(facts: dict[str, Any]) -> str:
    return _("removed an account, and destroyed its credentials") if facts.get("credentials_destroyed") else ""


def notes(facts: dict[str, Any]) -> list[str]:
    """What exactly changed, or who may use what was opened; a note for each."""
    notes = []
    if facts.get("before_saving"):
        where = facts.get("account") if "account_id" not in facts else ""
        notes.append(_("before they were stored for %s") % where if where else _("before they were stored"))
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
