"""Who may administer whom: a right to administer is no right to everything."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from connections.models import AuditEvent
from connections.models.rights import PERMISSIONS
from tests.conftest import PASSWORD, make_user

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "battery staple horse"


def permission(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def give(user: User, *names: str) -> User:
    user.user_permissions.add(*(permission(name) for name in names))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def helper(db: None) -> User:
    """Administers people and groups, and may see connections."""
    people = ("view_user", "add_user", "change_user", "view_group", "add_group", "change_group", "delete_group")
    return give(make_user("helper"), *(f"auth.{name}" for name in people), "connections.view_connection")


@pytest.fixture
def as_helper(client: Client, helper: User) -> Client:
    client.force_login(helper)
    return client


def page_of(person: User | Group) -> str:
    return f"/admin/auth/{person._meta.model_name}/{person.pk}/change/"


def form_of(user: User, **fields: Any) -> dict[str, Any]:
    form = {
        "username": user.username,
        "is_active": "on",
        "is_staff": "on",
        "groups": list(user.groups.values_list("pk", flat=True)),
        "user_permissions": list(user.user_permissions.values_list("pk", flat=True)),
        **fields,
    }
    return {name: value for name, value in form.items() if value is not None}


def new_password(client: Client, user: User, **fields: str) -> Any:
    form = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "set-password": ""}
    return client.post(f"/admin/auth/user/{user.pk}/password/", {**form, **fields})


def offered_in(page: str) -> set[str]:
    return set(re.findall(r'name="((?:groups|user_permissions|permissions|is_\w+))"', page))


# -- superuser


def test_nobody_makes_themselves_superuser(as_helper: Client, helper: User) -> None:
    as_helper.post(page_of(helper), form_of(helper, is_superuser="on"))
    assert not User.objects.get(pk=helper.pk).is_superuser


def test_nobody_without_it_makes_somebody_else_superuser(as_helper: Client, bob: User) -> None:
    assert as_helper.post(page_of(bob), form_of(bob, is_superuser="on")).status_code == 302
    assert not User.objects.get(pk=bob.pk).is_superuser


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("end", ["change/", "password/", "history/"])
def test_nobody_without_it_sees_or_touches_a_superuser(
    as_helper: Client, admin_user: User, method: str, end: str
) -> None:
    response = getattr(as_helper, method)(f"/admin/auth/user/{admin_user.pk}/{end}", form_of(admin_user))
    assert response.status_code == 403
    assert "A superuser can do it." in html.unescape(response.content.decode())


def test_a_superuser_s_password_stays(as_helper: Client, admin_user: User) -> None:
    new_password(as_helper, admin_user)
    assert User.objects.get(pk=admin_user.pk).check_password(PASSWORD)


def test_the_word_superuser_is_offered_to_superusers_alone(as_helper: Client, bob: User, admin_user: User) -> None:
    assert "is_superuser" not in as_helper.get(page_of(bob)).content.decode()
    as_helper.force_login(admin_user)
    assert "is_superuser" in offered_in(as_helper.get(page_of(bob)).content.decode())


# -- what one lacks


def test_what_one_lacks_is_not_offered(as_helper: Client, bob: User) -> None:
    page = as_helper.get(page_of(bob)).content.decode()
    assert "See connections" in page
    assert "Stop connections" not in page
    assert "Operators" not in page


def test_what_one_lacks_is_not_given(as_helper: Client, bob: User) -> None:
    stop = permission("connections.stop_connection")
    operators = Group.objects.get(name="Operators")
    for fields in ({"user_permissions": [stop.pk]}, {"groups": [operators.pk]}):
        assert as_helper.post(page_of(bob), form_of(bob, **fields)).status_code == 200
    assert not User.objects.get(pk=bob.pk).has_perm("connections.stop_connection")


def test_what_one_has_can_be_given_and_taken(as_helper: Client, bob: User) -> None:
    people = permission("connections.manage_people")
    assert as_helper.post(page_of(bob), form_of(bob, user_permissions=[people.pk])).status_code == 302
    bob = User.objects.get(pk=bob.pk)
    assert bob.get_all_permissions() == {"connections.manage_people"}


@pytest.mark.parametrize("through", ["group", "permission", "permission while not active"])
def test_whoever_may_do_more_is_not_touched(as_helper: Client, bob: User, through: str) -> None:
    if through == "group":
        bob.groups.add(Group.objects.get(name="Operators"))
    else:
        give(bob, "connections.manage_runs")
    if "active" in through:
        User.objects.filter(pk=bob.pk).update(is_active=False)
    assert as_helper.post(page_of(bob), form_of(bob, username="robert")).status_code == 403
    assert new_password(as_helper, bob).status_code == 403
    bob = User.objects.get(pk=bob.pk)
    assert (bob.username, bob.check_password(PASSWORD)) == ("bob", True)


def test_of_whoever_may_do_more_one_sees_who_it_is_and_not_what_they_may(as_helper: Client, alice: User) -> None:
    page = as_helper.get(page_of(alice)).content.decode()
    assert "alice@example.com" in page
    assert "Operators" not in page
    assert not offered_in(page)


def test_a_group_gets_nothing_that_one_lacks(as_helper: Client) -> None:
    for code in ("stop_connection", "delete_auditevent"):
        given = Permission.objects.get(codename=code)
        answer = as_helper.post("/admin/auth/group/add/", {"name": "Night shift", "permissions": [given.pk]})
        assert answer.status_code == 200
    assert not Group.objects.filter(name="Night shift").exists()


def test_a_group_that_gives_more_is_neither_changed_nor_deleted_nor_told(as_helper: Client) -> None:
    group = Group.objects.get(name="Operators")
    assert "Stop connections" not in as_helper.get(page_of(group)).content.decode()
    assert as_helper.post(page_of(group), {"name": "Mine"}).status_code == 403
    assert as_helper.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}).status_code == 403
    as_helper.post("/admin/auth/group/", {"action": "delete_selected", "_selected_action": group.pk, "post": "yes"})
    assert Group.objects.filter(name="Operators").exists()


def test_a_group_within_one_s_own_rights_is_changed_and_deleted(as_helper: Client) -> None:
    group = Group.objects.create(name="Watchers")
    see = permission("connections.view_connection")
    assert as_helper.post(page_of(group), {"name": "Watchers", "permissions": [see.pk]}).status_code == 302
    assert list(group.permissions.all()) == [see]
    assert as_helper.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Group.objects.filter(name="Watchers").exists()


# -- one's own rights


def test_one_s_own_rights_are_shown_and_not_changed(as_helper: Client, helper: User) -> None:
    page = as_helper.get(page_of(helper)).content.decode()
    assert "Can view connection" in page
    assert not offered_in(page)
    as_helper.post(page_of(helper), form_of(helper, first_name="Hella", user_permissions=[], is_staff=None))
    after = User.objects.get(pk=helper.pk)
    assert (after.first_name, after.is_staff) == ("Hella", True)
    assert after.has_perm("auth.change_user")


def test_a_group_that_one_is_in_is_not_changed(as_helper: Client, helper: User) -> None:
    group = Group.objects.create(name="Helpers")
    helper.groups.add(group)
    see = permission("connections.view_connection")
    assert as_helper.post(page_of(group), {"name": "Helpers", "permissions": [see.pk]}).status_code == 403
    assert as_helper.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("whose", ["helper", "admin"])
def test_one_s_own_password_takes_the_old_one(client: Client, helper: User, admin_user: User, whose: str) -> None:
    user = {"helper": helper, "admin": admin_user}[whose]
    client.force_login(user)
    assert new_password(client, user).url == "/admin/password_change/"
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


# -- the last superuser


def flags_of(user: User) -> tuple[bool, bool, bool]:
    user.refresh_from_db()
    return user.is_active, user.is_staff, user.is_superuser


@pytest.mark.parametrize("flag", ["is_active", "is_staff", "is_superuser"])
def test_the_last_superuser_stays(client: Client, admin_user: User, flag: str) -> None:
    client.force_login(admin_user)
    form = form_of(admin_user, **{"is_superuser": "on", flag: None})
    page = client.post(page_of(admin_user), form)
    assert "the last superuser who can sign in" in page.content.decode()
    assert flags_of(admin_user) == (True, True, True)


def test_the_last_superuser_who_can_sign_in_keeps_a_password(client: Client, admin_user: User) -> None:
    other = User.objects.create_superuser("second", password=PASSWORD)
    User.objects.filter(pk=admin_user.pk).update(password="!")
    client.force_login(User.objects.get(pk=admin_user.pk))
    page = client.post(f"/admin/auth/user/{other.pk}/password/", {"usable_password": "false", "unset-password": ""})
    assert "the last superuser who can sign in" in page.content.decode()
    assert User.objects.get(pk=other.pk).has_usable_password()


def test_one_of_two_superusers_can_go(client: Client, admin_user: User) -> None:
    other = User.objects.create_superuser("second", password=PASSWORD)
    client.force_login(admin_user)
    assert client.post(page_of(other), form_of(other)).status_code == 302
    assert flags_of(other) == (True, True, False)


# -- the table of rights


def test_forms_offer_only_what_means_something_here(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    page = client.get("/admin/auth/group/add/").content.decode()
    assert len(re.findall('name="permissions"', page)) == len(PERMISSIONS)


def test_what_means_nothing_here_is_dropped_with_the_next_change_and_told(client: Client, admin_user: User) -> None:
    group = Group.objects.get(name="Auditors")
    group.permissions.add(Permission.objects.get(codename="delete_auditevent"))
    client.force_login(admin_user)
    kept = [one.pk for one in group.permissions.all() if one.codename != "delete_auditevent"]
    assert client.post(page_of(group), {"name": "Auditors", "permissions": kept}).status_code == 302
    assert '"permissions_removed":["connections.delete_auditevent"]' in AuditEvent.objects.get().body
