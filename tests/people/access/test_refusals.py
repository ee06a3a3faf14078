"""Each refusal names what is missing, and who can give it; nobody who can't."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from connections.models import Connection, ScopeRule
from connections.people.access.givers import givers
from connections.stops import plan
from connections.stops.plan import CannotStart
from tests.conftest import make_user
from tests.support.people import grant
from tests.support.runs import WEB

pytestmark = pytest.mark.django_db


@pytest.fixture
def bounded(db: None) -> User:
    """May see everything and stop ssh."""
    group = Group.objects.create(name="Ssh")
    group.permissions.set(Group.objects.get(name="Operators").permissions.all())
    ScopeRule.objects.create(group=group, kind="act", service="ssh*")
    user = make_user("dana")
    user.groups.add(group)
    return user


def test_who_can_give_a_permission_has_it_and_may_give_it(bob: User) -> None:
    giver, lacks_it, elsewhere = make_user("erin"), make_user("fred"), make_user("gina")
    grant(giver, "manage_people", "stop_connection", "view_connection")
    grant(lacks_it, "manage_people", "view_connection")
    grant(elsewhere, "stop_connection")
    assert givers(bob, "stop_connection") == ["erin"]


def test_who_has_a_scope_themselves_can_not_widen_one(bounded: User, admin_user: User) -> None:
    other = make_user("erin")
    other.groups.add(Group.objects.get(name="Ssh"))
    grant(other, "manage_people")
    assert givers(bounded, "stop_connection", whole=True) == ["admin"]


def test_a_403_names_the_permission_and_who_can_give_it(client: Client, bob: User, admin_user: User) -> None:
    client.force_login(bob)
    page = html.unescape(client.get("/admin/connections/account/").content.decode())
    assert "“Manage accounts”" in page
    assert "Who can give it to you: admin." in page


def test_what_is_left_out_of_a_selection_says_who_can_help(
    client: Client, bounded: User, admin_user: User, make_connection: Any
) -> None:
    make_connection(service_name="ssh")
    make_connection(service_name="rdp")
    client.force_login(bounded)
    ticked = {"action": "stop_selected", "_selected_action": list(Connection.objects.values_list("pk", flat=True))}
    page = client.post("/admin/connections/connection/", ticked, follow=True).content.decode()
    assert "1 is outside what you may stop" in page
    assert "Who can give it to you: admin." in page


def test_a_form_says_that_all_of_it_is_out_of_scope(bounded: User, admin_user: User, make_connection: Any) -> None:
    rdp = make_connection(service_name="rdp")
    with pytest.raises(
        CannotStart, match=r"outside what you may stop. Nothing was sent. Who can give it to you: admin"
    ):
        plan.stop_one(bounded, rdp, key="k" * 32, reason="because", ticket="", origin=WEB)
