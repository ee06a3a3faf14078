"""Behind which addresses something is done that can't be undone, or that gives rights: what is asked for there again.

One table, so that it can be read, and tried by a test that finds the addresses itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, User
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from connections.admin.approvals.rows import listed, title_of
from connections.admin.holds.forms import KEEP
from connections.admin.stop_form import TYPED_COUNT_ABOVE
from connections.models import Approval, Hold, Proposal, StopRun
from connections.models.holding.holds import LEVELS, Level
from connections.proposals import decisions
from connections.stops import approvals
from connections.web.origin import user_of
from connections.words.door import changes

if TYPE_CHECKING:
    from django.http import HttpRequest

Door = Callable[["HttpRequest", dict[str, Any]], str]
"""What a POST is for, in words that go on from "For alice, …"; "" where nothing is asked for."""

LARGE = TYPED_COUNT_ABOVE
"""A stop of more connections than this asks who confirms it for a fresh proof, as it asks for their number."""


def _stop(request: HttpRequest, taken: dict[str, Any]) -> str:
    run = StopRun.objects.filter(key=taken["key"], user=user_of(request)).first()
    if run is None or "freeze" in request.POST:
        return ""
    if request.POST.get("after") == KEEP and _closes_ways(request.POST.get("level", "")):
        return _("to hold connections at the level “%s”") % Level(request.POST["level"]).label
    count = run.items.queued().count()
    return _("to stop %s connections") % number_format(count, force_grouping=True) if count > LARGE else ""


def _raise(request: HttpRequest, taken: dict[str, Any]) -> str:
    level = request.POST.get("level", "")
    return _("to take a hold to the level “%s”") % Level(level).label if _closes_ways(level) else ""


def _further(request: HttpRequest, taken: dict[str, Any]) -> str:
    """For what makes a hold last longer, or reach further, that closes ways already."""
    hold = Hold.objects.filter(pk=taken["pk"]).first()
    return _("to change %s, which closes ways") % hold if hold is not None and hold.reaches(Level.LINKS) else ""


def _take_in(request: HttpRequest, taken: dict[str, Any]) -> str:
    return _further(request, taken) if request.POST.get("answer") == "yes" else ""


def _approve(request: HttpRequest, taken: dict[str, Any]) -> str:
    approval = Approval.objects.visible_to(user_of(request)).filter(pk=taken["pk"]).select_related("run").first()
    if approval is None or approvals.why_not(user_of(request), approval):
        return ""  # the page says why, without a proof
    return _("to approve %(run)s: %(what)s") % {"run": approval.run, "what": title_of(approval, listed(approval))}


def _confirm(request: HttpRequest, taken: dict[str, Any]) -> str:
    proposal = Proposal.objects.visible_to(user_of(request)).filter(pk=taken["pk"]).select_related("asked_by").first()
    if proposal is None or decisions.why_not(user_of(request), proposal):
        return ""  # the page says why, without a proof
    what = changes.title(proposal.subject, proposal.name)
    return _("to confirm that %(who)s may %(what)s") % {"who": proposal.asked_by.get_username(), "what": what}


def _person(request: HttpRequest, taken: dict[str, Any]) -> str:
    person = User.objects.filter(pk=_key(taken)).first()
    return _("to change the sign-in or rights of %s") % person.get_username() if person else _("to add a person")


def _role(request: HttpRequest, taken: dict[str, Any]) -> str:
    role = Group.objects.filter(pk=_key(taken)).first()
    return _("to change the role %s") % role.name if role else _("to change a role")


def _rotate(request: HttpRequest, taken: dict[str, Any]) -> str:
    return _("to make another secret of a webhook, and be shown it") if request.POST.get("do") == "rotate" else ""


def _all_of(request: HttpRequest, taken: dict[str, Any]) -> str:
    person = User.objects.filter(pk=taken["pk"]).first()
    return _("to end everything of %s") % person.get_username() if person else ""


def _key(taken: dict[str, Any]) -> int:
    found = str(next((taken[name] for name in ("object_id", "id", "pk") if name in taken), ""))
    return int(found) if found.isascii() and found.isdigit() and len(found) < 19 else 0


def _closes_ways(level: str) -> bool:
    return level in Level.values and LEVELS.index(Level(level)) >= LEVELS.index(Level.LINKS)


def _always(words: Callable[[], str]) -> Door:
    return lambda request, taken: words()


DOORS: dict[str, Door] = {
    "admin:connections_stoprun_confirm": _stop,
    "admin:connections_hold_raise": _raise,
    "admin:connections_hold_extend": _further,
    "admin:connections_hold_decide": _take_in,
    "admin:connections_approval_approve": _approve,
    "admin:connections_approval_change_confirm": _confirm,
    "admin:connections_approval_glass": _always(lambda: _("to act without a second person")),
    "admin:connections_approval_ceilings": _always(lambda: _("to change when a second person decides")),
    "admin:connections_approval_protected": _always(lambda: _("to change what is protected")),
    "admin:connections_account_add": _always(lambda: _("to store credentials")),
    "admin:connections_account_change": _always(lambda: _("to change an account or its credentials")),
    "admin:connections_account_remove": _always(lambda: _("to remove an account and destroy its credentials")),
    "admin:connections_apitoken_add": _always(lambda: _("to make a token")),
    "admin:auth_user_add": _person,
    "admin:auth_user_change": _person,
    "admin:auth_user_changelist": _person,
    "admin:auth_user_password_change": _person,
    "admin:auth_group_add": _role,
    "admin:auth_group_change": _role,
    "admin:auth_group_delete": _role,
    "admin:auth_group_changelist": _role,
    "person_add": _person,
    "person_change": _person,
    "person_link": _person,
    "end_everything": _all_of,
    "webhook_add": _always(lambda: _("to tell another address what happens here")),
    "webhook_do": _rotate,
    "webhook_change": _always(lambda: _("to change what another address is told")),
}
