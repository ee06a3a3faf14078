"""Roles: what comes with a new panel, and the page on which somebody says what a group gives, and on what."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone

from connections.models import Account, AuditEvent, Connection, ScopeRule
from connections.models.rights import PERMISSIONS, may
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).resolve().parents[2] / "docs/roles.md"


def permission(codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label="connections", codename=codename)


def page_of(group: Group) -> str:
    return f"/admin/auth/group/{group.pk}/change/"


def form_of(group: Group, *rules: dict[str, Any]) -> dict[str, Any]:
    known = list(group.scope_rules.all())
    form: dict[str, Any] = {
        "name": group.name,
        "permissions": list(group.permissions.values_list("pk", flat=True)),
        "scope_rules-TOTAL_FORMS": len(rules),
        "scope_rules-INITIAL_FORMS": len(known),
    }
    for number, rule in enumerate(rules):
        kept = {"id": known[number].pk} if number < len(known) else {}
        facts = {"kind": "see", "account": "", "device": "", "service": "", "opener": "", **kept, **rule}
        form |= {f"scope_rules-{number}-{name}": value for name, value in facts.items()}
    return form


@pytest.fixture
def administrator(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def operators() -> Group:
    return Group.objects.get(name="Operators")


def test_a_new_panel_has_the_five_roles() -> None:
    assert sorted(Group.objects.values_list("name", flat=True)) == [
        *("Administrators", "Auditors", "Leads", "Operators", "Viewers")
    ]


def test_an_administrator_has_what_every_role_gives(client: Client) -> None:
    client.force_login(make_user("dana", "Administrators"))
    page = html.unescape(client.get(f"/admin/auth/user/{make_user('erin').pk}/change/").content.decode())
    assert all(role in page for role in ("Viewers", "Operators", "Leads", "Auditors", "Administrators"))


def test_the_document_tells_each_permission_as_the_form_does() -> None:
    told = DOCUMENT.read_text()
    assert all(f"| `{name}` | {words.name} |" in told for name, words in PERMISSIONS.items())


def test_the_form_offers_the_permissions_in_words_and_nothing_else(administrator: Client, operators: Group) -> None:
    page = administrator.get(page_of(operators)).content.decode()
    assert page.count('name="permissions"') == len(PERMISSIONS)
    assert "Stop connections that one sees, one or thousands" in page


def test_what_was_given_under_an_older_name_is_kept_and_can_be_taken(administrator: Client, operators: Group) -> None:
    older = permission("view_account")
    operators.permissions.add(older)
    assert "Manage accounts" in administrator.get(page_of(operators)).content.decode()
    administrator.post(page_of(operators), form_of(operators))
    assert older in operators.permissions.all()
    form = form_of(operators)
    form["permissions"].remove(older.pk)
    administrator.post(page_of(operators), form)
    assert older not in operators.permissions.all()


def test_a_rule_is_saved_with_its_line(administrator: Client, operators: Group, account: Account) -> None:
    rule = {"kind": "act", "account": account.pk, "service": "ssh*"}
    assert administrator.post(page_of(operators), form_of(operators, rule)).status_code == 302
    line = AuditEvent.objects.get(action="group.changed")
    assert json.loads(line.body)["rules_added"] == ["act account=default service=ssh*"]
    page = administrator.get(f"/admin/connections/auditevent/?group={operators.pk}").content.decode()
    assert "given rules of scope: act account=default service=ssh*" in page


def test_a_pattern_that_matches_nothing_now_is_kept_and_said(administrator: Client, operators: Group) -> None:
    page = administrator.post(page_of(operators), form_of(operators, {"device": "Nowhere*"}), follow=True)
    assert "matches nothing that the panel knows now" in page.content.decode()
    assert ScopeRule.objects.get().device == "Nowhere*"


def test_a_rule_that_names_a_removed_account_is_kept_and_said(
    administrator: Client, operators: Group, account: Account
) -> None:
    Account.objects.filter(pk=account.pk).update(removed_at=timezone.now())
    page = administrator.post(page_of(operators), form_of(operators, {"account": account.pk}), follow=True)
    assert "names an account that was removed" in page.content.decode()
    assert ScopeRule.objects.get().account == account


def test_a_rule_names_a_kind_of_service(administrator: Client, operators: Group) -> None:
    administrator.post(page_of(operators), form_of(operators, {"kind": "act", "service_kind": "ssh"}))
    line = AuditEvent.objects.get(action="group.changed")
    assert json.loads(line.body)["rules_added"] == ["act kind=ssh"]


def test_a_rule_that_is_everything_is_said(administrator: Client, operators: Group) -> None:
    page = administrator.post(page_of(operators), form_of(operators, {"device": "*"}), follow=True)
    assert "is everything" in page.content.decode()


@pytest.fixture
def bounded(client: Client) -> User:
    """Manages roles and people, within Plant 7."""
    group = Group.objects.create(name="Plant 7 administrators")
    codes = ("view_connection", "stop_connection", "manage_roles", "manage_people")
    group.permissions.set(permission(code) for code in codes)
    ScopeRule.objects.create(group=group, device="Plant 7*")
    user = make_user("dana")
    user.groups.add(group)
    client.force_login(user)
    return user


@pytest.mark.parametrize(("device", "kept"), [("", False), ("Plant 8*", False), ("Plant 7*", True)])
def test_nobody_makes_a_group_that_reaches_further_than_they_do(
    client: Client, bounded: User, device: str, *, kept: bool
) -> None:
    new = Group(name="Friends")
    rules = [{"device": device}] if device else []
    form = {
        "name": new.name,
        "permissions": [permission("view_connection").pk],
        "scope_rules-TOTAL_FORMS": len(rules),
        "scope_rules-INITIAL_FORMS": 0,
        "scope_rules-0-kind": "see",
        "scope_rules-0-device": device,
    }
    answer = client.post("/admin/auth/group/add/", form)
    assert answer.status_code == (302 if kept else 403)
    assert Group.objects.filter(name="Friends").exists() is kept
    assert AuditEvent.objects.filter(action="group.added").exists() is kept


def test_nobody_puts_somebody_where_more_is_seen_than_they_see(client: Client, bounded: User, operators: Group) -> None:
    page = client.get(f"/admin/auth/user/{make_user('erin').pk}/change/").content.decode()
    assert "Operators" not in page
    assert f'value="{permission("view_connection").pk}"' not in page


def test_whoever_sees_more_is_not_touched(client: Client, bounded: User, alice: User) -> None:
    assert client.get(f"/admin/auth/user/{alice.pk}/password/").status_code == 403


def test_who_sees_half_sees_half_of_the_list(client: Client, bounded: User, make_connection: Any) -> None:
    seen, unseen = make_connection(device_name="Plant 7 door"), make_connection(device_name="Kiosk")
    page = client.get("/admin/connections/connection/").content.decode()
    assert "Plant 7 door" in page
    assert "Kiosk" not in page
    assert client.get(f"/admin/connections/connection/{seen.pk}/change/").status_code == 200
    assert client.get(f"/admin/connections/connection/{unseen.pk}/change/").status_code == 404
    assert Connection.objects.count() == 2


def test_a_role_that_is_taken_away_takes_its_permissions(alice: User) -> None:
    assert may(alice, "stop_connection")
    alice.groups.clear()
    assert not may(User.objects.get(pk=alice.pk), "stop_connection")
