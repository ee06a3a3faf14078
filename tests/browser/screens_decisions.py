"""The screens of the second person: what waits, what was decided, and what needs one."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from connections.models import Approval, Connection, Proposal, ProtectedRule
from connections.people.lines import standing_of
from connections.proposals import decisions as decisions_of
from connections.proposals.limits import protect, set_ceiling
from connections.proposals.rights import settle_person
from connections.stops import approvals, plan
from tests.browser import steps
from tests.browser.screen import Screen, page_of, text, title
from tests.browser.world import REASON, World
from tests.support.people import grant
from tests.support.runs import WEB

CEILING = 3


def decisions(world: World, url: str) -> list[Screen]:
    """What waits, what mostly ended meanwhile, what was denied, and what was started without a second person."""
    alice, admin = world.operator, User.objects.get(username="admin")
    set_ceiling(None, per_run=CEILING, per_hour=None, actor=admin, origin=WEB)
    protect(ProtectedRule(name="Field operations", account=world.field_ops), admin, WEB)
    asked, aged, denied = (_asked(alice, first) for first in (0, 10, 20))
    _end_most(aged)
    approvals.deny(denied, admin, note="This is the list of the wrong plant.", origin=WEB)
    own, broken = _asked(admin, 30), _asked(admin, 40)
    proof = approvals.Proof("password", timezone.now())
    approvals.break_glass(broken.run.key, admin, reason="Nobody else is awake", ticket="INC-9", proof=proof, origin=WEB)
    grant(alice, "approve_runs")
    return [*_list(), *_asks(asked, aged, denied), *_own(own, broken), *_rules(), *_changes(admin), *_confirm(world)]


def _list() -> list[Screen]:
    address = page_of("connections_approval")
    return [
        Screen("approvals", address, text("wait for a second person"), who="admin"),
        Screen("approvals, one's own", address, text("Look at your request…")),
        Screen("approvals, none", address, title("Nothing waits for a second person"), who="bob"),
        Screen("approvals, may not", address, title("You may not do this"), who="newcomer", status=403),
    ]


def _asks(asked: Approval, aged: Approval, denied: Approval) -> list[Screen]:
    address = _page(asked)
    return [
        Screen("approval", address, text("Your decision"), who="admin"),
        Screen("approval, denied without a reason", address, text("Say why"), "admin", steps=steps.press("^Deny")),
        Screen("approval, many ended", _page(aged), text("Approve anyway"), who="admin"),
        Screen("approval, those that ended", f"{_page(aged)}?ended=1", text("Approve anyway"), who="admin"),
        Screen("approval, denied", _page(denied), text("the wrong plant"), who="admin"),
        Screen("approval, of one's own", address, text("Your request")),
        Screen("approval, of somebody else", address, title("There is nothing here"), who="bob", status=404),
        Screen("approval, approved", address, text("Approved"), who="admin", steps=steps.press("^Approve: stop")),
    ]


def _own(own: Approval, broken: Approval) -> list[Screen]:
    address = _page(own)
    return [
        Screen("approval, the glass", address, text("Break the glass:"), who="admin", steps=steps.open_menus),
        Screen("approval, no ticket", address, text("A ticket is needed"), who="admin", steps=_break_without_ticket),
        Screen("approval, to review", _page(broken), text("What the review found")),
        Screen("approval, reviewed without a word", _page(broken), text("Say what the review"), steps=steps.send),
    ]


def _rules() -> list[Screen]:
    ceilings, protected = page_of("connections_approval", "ceilings"), page_of("connections_approval", "protected")
    refused = title("You may not do this")
    return [
        Screen("ceilings", ceilings, title("When a second person decides"), who="admin"),
        Screen("ceilings, wrong", ceilings, "css=.errorlist", who="admin", steps=_set_a_wrong_ceiling),
        Screen("ceilings, may not", ceilings, refused, status=403),
        Screen("protected", protected, text("Field operations"), who="admin"),
        Screen("protected, nothing filled in", protected, "css=.errorlist", who="admin", steps=steps.send),
        Screen("protected, may not", protected, refused, status=403),
    ]


def _changes(admin: User) -> list[Screen]:
    """A role that waits for a second person, as who can decide and who asked see it; and one that was denied."""
    waits, denied = (_wished(admin, name) for name in ("night", "weekend"))
    lead = User.objects.create_user("decider", "decider@example.com", None, is_staff=True)
    grant(lead, "approve_runs")
    decisions_of.deny(denied, lead, note="Nobody is on call then.", origin=WEB)
    address, over = (page_of("connections_approval", "change_page", one.pk) for one in (waits, denied))
    return [
        Screen("change", address, text("Confirm the change")),
        Screen("change, denied without a reason", address, text("Say why"), steps=steps.press("^Deny")),
        Screen("change, of one's own", address, text("Your request"), who="admin"),
        Screen("change, denied", over, text("Nobody is on call then"), who="admin"),
        Screen("change, of somebody else", address, title("There is nothing here"), who="bob", status=404),
    ]


def _wished(admin: User, name: str) -> Proposal:
    person = User.objects.create_user(name, f"{name}@example.com", None, is_staff=True)
    before = standing_of(person)
    with transaction.atomic():
        person.groups.add(Group.objects.get(name="Leads"))
        waits = settle_person(person, before, [], actor=admin, origin=WEB, reason="On call from Monday on")
    assert waits
    return waits


def _confirm(world: World) -> list[Screen]:
    address = page_of("connections_stoprun", "confirm", world.drafts["small"].key)
    return [Screen("confirm, a second person decides", address, text("A second person decides, because"))]


def _page(approval: Approval) -> str:
    return page_of("connections_approval", "page", approval.pk)


def _asked(user: User, first: int) -> Approval:
    """What `user` has to ask for: some that are open, from the one at `first` on."""
    some = Connection.objects.filter(status="active", account__name="default").order_by("pk")[first : first + 8]
    run = plan.draft(user, Connection.objects.filter(pk__in=[one.pk for one in some]), {"door": "web"})
    try:
        plan.start(run.key, user, reason=REASON, origin=WEB)
    except plan.NeedsApproval as waits:
        return waits.approval
    raise AssertionError("nobody had to be asked")


def _end_most(approval: Approval) -> None:
    """By hand: half of the list has ended since."""
    some = [item.connection_id for item in approval.run.items.order_by("pk")[:4]]
    Connection.objects.filter(pk__in=some).update(status="ended")


def _break_without_ticket(page: steps.Page) -> None:
    steps.open_menus(page)
    page.evaluate(steps.NO_CHECK)
    page.get_by_role("button", name="Break the glass").click()


def _set_a_wrong_ceiling(page: steps.Page) -> None:
    page.get_by_label("Connections in one run").first.fill("-1")
    page.evaluate(steps.NO_CHECK)
    page.get_by_role("button", name="Save").first.click()
