"""What is out of somebody's scope is not there for them: on pages, in runs, in what is handed out."""

from __future__ import annotations

import json
from html import unescape
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from connections.models import Connection, Notice, ScopeRule, StopItem, StopRun
from connections.models.integrations.tokens import Scope
from connections.models.telling.bell import Kind
from connections.notices.alarms import Cause, raise_alarm
from connections.notices.outbox import fill
from connections.notices.people import CHANNEL
from connections.people import tokens
from connections.stops import plan
from connections.words.telling.notices import sentence
from tests.people.conftest import World, sees_half
from tests.support.runs import WEB


@pytest.mark.django_db
def test_what_is_out_of_sight_is_not_there(client: Client, world: World) -> None:
    client.force_login(sees_half())
    addresses = {
        f"/admin/connections/connection/{world.hidden.pk}/change/": 404,
        f"/admin/connections/connection/{world.seen.pk}/change/": 200,
        f"/admin/connections/stoprun/{world.hidden_run.pk}/change/": 404,
        f"/admin/connections/stoprun/{world.shared_run.pk}/change/": 200,
        f"/admin/connections/account/{world.hidden.account_id}/change/": 404,
        f"/admin/connections/auditevent/?connection={world.hidden.pk}": 400,
    }
    assert {where: client.get(where).status_code for where in addresses} == addresses


@pytest.mark.django_db
def test_a_run_counts_what_is_seen_of_it(client: Client, world: World) -> None:
    dana = sees_half()
    (run,) = StopRun.objects.visible_to(User.objects.get(pk=dana.pk)).started()
    assert [item.connection for item in run.items.all()] == [world.seen]
    assert StopItem.objects.filter(run=run).count() == 2


@pytest.mark.django_db
def test_evidence_of_what_is_not_all_in_sight_is_not_handed_out(client: Client, world: World) -> None:
    client.force_login(sees_half())
    answer = client.post(f"/admin/connections/stoprun/{world.shared_run.pk}/evidence/", follow=True)
    assert "holds connections that are not yours to see" in answer.content.decode()


@pytest.mark.django_db
def test_a_stop_of_what_is_out_of_sight_is_none(client: Client, world: World) -> None:
    dana = sees_half()
    Connection.objects.filter(pk=world.hidden.pk).update(status="active")
    with pytest.raises(plan.CannotStart):
        plan.stop_one(User.objects.get(pk=dana.pk), world.hidden, key="k", reason="because", ticket="", origin=WEB)


@pytest.mark.django_db
def test_a_hold_and_a_request_of_which_a_part_is_out_of_sight_are_not_there(client: Client, world: World) -> None:
    client.force_login(sees_half())
    assert client.get(f"/admin/connections/hold/{world.hold.pk}/change/").status_code == 404
    assert client.get(f"/admin/connections/approval/{world.approval.pk}/").status_code == 404
    listed = client.get("/admin/connections/approval/").content.decode()
    assert "Nothing waits for a second person" in listed


