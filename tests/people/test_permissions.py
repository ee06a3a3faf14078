"""Who may see, who may stop, and that nobody can be deleted."""

from __future__ import annotations

import html

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from connections.models import Connection, StopRun
from connections.models.runs import new_key
from connections.stops import plan

LIST = "/admin/connections/connection/"


@pytest.fixture
def stranger(db):
    """Staff without any permission."""
    return User.objects.create_user("mallory", is_staff=True)


def test_without_view_there_is_no_list(client, stranger, make_connection):
    client.force_login(stranger)
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{make_connection().pk}/change/").status_code == 403


def test_somebody_in_no_group_sees_nothing_and_is_told_so(client, stranger, make_connection):
    make_connection(device_name="Kiosk")
    client.force_login(stranger)
    page = client.get("/admin/").content.decode()
    assert "You may sign in, but not see connections" in page
    assert "Kiosk" not in page


def test_somebody_who_is_not_staff_is_sent_to_sign_in(client, db):
    client.force_login(User.objects.create_user("guest"))
    assert client.get(LIST).url.startswith("/admin/login/")


def test_one_who_may_look_sees_rows_and_no_way_to_stop(client, bob, make_connection):
    client.force_login(bob)
    connection = make_connection(device_name="Kiosk")
    for page in (LIST, f"{LIST}{connection.pk}/change/"):
        content = client.get(page).content.decode()
        assert "Kiosk" in content
        assert "button cut" not in content
        assert "_selected_action" not in content


def test_what_somebody_may_not_do_is_not_in_the_page(client, bob, make_connection):
    client.force_login(bob)
    connection = make_connection()
    for page in (LIST, f"{LIST}refresh/", f"{LIST}{connection.pk}/change/", "/admin/"):
        content = client.get(page).content.decode()
        for part in (
            'id="changelist-form"',
            "stop_selected",
            "select_across",
            "select-across",
            "/stop/",
            "<kbd>s</kbd>",
        ):
            assert part not in content, (page, part)


def test_an_operator_s_list_has_the_form(client, alice, make_connection):
    client.force_login(alice)
    make_connection()
    content = client.get(LIST).content.decode()
    for part in ('id="changelist-form"', 'name="_selected_action"', "csrfmiddlewaretoken", "<kbd>s</kbd>"):
        assert part in content


def test_one_who_may_look_cannot_run_the_action(client, bob, make_connection):
    client.force_login(bob)
    response = client.post(LIST, {"action": "stop_selected", "_selected_action": make_connection().pk})
    assert response.status_code == 403
    assert not StopRun.objects.exists()


def test_one_who_may_look_cannot_stop_one(client, bob, make_connection):
    client.force_login(bob)
    response = client.post(f"{LIST}{make_connection().pk}/stop/", {"key": new_key(), "reason": "because"})
    assert response.status_code == 403
    assert not StopRun.objects.exists()


def test_one_who_may_not_stop_any_more_cannot_confirm(client, alice, make_connection):
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    alice.groups.clear()
    client.force_login(alice)
    response = client.post(f"/admin/connections/stoprun/{run.key}/confirm/", {"key": run.key, "reason": "because"})
    assert response.status_code == 403
    assert not StopRun.objects.started().exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_one_who_may_not_look_any_more_sees_no_frozen_list_and_cannot_confirm(client, alice, make_connection, method):
    make_connection(device_name="Kiosk")
    run = plan.draft(alice, Connection.objects.all(), {})
    alice.groups.clear()
    alice.user_permissions.add(Permission.objects.get(codename="stop_connection"))
    client.force_login(alice)
    url = f"/admin/connections/stoprun/{run.key}/confirm/"
    response = getattr(client, method)(url, {"key": run.key, "reason": "because"})
    assert response.status_code == 403
    assert "Kiosk" not in response.content.decode()
    assert not StopRun.objects.started().exists()


def test_the_refusal_says_what_is_missing_and_who_can_give_it(client, bob, admin_user, make_connection):
    client.force_login(bob)
    page = client.post(LIST, {"action": "stop_selected", "_selected_action": make_connection().pk}).content.decode()
    assert "Stop connections" in page
    assert "Nothing was sent" in page
    assert "admin" in page.split("Who can give it to you:")[1].split("</p>")[0]


