"""The pages of the second person."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from connections.audit.origin import Origin
from connections.models import Approval, Ceiling, Connection, StopRun
from connections.stops import plan
from tests.conftest import PASSWORD, make_user
from tests.support.pages import text_of
from tests.support.people import grant

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]


@pytest.fixture
def lead(db: None) -> User:
    user = make_user("lead", "Operators")
    grant(user, "approve_runs", "break_glass")
    return user


@pytest.fixture
def waiting(alice: User, admin_user: User, make_connection: MakeConnection) -> Approval:
    Ceiling.objects.create(per_run=1, made_by=admin_user)
    made = [make_connection().pk for _number in range(2)]
    run = plan.draft(alice, Connection.objects.filter(pk__in=made), {})
    with pytest.raises(plan.NeedsApproval) as waits:
        plan.start(run.key, alice, reason="leaked login", origin=Origin("web"))
    return waits.value.approval


def address(approval: Approval, act: str = "page") -> str:
    return reverse(f"admin:connections_approval_{act}", args=[approval.pk])


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_list_says_what_waits_why_and_for_how_long(lead: User, waiting: Approval) -> None:
    page = text_of(signed_in(lead).get(reverse("admin:connections_approval_changelist")))
    assert "1 waits for a second person" in page
    assert "2 is above the ceiling of 1 a run" in page


def test_who_may_decide_sees_the_list_and_what_a_yes_binds(lead: User, waiting: Approval) -> None:
    page = text_of(signed_in(lead).get(address(waiting)))
    assert "alice asks to stop 2 connections" in page
    assert waiting.sha256[:8] in page
    assert "Approve: stop 2" in page


def test_a_yes_from_the_page_starts_the_run(lead: User, waiting: Approval) -> None:
    client = signed_in(lead)
    client.post(address(waiting, "approve"), {"seen": waiting.sha256})
    assert StopRun.objects.get().state == "started"


def test_an_old_proof_is_asked_for_again_and_then_it_is_approved(lead: User, waiting: Approval) -> None:
    client = signed_in(lead)
    session = client.session
    session["proof"] = ["password", 1]
    session.save()
    asked = client.post(address(waiting, "approve"), {"seen": waiting.sha256})
    assert "to approve run" in text_of(asked)
    kept = asked.context_data["kept"]
    client.post(address(waiting, "approve"), {"kept_form": kept, "password": "wrong"})
    assert StopRun.objects.get().state == "draft"
    client.post(address(waiting, "approve"), {"kept_form": kept, "password": PASSWORD})
    assert StopRun.objects.get().state == "started"


def test_a_no_without_a_reason_says_so_at_its_field(lead: User, waiting: Approval) -> None:
    page = signed_in(lead).post(address(waiting, "deny"), {"note": ""})
    assert "Say why. Nothing was decided." in text_of(page)
    assert Approval.objects.get().is_waiting


def test_who_asked_sees_no_button_that_decides(alice: User, waiting: Approval) -> None:
    client = signed_in(alice)
    page = client.get(address(waiting)).content.decode()
    assert address(waiting, "approve") not in page
    assert address(waiting, "withdraw") in page


def test_somebody_else_s_request_is_not_there_for_who_may_not_decide(bob: User, waiting: Approval) -> None:
    assert signed_in(bob).get(address(waiting)).status_code == 404
    assert signed_in(bob).post(address(waiting, "approve"), {"seen": waiting.sha256}).status_code == 404


def test_the_confirm_page_says_before_the_click_that_a_second_person_decides(
    alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    Ceiling.objects.create(per_run=0, made_by=admin_user)
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    client, confirm = signed_in(alice), reverse("admin:connections_stoprun_confirm", args=[run.key])
    assert "A second person decides, because 1 is above the ceiling of 0 a run" in text_of(client.get(confirm))
    asked = client.post(confirm, {"key": run.key, "reason": "incident"})
    assert asked.headers["Location"] == address(Approval.objects.get())
    assert client.get(confirm).headers["Location"] == address(Approval.objects.get())


def test_every_page_says_for_a_day_that_the_glass_was_broken(
    lead: User, bob: User, admin_user: User, make_connection: MakeConnection
) -> None:
    Ceiling.objects.create(per_run=0, made_by=admin_user)
    connection, client = make_connection(), signed_in(lead)
    key = "k" * 20
    stop = reverse("admin:connections_connection_stop", args=[connection.pk])
    client.post(stop, {"key": key, "reason": "boiler", "ticket": "INC-9"})
    said = {"reason": "no lead reachable", "ticket": "INC-9"}
    client.post(address(Approval.objects.get(), "glass"), said)
    assert StopRun.objects.get().state == "started"
    assert "lead broke the glass" in text_of(signed_in(bob).get(reverse("admin:index")))


@pytest.mark.parametrize("act", ["change", "delete", "add"])
def test_no_approval_is_made_changed_or_deleted_by_hand(admin_user: User, waiting: Approval, act: str) -> None:
    where = reverse(f"admin:connections_approval_{act}", args=[] if act == "add" else [waiting.pk])
    before = Approval.objects.values().get()
    signed_in(admin_user).post(where, {"state": "approved", "sha256": "", "post": "yes"})
    assert Approval.objects.values().get() == before
