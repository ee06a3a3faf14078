"""Everything of a person is ended at once, and accounts of machines can't sign in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from connections.audit.origin import Origin
from connections.models import ApiToken, Approval, Ceiling, Connection, StopRun
from connections.stops import plan
from connections.web.door.ending import count
from tests.conftest import PASSWORD, make_user
from tests.support.pages import text_of
from tests.support.runs import start_run

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]


def test_sessions_requests_and_what_is_queued_end_at_once(
    client: Client, alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    hers = Client()
    hers.post("/admin/login/", {"username": "alice", "password": PASSWORD})
    run = start_run(alice, make_connection())
    Ceiling.objects.create(per_run=0, made_by=admin_user)
    draft = plan.draft(alice, Connection.objects.filter(pk=make_connection().pk), {})
    with pytest.raises(plan.NeedsApproval):
        plan.start(draft.key, alice, reason="incident", origin=Origin("web"))
    client.force_login(admin_user)
    page = f"/admin/people/{alice.pk}/end/"
    assert "Sessions 1 Tokens 0 Requests for a second person 1 Runs with something not sent 1" in text_of(
        client.get(page)
    )
    client.post(page)
    assert hers.get("/admin/sessions/").status_code == 302
    assert Approval.objects.get().state == "withdrawn"
    assert StopRun.objects.get(pk=run.pk).cancelled_at
    assert vars(count(alice)) == {"sessions": 0, "tokens": 0, "requests": 0, "runs": 0}
    assert not ApiToken.objects.filter(owner=alice, revoked_at=None).exists()


def test_who_may_not_manage_people_ends_nothing(operator: Client, bob: User) -> None:
    assert operator.post(f"/admin/people/{bob.pk}/end/").status_code == 403


def test_an_account_of_a_machine_stops_by_command_and_signs_in_nowhere(
    client: Client, make_connection: MakeConnection
) -> None:
    robot = make_user("robot", "Operators")
    robot.set_unusable_password()
    robot.is_staff = False
    robot.save()
    client.post("/admin/login/", {"username": "robot", "password": PASSWORD})
    assert client.get("/admin/sessions/").status_code == 302
    call_command("stop_connections", make_connection().connection_id, user="robot", reason="nightly")
    assert StopRun.objects.get().user == robot