VIEW = "“See connections”"
LACKS = [
    ("get", LIST, VIEW),
    ("get", f"{LIST}1/change/", VIEW),
    ("post", f"{LIST}1/stop/", VIEW),
    ("get", f"{LIST}add/", "“Add connections”"),
    ("get", f"{LIST}import/", "“Add connections”"),
    ("get", "/admin/connections/stoprun/", VIEW),
    ("get", "/admin/connections/stoprun/1/change/", VIEW),
    ("get", "/admin/connections/stoprun/1/history/", VIEW),
    ("get", "/admin/connections/stoprun/1/progress/", VIEW),
    ("post", "/admin/connections/stoprun/1/evidence/", VIEW),
    ("post", "/admin/connections/stoprun/some-key/confirm/", "“Stop connections”"),
    ("get", "/admin/connections/auditevent/", VIEW),
    ("get", "/admin/connections/auditevent/1/change/", VIEW),
    ("post", "/admin/connections/auditevent/export/", VIEW),
    ("post", "/admin/connections/auditevent/verify/", "“See everybody's history”"),
    ("get", "/admin/connections/account/", "“Manage accounts”"),
    ("get", "/admin/connections/account/add/", "“Manage accounts”"),
    ("get", "/admin/auth/user/", "“Manage people”"),
    ("get", "/admin/auth/user/{user}/change/", "“Manage people”"),
    ("post", "/admin/auth/user/{user}/change/", "“Manage people”"),
    ("get", "/admin/auth/user/{user}/history/", "“Manage people”"),
    ("get", "/admin/auth/user/{user}/password/", "“Manage people”"),
    ("get", "/admin/auth/user/add/", "the permission “Manage people”"),
    ("get", "/admin/auth/group/", "“Manage roles and scopes”"),
    ("get", "/admin/auth/group/add/", "“Manage roles and scopes”"),
    ("post", "/admin/auth/group/{group}/change/", "“Manage roles and scopes”"),
    ("get", "/admin/auth/group/{group}/delete/", "“Manage roles and scopes”"),
]


@pytest.mark.parametrize(("method", "address", "missing"), LACKS, ids=[f"{lack[0]} {lack[1]}" for lack in LACKS])
def test_the_refusal_names_the_permission_that_is_missing(client, stranger, admin_user, method, address, missing):
    client.force_login(stranger)
    response = getattr(client, method)(address.format(group=Group.objects.first().pk, user=admin_user.pk))
    page = html.unescape(response.content.decode())
    assert response.status_code == 403
    assert missing in page
    assert "Who can give it to you: admin." in page


def test_only_what_one_lacks_is_named(client, bob, make_connection):
    client.force_login(bob)
    run = plan.draft(bob, Connection.objects.all(), {})
    page = html.unescape(client.get(f"/admin/connections/stoprun/{run.key}/confirm/").content.decode())
    assert "that takes the permission “Stop connections”." in page


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("connections/connection/1/delete/", "Nobody may delete this"),
        ("connections/account/1/delete/", "Nobody may delete this"),
        ("auth/user/1/delete/", "Nobody may delete this"),
        ("connections/stoprun/add/", "Nobody adds this by hand"),
        ("connections/auditevent/add/", "Nobody adds this by hand"),
    ],
)
def test_what_nobody_may_is_not_blamed_on_a_permission(client, stranger, admin_user, address, words):
    client.force_login(stranger)
    response = client.get(f"/admin/{address}")
    page = response.content.decode()
    assert response.status_code == 403
    assert words in page
    assert "can give it" not in page


def test_a_form_without_its_token_is_refused_in_words(admin_user):
    page = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert page.status_code == 403
    assert "It was open too long" in page.content.decode()


def test_a_signed_out_browser_is_told_no_names(client, admin_user):
    page = client.get("/admin/login/").content.decode()
    assert "admin@example.com" not in page
    assert 'id="panel-nav"' not in page


def test_an_operator_stops(client, alice, make_connection):
    client.force_login(alice)
    response = client.post(f"{LIST}{make_connection().pk}/stop/", {"key": new_key(), "reason": "because"})
    assert response.status_code == 302
    assert StopRun.objects.started().count() == 1


def test_an_administrator_stops(client, admin_user, make_connection):
    client.force_login(admin_user)
    response = client.post(f"{LIST}{make_connection().pk}/stop/", {"key": new_key(), "reason": "because"})
    assert response.status_code == 302


def test_not_even_an_administrator_deletes_a_connection(client, admin_user, make_connection):
    client.force_login(admin_user)
    connection = make_connection()
    assert client.post(f"{LIST}{connection.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Connection.objects.filter(pk=connection.pk).exists()


def test_not_even_an_administrator_changes_a_connection(client, admin_user, make_connection):
    client.force_login(admin_user)
    connection = make_connection(device_name="before")
    response = client.post(f"{LIST}{connection.pk}/change/", {"device_name": "after"})
    connection.refresh_from_db()
    assert response.status_code == 405
    assert connection.device_name == "before"


def test_a_user_cannot_be_deleted(client, admin_user, bob):
    client.force_login(admin_user)
    assert client.post(f"/admin/auth/user/{bob.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": bob.pk, "index": "0", "post": "yes"}
    client.post("/admin/auth/user/", chosen)
    assert User.objects.filter(pk=bob.pk).exists()


def test_a_user_is_deactivated_and_the_page_says_so(client, admin_user, bob):
    client.force_login(admin_user)
    page = client.get(f"/admin/auth/user/{bob.pk}/change/").content.decode()
    assert "never deleted" in page
    assert "deletelink" not in page