@pytest.mark.django_db
def test_a_hold_and_a_request_of_what_is_all_in_sight_are_there(client: Client, world: World) -> None:
    dana = sees_half()
    group = dana.groups.get()
    ScopeRule.objects.create(group=group, device="Verborgen*")
    client.force_login(dana)
    assert client.get(f"/admin/connections/hold/{world.hold.pk}/change/").status_code == 200
    assert client.get(f"/admin/connections/approval/{world.approval.pk}/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["q=account%3A", "account="])
def test_an_account_out_of_sight_is_answered_for_as_one_that_is_none(client: Client, world: World, query: str) -> None:
    client.force_login(sees_half())
    hidden, unknown = str(world.hidden.account), "Nowhere"
    address = "/admin/connections/connection/?" + query
    answers = [
        client.get(f"{address}%22{quote(name)}%22" if "q=" in query else f"{address}{quote(name)}")
        for name in (hidden, unknown)
    ]
    problems = [str(answer.context["cl"].chosen.problems) for answer in answers]
    said = [problems[0].replace(hidden, "X"), problems[1].replace(unknown, "X")]
    assert said[0] == said[1] != "()"


@pytest.mark.django_db
def test_a_run_of_which_a_part_is_seen_says_so_and_not_how_it_was_selected(client: Client, world: World) -> None:
    client.force_login(sees_half())
    page = client.get(f"/admin/connections/stoprun/{world.shared_run.pk}/change/").content.decode()
    assert "1 of 2 is yours to see" in page
    assert "told to who sees all of the run" in page


@pytest.mark.django_db
def test_lines_of_a_run_of_which_a_part_is_seen_have_no_numbers_of_the_rest(client: Client, world: World) -> None:
    client.force_login(sees_half())
    page = client.get(f"/admin/connections/auditevent/?run={world.shared_run.pk}").content.decode()
    assert "1 of 2 is yours to see" in page
    assert "left something of a run as it is" in page.lower()
    assert "is shown, and handed out, to who sees all of it" in page
    assert "list_sha256" not in page


@pytest.mark.django_db
@pytest.mark.parametrize(("whole", "handed"), [(False, set()), (True, {"stop.requested", "run.left", "run.finished"})])
def test_a_line_is_handed_out_whole_or_not_at_all(client: Client, world: World, whole: bool, handed: set[str]) -> None:
    dana = sees_half()
    if whole:
        ScopeRule.objects.create(group=dana.groups.get(), device="Verborgen*")
    client.force_login(dana)
    answer = client.post(f"/admin/connections/auditevent/export/?run={world.shared_run.pk}")
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]  # type: ignore[arg-type]
    assert {line["action"] for line in lines if "connection" not in line} == handed


@pytest.mark.django_db
def test_the_bell_has_no_number_of_a_run_of_which_a_part_is_seen(world: World) -> None:
    dana = sees_half()
    StopRun.objects.filter(pk=world.shared_run.pk).update(taken_by=dana)
    fill(CHANNEL)
    facts = {"run": world.shared_run.pk, "count": 2}
    raise_alarm(Cause(Kind.LEFT, "run", timezone.now(), facts, run=StopRun.objects.get(pk=world.shared_run.pk)))
    fill(CHANNEL)
    (notice,) = Notice.objects.filter(user=dana)
    assert "count" not in notice.facts
    assert "Something of run" in sentence(notice.kind, notice.facts)


@pytest.mark.django_db
def test_the_api_counts_of_a_run_what_its_owner_sees_and_names_no_other_account(client: Client, world: World) -> None:
    text = tokens.make(sees_half(), name="t", scopes=list(Scope), days=30, by=None, origin=WEB)[1]
    given = {"Authorization": f"Bearer {text}"}
    run = client.get(f"/api/v1/runs/{world.shared_run.pk}", headers=given).json()
    assert (run["total"], run["out_of_sight"]) == (1, 1)
    accounts = client.get("/api/v1/accounts", headers=given).json()["items"]
    assert [one["name"] for one in accounts] == [world.seen.account.name]
    named = {"content_type": "application/json", "headers": given}
    asked = client.post("/api/v1/lists/read", {"accounts": [world.hidden.account.name]}, **named)
    assert asked.status_code == 400
    assert client.get("/metrics", headers=given).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["add/", "import/"])
def test_who_has_a_scope_adds_no_connection_under_names_of_their_own(client: Client, world: World, page: str) -> None:
    dana = sees_half()
    dana.user_permissions.add(Permission.objects.get(codename="add_connection"))
    client.force_login(dana)
    answer = client.post(f"/admin/connections/connection/{page}", {"device_name": world.seen.device_name})
    assert answer.status_code == 403
    assert "Whoever has a scope can't add connections" in unescape(answer.content.decode())


@pytest.mark.django_db
def test_who_has_none_still_adds(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    assert client.get("/admin/connections/connection/add/").status_code == 200
