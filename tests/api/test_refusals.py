"""What the API refuses names the permission or the scope that is missing, and who can give it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User

from connections.models import Connection, ScopeRule
from tests.api.conftest import MakeToken, Program
from tests.conftest import make_user
from tests.support.people import grant
from tests.support.runs import start_run

pytestmark = pytest.mark.django_db
Make = Callable[..., Connection]
STOP = {"reason": "key leaked", "expected_count": 1}
BY_ADMIN = "Who can give it to you: admin."


@pytest.fixture
def bounded(make_token: MakeToken, admin_user: User) -> Program:
    """May see everything; stop, and hold by watching, ssh alone."""
    group = Group.objects.create(name="Ssh")
    group.permissions.set(Group.objects.get(name="Operators").permissions.all())
    ScopeRule.objects.create(group=group, kind="act", service="ssh*")
    dana = make_user("dana")
    dana.groups.add(group)
    return Program(make_token(dana)[1])


def test_a_permission_that_is_missing_is_named_with_who_can_give_it(
    make_token: MakeToken, admin_user: User, make_connection: Make
) -> None:
    viewer = make_user("erin")
    grant(viewer, "view_connection")
    make_connection()
    answer = Program(make_token(viewer)[1]).post("/runs", {**STOP, "match": "status:active"}, key="one")
    assert (answer.status_code, answer.json()["permissions"]) == (403, ["stop_connection"])
    assert "“Stop connections”" in answer.json()["detail"]
    assert BY_ADMIN in answer.json()["detail"]


def test_steering_another_s_run_names_what_it_takes(
    make_token: MakeToken, alice: User, admin_user: User, make_connection: Make
) -> None:
    run = start_run(alice, make_connection())
    other = make_user("erin", "Operators")
    answer = Program(make_token(other)[1]).post(f"/runs/{run.pk}/pause")
    assert (answer.status_code, answer.json()["permissions"]) == (403, ["manage_runs"])
    assert BY_ADMIN in answer.json()["detail"]


def test_what_may_not_be_stopped_is_left_out_with_its_number_and_why(bounded: Program, make_connection: Make) -> None:
    make_connection(service_name="ssh")
    make_connection(service_name="rdp")
    asked = {**STOP, "match": "status:active"}
    preview = bounded.post("/runs", {**asked, "validate_only": True}).json()
    assert (preview["count"], preview["skipped"]) == (1, {"not_allowed": 1})
    run = bounded.post("/runs", asked, key="one").json()
    assert (run["counts"]["queued"], run["counts"]["skipped"]) == (1, 1)


def test_running_another_s_run_again_and_holding_further_than_one_may_are_not_allowed(
    make_token: MakeToken, alice: User, admin_user: User, make_connection: Make
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    operator = Program(make_token(make_user("erin", "Operators"))[1])
    again = operator.post(f"/runs/{run.pk}/rerun", {"expected_count": 1}, key="one")
    held = operator.post("/holds", {"reason": "why", "ids": [str(one.pk)], "level": "services"}, key="two")
    assert (again.status_code, again.json()["permissions"]) == (403, ["manage_runs"])
    assert (held.status_code, held.json()["permissions"]) == (403, ["hold_services"])


@pytest.mark.parametrize("path", ["/runs", "/holds"])
def test_all_of_it_out_of_scope_says_so_and_who_can_help(bounded: Program, make_connection: Make, path: str) -> None:
    rdp = make_connection(service_name="rdp")
    asked = {"reason": "key leaked", "ids": [str(rdp.pk)], **({"level": "watch"} if path == "/holds" else {})}
    answer = bounded.post(path, asked, key="one")
    assert answer.status_code == 403
    assert "outside what you may" in answer.json()["detail"]
    assert BY_ADMIN in answer.json()["detail"]
