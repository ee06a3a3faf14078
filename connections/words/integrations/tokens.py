"""What the history says of tokens."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.words.counts import number

WHY = {
    "unknown": gettext_lazy("no token of this panel"),
    "revoked": gettext_lazy("it was revoked"),
    "expired": gettext_lazy("it was past its end"),
    "owner_off": gettext_lazy("its owner may not sign in any more"),
    "network": gettext_lazy("it came from another network"),
}


def refused(facts: dict[str, Any]) -> str:
    """Of one use, or of the minute that `failures` sums up."""
    count = facts.get("failures")
    if isinstance(count, int):
        sentence = ngettext("refused a token %(count)s more time", "refused tokens %(count)s more times", count)
        return sentence % {"count": number(count)}
    if facts.get("token"):
        return _("refused the token “%(token)s” of %(user)s") % {"user": "", **facts}
    return ""


def notes(facts: dict[str, Any]) -> list[str]:
    """What it may do, until when, or why it was refused."""
    found = []
    if facts.get("scopes"):
        found.append(_("may: %s") % ", ".join(facts["scopes"]))
    if facts.get("narrower"):
        found.append(_("only: %s") % facts["narrower"])
    if facts.get("networks"):
        found.append(_("from: %s") % ", ".join(facts["networks"]))
    if facts.get("expires_at"):
        found.append(_("ends %s (UTC)") % facts["expires_at"][:16].replace("T", " "))
    if facts.get("why") in WHY:
        found.append(str(WHY[facts["why"]]))
    if facts.get("token_id") or facts.get("name"):
        found.append(_("it begins with %s") % (facts.get("token_id") or facts["name"]))
    return found
