"""A hold that needs a second person: nothing before the yes, nothing beyond it, and a no ends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.audit.origin import Origin
from connections.evidence.verify_evidence import DoesNotFit
from connections.evidence.verify_hold import check_terms
from connections.holds import recut, wishes
from connections.holds.begin import CannotHold, Wish, begin
from connections.holds.follow import start_first
from connections.live.services import ServicesRead
from connections.models import Approval, Connection, Hold, HoldMember, Measure, ProtectedRule, StopRun
from connections.models.holding.holds import Level
from connections.models.holding.members import MemberState
from connections.stops import approvals, plan, terms
from connections.stops.approvals import Proof
from tests.conftest import make_user
from tests.support.pages import text_of
from tests.support.people import grant

pytestmark = pytest.mark.django_db
WEB = Origin("web")
MakeConnection = Callable[..., Connection]
HOLDS = ("hold_watch", "hold_recut", "hold_links", "hold_services")


@pytest.fixture
def lead(db: None) -> User:
    user = make_user("lead", "Operators")
    grant(user, "approve_runs", "manage_runs", *HOLDS)
    return user


@pytest.fixture
def hold(alice: User, admin_user: User, make_connection: MakeConnection) -> Hold:
    """Two of alice's, one of them protected: it waits."""
    grant(alice, *HOLDS)
    make_connection(device_name="Plant 7", device_address="80:00:00:00:01:00:00:01")
    make_connection()
    ProtectedRule.objects.create(name="Plant 7", device="Plant 7", made_by=admin_user)
    return begin(alice, Wish(Level.LINKS, "leaked key"), Connection.objects.order_by("pk"), WEB)


def say_yes(lead: User) -> StopRun:
    approval = Approval.objects.get()
    return approvals.approve(approval, lead, seen=approval.sha256, proof=Proof("totp", timezone.now()), origin=WEB)


def look(hold: Hold) -> Hold:
    start_first(Hold.objects.get(pk=hold.pk), timezone.now())
    return Hold.objects.get(pk=hold.pk)


def test_before_the_yes_nothing_is_closed_and_nothing_stopped(hold: Hold) -> None:
    assert "waits for a second person" in look(hold).trouble
    assert not Measure.objects.exists()
    assert not StopRun.objects.started().exists()
    nothing = ServicesRead(timezone.now(), 0)
    assert recut.choose(hold, list(Connection.objects.all()), nothing, timezone.now()).connections == []


def test_with_the_yes_the_ways_are_closed_first(hold: Hold, lead: User) -> None:
    run = say_yes(lead)
    assert run.not_before and run.not_before > timezone.now()
    look(hold)
    assert Measure.objects.filter(hold=hold).count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"level": Level.SERVICES},
        {"most_in_all": 5000},
        {"deadline_at": timezone.now() + timedelta(hours=9)},
        {"match": "x"},
    ],
)
def test_a_yes_is_one_to_level_caps_deadline_and_selector(hold: Hold, lead: User, change: dict[str, object]) -> None:
    Hold.objects.filter(pk=hold.pk).update(**change)
    with pytest.raises(plan.CannotStart):
        say_yes(lead)
    assert not StopRun.objects.started().exists()


def test_what_comes_back_within_the_terms_needs_no_yes_of_its_own(
    hold: Hold, lead: User, make_connection: MakeConnection
) -> None:
    say_yes(lead)
    back = make_connection(device_name="Plant 7")
    assert recut.start(hold, [back]).state == "started"
    Hold.objects.filter(pk=hold.pk).update(most_in_all=5000)
    with pytest.raises(plan.NeedsApproval):
        recut.start(Hold.objects.get(pk=hold.pk), [make_connection(device_name="Plant 7")])


def test_a_no_ends_the_hold(hold: Hold, lead: User) -> None:
    approvals.deny(Approval.objects.get(), lead, note="not now", origin=WEB)
    assert not look(hold).is_on
    assert not Measure.objects.exists()


def test_a_yes_to_a_hold_that_is_over_starts_nothing(hold: Hold, alice: User, lead: User) -> None:
    wishes.withdraw(hold, alice, "found the laptop", WEB)
    with pytest.raises(plan.CannotStart, match="is over"):
        say_yes(lead)
    assert not StopRun.objects.started().exists()


def test_who_asked_changes_nothing_of_what_was_asked(hold: Hold, alice: User) -> None:
    with pytest.raises(CannotHold, match="exactly this hold"):
        wishes.extend(hold, alice, timedelta(hours=1), "longer", WEB)
    with pytest.raises(CannotHold, match="exactly this hold"):
        wishes.raise_level(hold, alice, Level.SERVICES, "further", WEB)


def test_a_hold_is_not_raised_past_a_protected_rule(
    alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    grant(alice, *HOLDS)
    make_connection(device_name="Plant 7")
    held = begin(alice, Wish(Level.WATCH, "leaked key"), Connection.objects.all(), WEB)
    ProtectedRule.objects.create(name="Plant 7", device="Plant 7", made_by=admin_user)
    with pytest.raises(CannotHold, match="protected"):
        wishes.raise_level(held, alice, Level.LINKS, "further", WEB)


def test_a_protected_service_that_joins_takes_the_yes_of_somebody_else(hold: Hold, alice: User, lead: User) -> None:
    member = HoldMember.objects.get(device_address="80:00:00:00:01:00:00:01")
    HoldMember.objects.filter(pk=member.pk).update(state=MemberState.WAITING)
    with pytest.raises(CannotHold, match="somebody else"):
        wishes.decide_member(member, alice, WEB, yes=True)
    wishes.decide_member(member, lead, WEB, yes=True)


def test_the_verifier_finds_a_yes_to_another_hold(hold: Hold) -> None:
    told = terms.terms(hold)
    requested = {name: value for name, value in told.items() if value not in ("", False)}
    check_terms(requested, {"about": [{"hold": told}, {}]})
    for name, other in (("level", "services"), ("most_in_all", 1), ("deadline_at", "x"), ("match", "x")):
        with pytest.raises(DoesNotFit, match=name):
            check_terms(requested, {"about": [{"hold": {**told, name: other}}]})


def test_the_history_of_a_hold_is_its_own_lines_and_those_of_its_runs(hold: Hold, alice: User, client: Client) -> None:
    client.force_login(alice)
    page = text_of(client.get("/admin/connections/auditevent/", {"hold": str(hold.pk)}))
    assert f"History of hold {hold.pk}" in page
    assert "asked for a second person" in page
    assert "is not known" in text_of(client.get("/admin/connections/auditevent/", {"hold": "999"}))


def test_the_page_of_a_hold_says_its_caps(hold: Hold, alice: User, client: Client) -> None:
    client.force_login(alice)
    page = text_of(client.get(f"/admin/connections/hold/{hold.pk}/change/", follow=True))
    assert "at most 20 of a person a minute, 1,000 an hour, 1,000 in all" in page
