"""What every page has in common."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client

from connections.models import Connection
from connections.stops import plan
from tests.support.runs import start_run


def sign_in(client):
    client.logout()
    return client.get("/admin/login/")


def signed_out(client):
    return client.post("/admin/logout/")


def not_allowed(client):
    client.force_login(User.objects.create_user("mallory", is_staff=True))
    return client.get("/admin/connections/connection/")


def form_of_elsewhere(client):
    return Client(enforce_csrf_checks=True).post("/admin/login/")


def not_understood(client):
    return client.get("/admin/connections/connection/refresh/?since=x")


def broken(client):
    """The database answers nothing any more, so the page for it may not ask it either."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_session RENAME TO moved_away")
    client.raise_request_exception = False
    return client.get("/admin/")


ANSWERS = {sign_in: 200, signed_out: 200, not_allowed: 403, form_of_elsewhere: 403, not_understood: 400, broken: 500}
PAGES = (
    "/admin/",
    "/admin/connections/connection/",
    "/admin/connections/connection/?acount=x",
    "/admin/connections/connection/{connection}/change/",
    "/admin/connections/connection/add/",
    "/admin/connections/connection/import/",
    "/admin/connections/stoprun/{key}/confirm/",
    "/admin/connections/stoprun/",
    "/admin/connections/stoprun/{run}/change/",
    "/admin/connections/auditevent/",
    "/admin/connections/account/",
    "/admin/connections/account/add/",
    "/admin/connections/account/{account}/change/",
    "/admin/auth/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/auth/user/{user}/change/",
    "/admin/auth/user/{user}/password/",
    "/admin/auth/group/",
    "/admin/auth/group/{group}/delete/",
    "/admin/password_change/",
    "/admin/preferences/",
    "/admin/nowhere/",
    *ANSWERS,
)
INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)|(?:src|href)=\"(?:https?:)?//", re.I
)


@pytest.fixture
def page(client, admin_user, make_connection):
    shown = make_connection()
    draft = plan.draft(admin_user, Connection.objects.all(), {})
    run = start_run(admin_user, shown)
    names = {
        "connection": shown.pk,
        "key": draft.key,
        "run": run.pk,
        "account": shown.account_id,
        "user": User.objects.create_user("somebody").pk,  # one's own password has another page
        "group": Group.objects.first().pk,
    }
    client.force_login(admin_user)

    def get(path):
        answer = path(client) if callable(path) else client.get(path.format(**names))
        return answer.content.decode()

    return get


@pytest.mark.parametrize(("way", "status"), ANSWERS.items())
def test_each_way_leads_where_it_says(client, admin_user, way, status):
    client.force_login(admin_user)
    assert way(client).status_code == status


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_anything_that_the_policy_forbids(page, path):
    assert INLINE.findall(page(path)) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_that_it_is_a_sandbox(page, settings, path):
    settings.SANDBOX = True
    assert "nothing here reaches remote.it" in page(path)


@pytest.mark.parametrize("path", PAGES)
def test_without_a_sandbox_no_page_says_so(page, settings, path):
    settings.SANDBOX = False
    assert "sandbox-banner" not in page(path)


@pytest.mark.parametrize("path", ["/admin/", "/admin/auth/user/", "/admin/nowhere/"])
def test_the_navigation_leads_to_connections_runs_and_history(page, path):
    found = page(path)
    for name in ("connection", "stoprun", "auditevent"):
        assert f'href="/admin/connections/{name}/"' in found


def test_the_navigation_says_where_one_is(page):
    current = re.findall(r'aria-current="page"\s*>\s*(\w+)', page("/admin/connections/stoprun/{key}/confirm/"))
    assert current == ["Connections"]


def test_the_header_costs_a_stranger_no_query(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        client.get("/admin/login/")


@pytest.mark.parametrize("template", ["400.html", "500.html"])
def test_a_page_for_the_worst_needs_no_context(template):
    assert "remoteit-admin" in render_to_string(template)


def test_signing_in_with_a_wrong_password_says_so_at_the_form(client, alice):
    response = client.post("/admin/login/", {"username": "alice", "password": "wrong"})
    assert "do not match" in response.content.decode()
    assert 'value="alice"' in response.content.decode()


def test_the_overview_leads_to_open_connections(page):
    html = page("/admin/")
    assert re.search(r"open now</span>\s*<span class=\"n\">1</span>", html)


def test_the_overview_warns_when_nothing_would_be_sent(page):
    assert "no worker is running" in page("/admin/")
