"""An upgrade from the groups of earlier versions: nobody loses or gains anything, and a page says what each has."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client

from connections.models.rights import held_by
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
roles: Any = import_module("connections.migrations.0024_roles")
EARLIER = {
    "Operators": ("view_connection", "stop_connection"),
    "Auditors": ("view_connection", "view_all_history"),
    "Night shift": ("view_connection", "open_connection"),
}


@pytest.fixture
def earlier() -> dict[str, User]:
    """A panel as an earlier version left it: its two groups, one of its own, and a person in each."""
    Group.objects.all().delete()
    people = {}
    for name, codes in EARLIER.items():
        group = Group.objects.create(name=name)
        found = Permission.objects.filter(content_type__app_label="connections", codename__in=codes)
        group.permissions.set(found)
        people[name] = make_user(name.lower().replace(" ", "."), name)
    return people


def upgrade() -> None:
    """What the migration does, without an editor of tables, of which it takes the connection alone."""
    roles.add_roles(apps, SimpleNamespace(connection=connection))


def test_nobody_loses_or_gains_anything(earlier: dict[str, User]) -> None:
    before = {name: held_by(User.objects.get(pk=user.pk)) for name, user in earlier.items()}
    upgrade()
    assert {name: held_by(User.objects.get(pk=user.pk)) for name, user in earlier.items()} == before
    assert {"Viewers", "Leads", "Administrators"} <= set(Group.objects.values_list("name", flat=True))


def test_a_page_says_what_each_has_now(client: Client, earlier: dict[str, User], admin_user: User) -> None:
    upgrade()
    client.force_login(admin_user)
    page = client.get("/admin/people/review/").content.decode()
    assert "Night shift" in page
    assert "no line tells it" in page
