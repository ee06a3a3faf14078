"""Above a ceiling somebody else decides: asked by the one UPDATE that starts a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from connections.audit.append import append
from connections.audit.origin import Origin
from connections.models import Approval, AuditEvent, Ceiling, Connection, StopRun
from connections.people.lines import standing_of, user_line
from connections.stops import approvals, plan
from connections.stops.approvals import CannotDecide, Proof
from tests.conftest import make_user
from tests.support.people import grant

pytestmark = [pytest.mark.both, pytest.mark.django_db]
WEB = Origin("web", client_ip="192.0.2.7")
MakeConnection = Callable[..., Connection]


@pytest.fixture
def lead(db: None) -> User:
    user = make_user("lead", "Operators")
    grant(user, "approve_runs", "break_glass")
    return user


def ceiling(admin: User, *, per_run: int | None = None, per_hour: int | None = None, group: str = "") -> None:
    role = Group.objects.get(name=group) if group else None
    Ceiling.objects.create(group=role, per_run=per_run, per_hour=per_hour, made_by=admin)


def proof(kind: str = "totp", *, age_s: float = 0) -> Proof:
    return Proof(kind, timezone.now() - timedelta(seconds=age_s))


def ask(user: User, make: MakeConnection, count: int = 2) -> Approval:
    """What waits after `user` asked to stop so many connections."""
    made = [make().pk for _number in range(count)]
    run = plan.draft(user, Connection.objects.filter(pk__in=made), {})
    with pytest.raises(plan.NeedsApproval) as waits:
        plan.start(run.key, user, reason="incident", ticket="INC-1", origin=WEB)
    return waits.value.approval


def yes(approval: Approval, lead: User) -> StopRun:
    return approvals.approve(approval, lead, seen=approval.sha256, proof=proof(), origin=WEB)


def last(action: str) -> AuditEvent:
    return AuditEvent.objects.filter(action=action).latest("seq")


def test_without_a_ceiling_a_run_starts_and_its_line_says_that_nobody_else_was_required(
    alice: User, make_connection: MakeConnection
) -> None:
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    plan.start(run.key, alice, reason="incident", origin=WEB)
    assert '"second_person":"not_required"' in last("stop.requested").body


def test_above_a_ceiling_nothing_starts_and_the_history_tells_that_it_waits(
    alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    approval.run.refresh_from_db()
    assert (approval.run.state, approval.run.reason) == ("draft", "incident")
    assert approval.why == [{"code": "per_run", "count": 2, "limit": 1}]
    assert last("approval.asked").actor == alice


def test_a_superuser_is_not_exempt(admin_user: User, make_connection: MakeConnection) -> None:
    ceiling(admin_user, per_run=1)
    assert ask(admin_user, make_connection).is_waiting


def test_splitting_gains_nothing(alice: User, admin_user: User, make_connection: MakeConnection) -> None:
    ceiling(admin_user, per_hour=3)
    for _number in range(3):
        key = f"key-of-one-connection-{_number}"
        plan.stop_one(alice, make_connection(), key=key, reason="incident", ticket="", origin=WEB)
    assert ask(alice, make_connection, 1).why == [{"code": "per_hour", "count": 4, "limit": 3}]


def test_what_a_second_person_approved_does_not_count_to_the_hour(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_hour=1)
    yes(ask(alice, make_connection, 2), lead)
    run = plan.stop_one(alice, make_connection(), key="k" * 20, reason="incident", ticket="", origin=WEB)
    assert run.state == "started"


def test_of_several_ceilings_the_lowest_counts(alice: User, admin_user: User, make_connection: MakeConnection) -> None:
    ceiling(admin_user, per_run=100)
    ceiling(admin_user, per_run=1, group="Operators")
    assert ask(alice, make_connection).why[0]["limit"] == 1


def test_a_ceiling_counts_from_its_time_on(alice: User, admin_user: User, make_connection: MakeConnection) -> None:
    ceiling(admin_user, per_run=1)
    later = timezone.now() + timedelta(hours=24)
    Ceiling.objects.create(group=None, per_run=None, made_by=admin_user, in_force_at=later)
    assert ask(alice, make_connection).is_waiting


def test_a_yes_starts_the_run_as_that_of_who_asked(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    run = yes(approval, lead)
    assert (run.state, run.user, run.reason, run.ticket) == ("started", alice, "incident", "INC-1")
    requested, approved = last("stop.requested"), last("run.approved")
    assert (requested.actor, approved.actor, approved.run) == (alice, lead, run)
    assert approval.sha256 in approved.body
    assert '"second_person":"approved"' in requested.body


def test_who_asked_cannot_say_yes(admin_user: User, make_connection: MakeConnection) -> None:
    ceiling(admin_user, per_run=1)
    with pytest.raises(CannotDecide, match="yourself"):
        yes(ask(admin_user, make_connection), admin_user)


def test_who_lost_the_right_cannot_say_yes(
    alice: User, admin_user: User, bob: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    with pytest.raises(CannotDecide, match="may not decide"):
        yes(ask(alice, make_connection), bob)


def test_who_lost_the_role_after_looking_at_it_cannot_say_yes(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    lead.user_permissions.clear()
    with pytest.raises(CannotDecide, match="may not decide"):
        yes(approval, User.objects.get(pk=lead.pk))
    assert not StopRun.objects.started().exists()


def test_a_yes_and_the_start_are_one_so_that_nobody_loses_the_role_in_between(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    alice.groups.clear()
    with pytest.raises(plan.CannotStart):
        yes(approval, lead)
    assert Approval.objects.get().state == "waiting"


@pytest.mark.parametrize("age_s", [601, -601])
def test_an_old_proof_is_none(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection, age_s: float
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    with pytest.raises(CannotDecide, match="Prove"):
        approvals.approve(approval, lead, seen=approval.sha256, proof=proof(age_s=age_s), origin=WEB)
    assert Approval.objects.get().is_waiting


def test_a_yes_to_something_else_is_none(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    with pytest.raises(CannotDecide, match="not what is asked"):
        approvals.approve(approval, lead, seen="0" * 64, proof=proof(), origin=WEB)


@pytest.mark.parametrize("change", [{"reason": "another"}, {"ticket": "INC-2"}, {"list_sha256": "0" * 64}])
def test_what_was_changed_after_it_was_asked_does_not_start(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection, change: dict[str, str]
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    StopRun.objects.filter(pk=approval.run_id).update(**change)
    approval = Approval.objects.get()
    with pytest.raises(plan.NeedsApproval):
        yes(approval, lead)
    assert not StopRun.objects.started().exists()
    assert Approval.objects.get().is_waiting


def test_a_yes_after_half_an_hour_is_too_late(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(CannotDecide, match="too late"):
        yes(approval, lead)
    assert approvals.expire(timezone.now()) == 1
    assert last("approval.expired").run == approval.run


def test_of_two_who_say_yes_the_second_is_told(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    yes(approval, lead)
    with pytest.raises(CannotDecide, match="a moment ago"):
        yes(Approval.objects.get(), admin_user)
    assert AuditEvent.objects.filter(action="run.approved").count() == 1


def test_a_no_needs_a_reason_and_nothing_starts_afterwards(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    with pytest.raises(CannotDecide, match="Say why"):
        approvals.deny(approval, lead, note=" ", origin=WEB)
    approvals.deny(approval, lead, note="too wide", origin=WEB)
    with pytest.raises(plan.NeedsApproval, match="denied"):
        plan.start(approval.run.key, alice, reason="again", origin=WEB)
    assert "too wide" in last("run.denied").body


def test_who_asked_takes_it_back(alice: User, admin_user: User, lead: User, make_connection: MakeConnection) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(alice, make_connection)
    approvals.withdraw(approval, alice, WEB)
    with pytest.raises(CannotDecide, match="a moment ago"):
        yes(approval, lead)


def test_who_got_the_right_from_the_requester_cannot_decide_for_them(
    alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    friend = make_user("friend", "Operators")
    before = standing_of(friend)
    grant(friend, "approve_runs")
    line = user_line(friend, before, [], admin_user, WEB)
    assert line
    append([line])
    with pytest.raises(CannotDecide, match="within the last 24 hours"):
        yes(ask(admin_user, make_connection), friend)


def test_who_cannot_see_the_whole_list_cannot_decide(
    alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    blind = make_user("blind")
    grant(blind, "approve_runs")
    with pytest.raises(CannotDecide):
        yes(ask(alice, make_connection), blind)


def test_breaking_the_glass_starts_at_once_and_stays_open_until_somebody_else_reviewed_it(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    approval = ask(lead, make_connection)
    run = approvals.break_glass(
        approval.run.key, lead, reason="no lead reachable", ticket="INC-9", proof=proof(), origin=WEB
    )
    assert run.state == "started"
    assert approvals.around(timezone.now(), alice) == [approval]
    approval.refresh_from_db()
    with pytest.raises(CannotDecide, match="yourself"):
        approvals.review(approval, lead, note="fine", origin=WEB)
    approvals.review(approval, admin_user, note="was right", origin=WEB)
    assert not Approval.objects.unreviewed().exists()
    assert [last("glass.broken").actor, last("glass.reviewed").actor] == [lead, admin_user]


def test_the_glass_breaks_only_with_the_right_a_ticket_and_a_proof(
    alice: User, admin_user: User, lead: User, make_connection: MakeConnection
) -> None:
    ceiling(admin_user, per_run=1)
    hers, leads = ask(alice, make_connection).run.key, ask(lead, make_connection).run.key
    with pytest.raises(CannotDecide, match="may not"):
        approvals.break_glass(hers, alice, reason="x", ticket="y", proof=proof(), origin=WEB)
    with pytest.raises(CannotDecide, match="a ticket"):
        approvals.break_glass(leads, lead, reason="x", ticket="", proof=proof(), origin=WEB)
    with pytest.raises(CannotDecide, match="Prove"):
        approvals.break_glass(leads, lead, reason="x", ticket="y", proof=None, origin=WEB)
    assert not StopRun.objects.started().exists()
