"""Two people who decide at the same moment: one of them does, and the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.utils import timezone

from connections.models import Approval, AuditEvent, Ceiling, Connection, Proposal, StopRun
from connections.people.lines import standing_of
from connections.proposals import decisions
from connections.proposals.rights import settle_person
from connections.stops import approvals, plan
from connections.stops.approvals import CannotDecide, Proof
from tests.conftest import make_user
from tests.support.people import grant
from tests.support.runs import WEB

pytestmark = [pytest.mark.both, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
Decide = Callable[[User], object]


@pytest.fixture
def deciders(admin_user: User) -> list[User]:
    Ceiling.objects.create(per_run=1, made_by=admin_user)
    found = [make_user(name, "Operators") for name in ("lead-1", "lead-2")]
    for one in found:
        grant(one, "approve_runs")
    return found


def at_once(deciders: list[User], decide: Decide) -> list[str]:
    """What each was told: "" for the one who decided."""
    ready, told = threading.Barrier(len(deciders)), []

    def act(person: User) -> None:
        ready.wait(5)
        try:
            decide(person)
            told.append("")
        except CannotDecide as error:
            told.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(one,)) for one in deciders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(told)


def test_of_two_who_approve_a_run_at_once_one_does(
    alice: User, deciders: list[User], make_connection: Callable[..., Connection]
) -> None:
    for _number in range(2):
        make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    with pytest.raises(plan.NeedsApproval):
        plan.start(run.key, alice, reason="incident", origin=WEB)

    def decide(person: User) -> None:
        one = Approval.objects.select_related("run__user").get()
        proof = Proof("totp", timezone.now())
        approvals.approve(one, person, seen=one.sha256, proof=proof, origin=WEB)

    first, second = at_once(deciders, decide)
    assert (first, "a moment ago" in second) == ("", True)
    assert StopRun.objects.started().count() == 1
    assert AuditEvent.objects.filter(action="run.approved").count() == 1


def test_of_two_who_confirm_a_change_at_once_one_does(admin_user: User, bob: User, deciders: list[User]) -> None:
    before = standing_of(bob)
    bob.groups.add(Group.objects.get(name="Operators"))
    with transaction.atomic():
        settle_person(bob, before, [], actor=admin_user, origin=WEB)

    def decide(person: User) -> None:
        one = Proposal.objects.select_related("asked_by").get()
        proof = Proof("totp", timezone.now())
        decisions.confirm(one, person, seen=one.sha256, proof=proof, origin=WEB)

    first, second = at_once(deciders, decide)
    assert (first, "a moment ago" in second) == ("", True)
    assert AuditEvent.objects.filter(action="change.confirmed").count() == 1
