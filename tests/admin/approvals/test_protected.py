"""What is protected is stopped by nobody alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.audit.origin import Origin
from connections.models import AuditEvent, Connection, Proposal, ProtectedRule
from connections.proposals.decisions import take_effect
from connections.proposals.limits import protect, stop_protecting
from connections.stops import plan
from connections.stops.ceilings import needs
from tests.support.pages import text_of

pytestmark = [pytest.mark.both, pytest.mark.django_db]
WEB = Origin("web")
MakeConnection = Callable[..., Connection]


@pytest.fixture
def boilers(admin_user: User) -> ProtectedRule:
    return protect(ProtectedRule(name="Boilers", device="Boiler *"), admin_user, WEB)


def test_one_protected_connection_needs_a_second_person(
    alice: User, boilers: ProtectedRule, make_connection: MakeConnection
) -> None:
    make_connection(device_name="boiler 7")
    make_connection(device_name="Gate 7")
    run = plan.draft(alice, Connection.objects.all(), {})
    with pytest.raises(plan.NeedsApproval) as waits:
        plan.start(run.key, alice, reason="incident", origin=WEB)
    assert waits.value.approval.why == [{"code": "protected", "count": 1, "limit": 0}]


def test_others_need_none(alice: User, boilers: ProtectedRule, make_connection: MakeConnection) -> None:
    make_connection(device_name="Gate 7")
    assert needs(plan.draft(alice, Connection.objects.all(), {}), alice, timezone.now()) == []


def test_a_rule_that_is_taken_off_protects_for_a_day_more(
    alice: User, admin_user: User, boilers: ProtectedRule, make_connection: MakeConnection
) -> None:
    make_connection(device_name="Boiler 7")
    run = plan.draft(alice, Connection.objects.all(), {})
    waits = stop_protecting(boilers, admin_user, WEB)
    assert waits
    assert stop_protecting(boilers, admin_user, WEB) == waits
    assert needs(run, alice, timezone.now())
    assert take_effect(timezone.now() + timedelta(hours=25)) == 1
    assert not needs(run, alice, timezone.now() + timedelta(hours=26))
    assert AuditEvent.objects.filter(action="protection.changed").count() == 2


def test_the_page_protects_says_how_many_and_refuses_a_rule_that_says_nothing(
    client: Client, admin_user: User, make_connection: MakeConnection
) -> None:
    client.force_login(admin_user)
    make_connection(device_name="Boiler 7")
    page = reverse("admin:connections_approval_protected")
    assert "Say which connections" in text_of(client.post(page, {"name": "all"}))
    assert "1 open now" in text_of(client.post(page, {"name": "Boilers", "device": "Boiler*"}, follow=True))
    client.post(page, {"end": str(ProtectedRule.objects.get().pk)})
    assert Proposal.objects.get().is_waiting
    assert "its end waits for a second person" in text_of(client.get(page))


def test_who_may_not_manage_roles_protects_nothing(operator: Client) -> None:
    answer = operator.post(reverse("admin:connections_approval_protected"), {"name": "x", "device": "y"})
    assert answer.status_code == 403
