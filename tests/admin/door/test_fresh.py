"""The proof that is asked for again: before what can't be undone, on the POST, with nothing lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test import Client
from django.urls import get_resolver

from connections.admin.door.doors import DOORS, LARGE
from connections.models import Account, Approval, Ceiling, Connection, Hold, StopRun
from connections.models.holding.holds import Level
from connections.people import factors
from connections.stops import plan
from tests.conftest import PASSWORD, make_user
from tests.house.test_second_person import addresses
from tests.people.test_factors import code, secret
from tests.support.pages import text_of
from tests.support.runs import WEB

__all__ = ["secret"]
pytestmark = pytest.mark.django_db
CEILINGS = "/admin/connections/approval/ceilings/"
FORM = {"which": "", "all-per_run": "7"}


@pytest.fixture
def late(admin_user: User) -> Client:
    """The administrator, whose last proof is long ago."""
    client = Client()
    client.force_login(admin_user)
    make_old(client)
    return client


def make_old(client: Client) -> None:
    session = client.session
    session["proof"] = ["password", 1]
    session.save()


def kept(page: Any) -> str:
    found = re.search(r'name="kept_form" value="([^"]+)"', page.content.decode())
    assert found
    return found[1]


def test_an_old_proof_is_asked_for_again_and_the_form_goes_on_with_it(late: Client) -> None:
    asked = late.post(CEILINGS, FORM)
    assert "Is it you?" in text_of(asked)
    assert "when a second person decides" in text_of(asked)
    assert not Ceiling.objects.exists()
    late.post(CEILINGS, {"kept_form": kept(asked), "password": PASSWORD})
    assert Ceiling.objects.get().per_run == 7


def test_a_wrong_proof_says_so_and_keeps_the_form(late: Client) -> None:
    asked = late.post(CEILINGS, {"kept_form": kept(late.post(CEILINGS, FORM)), "password": "wrong"})
    assert "This is not your password" in text_of(asked)
    assert not Ceiling.objects.exists()
    late.post(CEILINGS, {"kept_form": kept(asked), "password": PASSWORD})
    assert Ceiling.objects.exists()


def test_what_is_kept_can_t_be_read_in_the_page(late: Client) -> None:
    form = {"name": "New", "kind": "token", "token": "s3cret-token", "stop_call": "rest"}
    page = late.post("/admin/connections/account/add/", form).content.decode()
    assert "kept_form" in page
    assert "s3cret-token" not in page


@pytest.mark.parametrize("kept_form", ["", "x", "gAAAAA==", "é"])
def test_what_was_not_kept_by_the_panel_is_not_taken(late: Client, kept_form: str) -> None:
    late.post(CEILINGS, {"kept_form": kept_form, "password": PASSWORD})
    assert not Ceiling.objects.exists()


def test_what_was_kept_for_one_address_is_not_taken_at_another(late: Client) -> None:
    text = kept(late.post("/admin/auth/group/add/", {"name": "Night"}))
    late.post(CEILINGS, {"kept_form": text, "password": PASSWORD})
    assert not Ceiling.objects.exists()


def test_who_has_a_second_factor_is_asked_for_that(alice: User, secret: str, late: Client) -> None:
    alice.is_superuser = True
    alice.save()
    late.force_login(alice)
    make_old(late)
    text = kept(late.post(CEILINGS, FORM))
    assert factors.has_second(alice)
    late.post(CEILINGS, {"kept_form": text, "password": PASSWORD})
    assert not Ceiling.objects.exists()
    late.post(CEILINGS, {"kept_form": text, "code": code(secret)})
    assert Ceiling.objects.exists()


def test_a_small_stop_asks_for_nothing_and_a_large_one_does(
    operator: Client, alice: User, make_connection: Callable[..., Connection]
) -> None:
    make_old(operator)
    run = _draft(alice, [make_connection() for _number in range(LARGE + 1)])
    confirm = f"/admin/connections/stoprun/{run.key}/confirm/"
    asked = operator.post(confirm, {"key": run.key, "reason": "incident", "count": str(LARGE + 1)})
    assert "to stop 101 connections" in text_of(asked)
    assert not StopRun.objects.started().exists()
    small = _draft(alice, [make_connection()])
    operator.post(f"/admin/connections/stoprun/{small.key}/confirm/", {"key": small.key, "reason": "incident"})
    assert list(StopRun.objects.started()) == [small]
    operator.post(confirm, {"kept_form": kept(asked), "password": PASSWORD})
    assert StopRun.objects.started().count() == 2


def _draft(user: User, made: list[Connection]) -> StopRun:
    return plan.draft(user, Connection.objects.filter(pk__in=[one.pk for one in made]), {})


RIGHTS = (
    *("auth_user", "auth_user_groups", "auth_user_user_permissions", "auth_group", "auth_group_permissions"),
    *("connections_scoperule", "connections_ceiling", "connections_protectedrule", "connections_factorrule"),
    *("connections_account", "connections_storedcredentials", "connections_apitoken", "connections_service"),
    *("connections_codeapp", "connections_passkey", "connections_recoverycode", "connections_approval"),
)
WRITES = re.compile(r'^(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)"?(?! SET "last_login")')
NOTHING_GIVEN = {
    "admin:password_change": "it asks for the old password itself",
    "admin:connections_account_pause": "a pause stops sending, and whoever steers does it at once",
    "admin:connections_account_resume": "as above",
    "admin:connections_connection_read": "the account is marked to be listed, and nothing else of it",
    "admin:connections_apitoken_revoke": "it takes away, and nobody may have to wait for that",
    "admin:connections_approval_deny": "nothing is sent for it",
    "admin:connections_approval_withdraw": "nothing is sent for it",
    "admin:connections_approval_review": "it closes what has happened",
}


@pytest.mark.slow
@pytest.mark.once
def test_no_address_gives_rights_or_keys_without_a_fresh_proof(
    late: Client, admin_user: User, make_connection: Callable[..., Connection]
) -> None:
    """Every address of the panel is sent a form that would, in a transaction that is taken back."""
    world = _world(admin_user, make_connection)
    late.raise_request_exception = False
    with_old = dict(_writers(late, world))
    late.force_login(admin_user)  # which is a proof
    with_fresh = dict(_writers(late, world))
    assert {name: tables for name, tables in with_old.items() if tables and name not in NOTHING_GIVEN} == {}
    writing = {name for name, tables in with_fresh.items() if tables} - set(NOTHING_GIVEN)
    assert writing <= set(DOORS)
    assert len(writing) >= 10, writing


def _world(admin: User, make_connection: Callable[..., Connection]) -> dict[str, Any]:
    person, group = make_user("somebody", "Operators"), Group.objects.create(name="Night")
    account = Account.objects.create(name="Other")
    hold = Hold.objects.create(
        user=admin, user_name="admin", level=Level.LINKS, reason="x", deadline_at="2099-01-01T00:00Z"
    )
    Ceiling.objects.create(per_run=0, made_by=admin)
    asked = _draft(person, [make_connection()])
    with pytest.raises(plan.NeedsApproval):
        plan.start(asked.key, person, reason="incident", origin=WEB)
    return {"user": person.pk, "group": group.pk, "account": account.pk, "hold": hold.pk, "people": person.pk,
            "approval": Approval.objects.get().pk}  # fmt: skip


def _writers(client: Client, world: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Each address by its name, with the tables of rights and keys that a form changed there."""
    seen: set[str] = set()
    signed_in = client.cookies.output(header="", sep=";")

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if found := WRITES.match(sql):
            seen.add(found[1])
        return execute(sql, params, many, context)

    for path, takes in addresses(get_resolver()):
        address = "/" + _filled(path, takes, world)
        seen.clear()
        with connection.execute_wrapper(watch), transaction.atomic():
            form = _form(path)
            answer = client.post(address, form)
            transaction.set_rollback(True)
        client.cookies.load(signed_in)  # one of the addresses signs out
        match = answer.resolver_match
        yield (match.view_name if match else address), seen & set(RIGHTS)


def _filled(path: str, takes: list[str], world: dict[str, Any]) -> str:
    part = next((name for name in world if f"/{name}/" in path), "user")
    for name in takes:
        path = re.sub(rf"<(\w+:)?{name}>", str(world[part]), path)
    return path.replace("^", "").replace("$", "")


def _form(path: str) -> dict[str, Any]:
    password = {"password1": "a long new word 7", "password2": "a long new word 7", "usable_password": "true"}
    form = {
        **{"username": "renamed", "is_active": "on", "is_staff": "on", **password},
        **{"name": "Renamed", "kind": "token", "token": "abc", "stop_call": "rest", "device": "Lab*"},
        **{"which": "", "all-per_run": "7", "post": "yes", "action": "delete_selected", "index": "0"},
        **{"reason": "incident", "ticket": "INC-1", "level": "links", "minutes": "60", "note": "seen", "answer": "yes"},
        "seen": Approval.objects.get().sha256,
        "_selected_action": list(map(str, Group.objects.values_list("pk", flat=True))),
    }
    if "/account/" in path:
        form["name"] = "Another"
    return form
