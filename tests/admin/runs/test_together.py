"""A colleague's run: its link works, it can be taken over; what stands still for everybody is said on every page."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from connections.models import Account, Connection, SendingPause, StopRun, Worker
from tests.conftest import make_user
from tests.support.runs import living_worker, start_run

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]


@pytest.fixture
def run(alice: User, make_connection: MakeConnection) -> StopRun:
    return start_run(alice, make_connection())


@pytest.fixture
def lead(client: Client) -> Client:
    user = make_user("lena", "Operators")
    user.user_permissions.add(Permission.objects.get(codename="manage_runs"))
    client.force_login(user)
    return client


def url(run: StopRun, way: str = "change") -> str:
    return f"/admin/connections/stoprun/{run.pk}/{way}/"


def test_the_link_to_a_run_works_for_a_colleague_who_may_stop(client: Client, run: StopRun) -> None:
    client.force_login(make_user("oscar", "Operators"))
    page = client.get(url(run))
    assert (page.status_code, "Take over" in page.content.decode()) == (200, False)


def test_who_may_only_look_reads_no_run_of_others(client: Client, bob: User, run: StopRun) -> None:
    client.force_login(bob)
    assert client.get(url(run)).status_code == 404


def test_a_lead_takes_a_run_over(lead: Client, run: StopRun) -> None:
    assert "Take over" in lead.get(url(run)).content.decode()
    page = lead.post(url(run, "take_over"), follow=True).content.decode()
    assert "taken over by" in page and "Take over" not in page


def test_a_note_is_left_for_whoever_comes_next(operator: Client, run: StopRun) -> None:
    page = operator.post(url(run, "note"), {"note": "calls back at <6>"}, follow=True).content.decode()
    assert "calls back at &lt;6&gt;" in page


def test_a_colleague_without_the_permission_leaves_none(client: Client, run: StopRun) -> None:
    client.force_login(make_user("oscar", "Operators"))
    assert client.post(url(run, "note"), {"note": "mine"}).status_code == 403


@pytest.mark.parametrize("page", ["/admin/", "/admin/connections/connection/", "/admin/connections/auditevent/"])
def test_without_a_worker_every_page_says_so(operator: Client, page: str) -> None:
    assert 'data-band="no-worker"' in operator.get(page).content.decode()
    living_worker()
    assert 'data-band="no-worker"' not in operator.get(page).content.decode()


def test_a_stranger_at_the_sign_in_reads_nothing_of_it(client: Client) -> None:
    assert "data-band" not in client.get("/admin/login/").content.decode()


def test_all_sending_is_paused_with_a_reason_that_everybody_reads(lead: Client, alice: User) -> None:
    refused = lead.post("/admin/connections/stoprun/pause_all/", {"reason": " "})
    assert (refused.status_code, SendingPause.objects.exists()) == (400, False)
    lead.post("/admin/connections/stoprun/pause_all/", {"reason": "upgrade to 0.2"})
    lead.force_login(alice)
    page = lead.get("/admin/").content.decode()
    assert "All sending is paused" in page and "upgrade to 0.2" in page and "Let it go on" not in page
    assert lead.post("/admin/connections/stoprun/resume_all/").status_code == 403


def pause_all(*options: str) -> str:
    out = StringIO()
    call_command("pause_all", "--user", "admin", *options, stdout=out)
    return out.getvalue()


def test_the_command_pauses_and_resumes(admin_user: User) -> None:
    assert "is paused" in pause_all("--reason", "upgrade")
    with pytest.raises(CommandError, match="already") as refused:
        pause_all("--reason", "upgrade")
    assert refused.value.returncode == 2
    assert "goes on" in pause_all("--resume")


def test_the_longest_wait_is_among_those_to_choose_from(operator: Client, run: StopRun) -> None:
    operator.post(url(run, "wait"), {"seconds": "3600"})
    operator.post(url(run, "wait"), {"seconds": "9999999"})
    run.refresh_from_db()
    assert run.wait_limit_s == 3600
    assert Worker.objects.count() == 0


def test_while_remoteit_cannot_be_reached_the_run_says_so_and_claims_no_failure(operator: Client, run: StopRun) -> None:
    living_worker()
    now = timezone.now()
    why = "The API's host refused the connection (NewConnectionError <- ConnectionRefusedError: Connection refused)"
    outage = {"unreached_calls": 4, "unreached_since": now, "reach_due_at": now, "unreached_why": why}
    Account.objects.update(**outage)
    page = operator.get(url(run)).content.decode()
    assert "Waiting for remote.it since" in page and "Waiting uses no tries." in page
    shown, _summary, behind = page.partition("The last error, word for word")
    assert "refused the connection" in shown and "NewConnectionError" not in shown
    assert "NewConnectionError" in behind
