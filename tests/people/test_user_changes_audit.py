"""Who gave whom which right, and who changed whose password: told by the history, never with a value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from connections.models import AuditEvent
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "battery staple horse"


@pytest.fixture
def admin_client(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


def told() -> dict[str, Any]:
    """The one line that the history has, without what every line has."""
    body = json.loads(AuditEvent.objects.get().body)
    assert (body["actor"], body["origin"], body["client_ip"]) == ("admin", "web", "127.0.0.1")
    every_line_has = ("at", "actor", "actor_id", "origin", "client_ip", "request_id")
    return {name: value for name, value in body.items() if name not in every_line_has}


def change(client: Client, user: User, **fields: Any) -> None:
    form = {
        "username": user.username,
        "email": user.email,
        "is_active": "on",
        "is_staff": "on",
        "groups": list(user.groups.values_list("pk", flat=True)),
        "user_permissions": list(user.user_permissions.values_list("pk", flat=True)),
        **fields,
    }
    kept = {name: value for name, value in form.items() if value is not None}
    assert client.post(f"/admin/auth/user/{user.pk}/change/", kept).status_code == 302


def test_a_new_user_is_told(admin_client: Client) -> None:
    fields = {"username": "dora", "usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    admin_client.post("/admin/auth/user/add/", fields)
    assert told() == {
        "action": "user.added",
        "user": "dora",
        "user_id": User.objects.get(username="dora").pk,
        "is_active": True,
        "is_staff": False,
        "is_superuser": False,
    }


def test_a_flag_is_told_with_what_it_is_now(admin_client: Client, bob: User) -> None:
    change(admin_client, bob, is_active=None)
    assert told() == {"action": "user.changed", "user": "bob", "user_id": bob.pk, "is_active": False}


def test_a_group_given_and_one_taken_are_told(admin_client: Client, alice: User) -> None:
    change(admin_client, alice, groups=[Group.objects.get(name="Auditors").pk])
    line = told()
    assert (line["user"], line["groups_added"], line["groups_removed"]) == ("alice", ["Auditors"], ["Operators"])


def test_a_permission_given_is_told(admin_client: Client, alice: User) -> None:
    change(admin_client, alice, user_permissions=[Permission.objects.get(codename="manage_runs").pk])
    assert told()["permissions_added"] == ["connections.manage_runs"]


def test_another_name_is_told_with_the_one_before(admin_client: Client, bob: User) -> None:
    change(admin_client, bob, username="robert")
    line = told()
    assert (line["user"], line["renamed_from"]) == ("robert", "bob")


def test_of_an_address_only_that_it_changed(admin_client: Client, bob: User) -> None:
    change(admin_client, bob, email="elsewhere@example.com")
    assert told()["other_fields"] == ["email"]
    assert "elsewhere" not in AuditEvent.objects.get().body


def test_a_form_that_changes_nothing_is_no_line(admin_client: Client, bob: User) -> None:
    change(admin_client, bob)
    assert not AuditEvent.objects.exists()


def test_a_form_that_is_refused_is_no_line(admin_client: Client, bob: User, alice: User) -> None:
    admin_client.post(f"/admin/auth/user/{bob.pk}/change/", {"username": "alice"})
    assert not AuditEvent.objects.exists()


def test_a_password_set_for_somebody_is_told_without_it(admin_client: Client, bob: User) -> None:
    fields = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "set-password": ""}
    admin_client.post(f"/admin/auth/user/{bob.pk}/password/", fields)
    assert told() == {"action": "user.password_changed", "user": "bob", "user_id": bob.pk, "usable": True}
    assert User.objects.get(pk=bob.pk).check_password(NEW_PASSWORD)


def test_a_password_taken_away_is_told(admin_client: Client, bob: User) -> None:
    admin_client.post(f"/admin/auth/user/{bob.pk}/password/", {"usable_password": "false", "unset-password": ""})
    assert told()["usable"] is False


def test_one_s_own_password_is_told(admin_client: Client) -> None:
    fields = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert admin_client.post("/admin/password_change/", fields).status_code == 302
    assert (told()["action"], told()["user"]) == ("user.password_changed", "admin")


def test_a_password_that_was_not_changed_is_no_line(admin_client: Client, bob: User) -> None:
    wrong = {"old_password": "wrong", "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert admin_client.post("/admin/password_change/", wrong).status_code == 200
    weak = {"usable_password": "true", "password1": "123", "password2": "123", "set-password": ""}
    assert admin_client.post(f"/admin/auth/user/{bob.pk}/password/", weak).status_code == 200
    assert not AuditEvent.objects.filter(action="user.password_changed").exists()


def test_the_password_pages_still_open(admin_client: Client, bob: User) -> None:
    for path in ("/admin/password_change/", f"/admin/auth/user/{bob.pk}/password/"):
        assert admin_client.get(path).status_code == 200


def test_a_new_group_is_told_with_its_permissions(admin_client: Client) -> None:
    given = Permission.objects.get(codename="stop_connection")
    admin_client.post("/admin/auth/group/add/", {"name": "Night shift", "permissions": [given.pk]})
    line = told()
    assert (line["action"], line["group"]) == ("group.added", "Night shift")
    assert line["permissions_added"] == ["connections.stop_connection"]


def test_a_group_s_new_name_and_lost_permission_are_told(admin_client: Client) -> None:
    group = Group.objects.get(name="Operators")
    kept = group.permissions.get(codename="view_connection")
    admin_client.post(f"/admin/auth/group/{group.pk}/change/", {"name": "Watchers", "permissions": [kept.pk]})
    line = told()
    assert (line["action"], line["group"], line["renamed_from"]) == ("group.changed", "Watchers", "Operators")
    assert "connections.stop_connection" in line["permissions_removed"]
    assert "connections.view_connection" not in line["permissions_removed"]


@pytest.mark.parametrize("by_action", [True, False])
def test_a_deleted_group_is_told_with_who_was_in_it(admin_client: Client, alice: User, by_action: bool) -> None:
    group = Group.objects.get(name="Operators")
    if by_action:
        chosen = {"action": "delete_selected", "_selected_action": group.pk, "post": "yes"}
        admin_client.post("/admin/auth/group/", chosen)
    else:
        admin_client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    line = told()
    assert (line["action"], line["group"], line["members"]) == ("group.deleted", "Operators", ["alice"])
    assert {"connections.stop_connection", "connections.view_connection"} <= {*line["permissions_removed"]}
    assert not Group.objects.filter(pk=group.pk).exists()
