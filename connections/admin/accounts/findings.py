"""What a test of an account showed, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.accounts.credentials import Kind
from connections.models import StopItem
from connections.models.accounts import StopCall
from connections.models.states import ItemState
from connections.words.counts import number
from connections.words.outcomes import Said, said
from connections.words.times import clock, clock_words

if TYPE_CHECKING:
    from connections.accounts.check import Found
    from connections.models import Account

TAKEN = {
    Kind.ACCESS_KEY: gettext_lazy("remote.it took a request that was signed with the access key."),
    Kind.TOKEN: gettext_lazy("remote.it took the token."),
    Kind.PASSWORD: gettext_lazy("remote.it took user name and password."),
}


@dataclass(frozen=True)
class Step:
    """One thing that was tried: `state` chooses icon and colour, `said` is the answer word for word."""

    name: str
    state: str
    sentence: str
    said: Said | None = None


def steps(found: Found, account: Account, kind: Kind) -> list[Step]:
    """What works and what does not, in the order in which it was tried."""
    return [*_clock(found), _sign_in(found, kind), _list(found), _stop(found, account)]


def _clock(found: Found) -> list[Step]:
    told = clock_words(found.clock_off_s)
    return [Step(_("Clock"), "incomplete", told)] if told else []


def _sign_in(found: Found, kind: Kind) -> Step:
    name, login = _("Sign in"), found.login
    if login.accepted:
        return Step(name, "stopped", str(TAKEN[kind]))
    if found.needs_access_key:
        sentence = _(
            "This login has two-factor sign-in, so its password alone is not enough: use an access key instead."
        )
        return Step(name, "refused", sentence, Said(None, login.reason, quoted=False))
    if login.accepted is False:
        answer = said("refused", login.status, login.reason)
        if kind == Kind.ACCESS_KEY and clock_words(found.clock_off_s):
            sentence = _(
                "remote.it refused the signed request. With this clock it may do so whatever the access key: "
                "set the clock right, then test again."
            )
            return Step(name, "refused", sentence, answer)
        return Step(name, "refused", _("remote.it does not take these credentials."), answer)
    answer = said("unknown", login.status, login.reason)
    return Step(name, "incomplete", _("No clear answer, so the credentials may be right or wrong."), answer)


def _list(found: Found) -> Step:
    name, listed = _("List connections"), found.listed
    if listed is None:
        return Step(name, "unverified", _("Not tried: that takes a sign-in first."))
    proxied = sum(session.proxy for session in listed.sessions)
    if listed.complete:
        return Step(name, "stopped", _listed(proxied, len(listed.sessions) - proxied, len(listed.accounts)))
    sentence = _("No complete list came, so what has ended can't be told, and stops stay unverified.")
    return Step(name, "incomplete", sentence, said("unknown", listed.status, listed.why_incomplete))


def _listed(proxied: int, peer_to_peer: int, accounts: int) -> str:
    open_now = ngettext(
        "The list is complete: %s open proxy connection", "The list is complete: %s open proxy connections", proxied
    ) % number(proxied)
    parts = [open_now]
    if peer_to_peer:
        parts.append(_("%s peer-to-peer, not shown") % number(peer_to_peer))
    if accounts > 1:
        parts.append(_("of the login and %d of its organisations") % (accounts - 1))
    return ", ".join(parts) + "."


def _stop(found: Found, account: Account) -> Step:
    name = _("Stop a connection")
    listed = found.listed is not None and found.listed.complete
    by_rest = account.stop_call != StopCall.GRAPHQL
    if found.login.accepted is False and (by_rest or not listed):
        return Step(name, "refused", _("Not with these credentials: the sign-in was refused."))
    unknown = _("That can't be known without stopping one.")
    return Step(name, "unverified", f"{unknown} {_last_stop(account)}".strip())


def _last_stop(account: Account) -> str:
    stopped = StopItem.objects.filter(account=account, state=ItemState.STOPPED, answered_at__isnull=False)
    if account.credentials_changed_at:
        stopped = stopped.filter(answered_at__gt=account.credentials_changed_at)
    last = stopped.order_by("-answered_at").values_list("answered_at", flat=True).first()
    return _("The last stop with these credentials was accepted at %s.") % clock(last) if last else ""
