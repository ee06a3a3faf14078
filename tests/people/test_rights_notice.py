"""A change of people, groups or rights is a notice for every other superuser, and not only a line."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from connections.models import SeenChanges
from connections.people import notices
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
NOTICE = "People and rights: look at this"


@pytest.fixture
def other(admin_user: User) -> User:
    return User.objects.create_superuser("second", password=PASSWORD)


def change_group(client: Client, name: str = "Watchers") -> None:
    group = Group.objects.get(name="Operators")
    answer = client.post(f"/admin/auth/group/{group.pk}/change/", {"name": name, "permissions": []})
    assert answer.status_code == 302


def overview(client: Client, user: User) -> str:
    client.force_login(user)
    return client.get("/admin/").content.decode()


def test_a_change_of_rights_is_shown_to_another_superuser_until_they_have_seen_it(
    client: Client, admin_user: User, other: User
) -> None:
    client.force_login(admin_user)
    change_group(client)
    page = overview(client, other)
    assert NOTICE in page
    assert "changed the group Watchers" in page
    assert "taken permissions: " in page
    last = notices.unseen(other)[0].seq
    assert client.post("/admin/rights-seen/", {"seq": last}).url == "/admin/"
    assert NOTICE not in client.get("/admin/").content.decode()


def test_what_came_after_what_was_shown_is_not_seen(client: Client, admin_user: User, other: User) -> None:
    client.force_login(admin_user)
    change_group(client)
    shown = notices.unseen(other)[0].seq
    group = Group.objects.get(name="Watchers")
    client.post(f"/admin/auth/group/{group.pk}/change/", {"name": "Guards", "permissions": []})
    notices.see(other, shown)
    assert notices.unseen(other).count() == 1


def test_who_did_it_needs_no_notice_of_it(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    change_group(client)
    assert NOTICE not in overview(client, admin_user)


def test_who_is_no_superuser_is_told_nothing_and_can_not_say_seen(client: Client, admin_user: User, bob: User) -> None:
    client.force_login(admin_user)
    change_group(client)
    assert NOTICE not in overview(client, bob)
    assert client.post("/admin/rights-seen/", {"seq": 1}).status_code == 403
    assert not SeenChanges.objects.filter(user=bob).exists()


def test_it_takes_a_post_and_a_line(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    assert client.get("/admin/rights-seen/").status_code == 405
    for seq in ("", "x", "9" * 30, "-1"):
        assert client.post("/admin/rights-seen/", {"seq": seq}).status_code == 400


def test_a_superuser_s_first_sign_in_begins_with_what_comes(client: Client, admin_user: User, other: User) -> None:
    client.force_login(admin_user)
    change_group(client)
    notices.begin(other)
    assert not notices.unseen(other).exists()
