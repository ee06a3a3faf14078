"""No door gives rights beside the one place that lets them wait: found by reading, and by trying."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import get_resolver

from connections.models import Ceiling, Proposal
from tests.conftest import make_user
from tests.house.test_arrows import MODULES
from tests.house.test_second_person import addresses

WRITERS = {"user_line", "group_line"}
WRITES = re.compile("|".join(WRITERS))
ONE_PLACE = {"connections.proposals.rights", "connections.proposals.effect"}
BY_OTHERS = {
    "connections.people.directory": "the identity provider gives and takes, and no person of the panel",
    "connections.management.commands.createsuperuser": "who has the machine has the panel",
}


def test_one_room_alone_tells_of_given_rights() -> None:
    """Every change of rights has its line: whoever writes such a line is the one place, or is named with why."""
    writing = {
        name
        for name, path in MODULES.items()
        if name != "connections.people.lines"
        if WRITES.search(text := path.read_text())
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name) and node.id in WRITERS
    }
    assert writing == {*ONE_PLACE, *BY_OTHERS}


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.once
def test_no_address_gives_a_right_that_does_not_wait(admin_user: User) -> None:
    """Every address of the panel is sent a form that would give, by a superuser who has just proved who they are."""
    Ceiling.objects.create(per_run=100, made_by=admin_user)
    person, night = make_user("somebody"), Group.objects.create(name="Night")
    person.groups.add(night)
    before = _rights()
    client = Client()
    client.raise_request_exception = False
    for path, takes in addresses(get_resolver()):
        if path.endswith("/delete/"):
            continue  # which gives nothing, and would take the role that is to give more
        for pk in {person.pk, night.pk}:
            client.force_login(admin_user)
            client.post("/" + _filled(path, takes, pk), _giving(path))
    assert _rights() - before == set()
    assert User.objects.filter(username="new@example.com").exists()
    assert {one.subject for one in Proposal.objects.all()} >= {"person", "role"}


def _rights() -> set[tuple[str, ...]]:
    """Who is in which role, what they have beside it, with which flags; and what roles with members give."""
    found = set()
    for user in User.objects.prefetch_related("groups", "user_permissions"):
        found |= {(user.username, "role", group.name) for group in user.groups.all()}
        found |= {(user.username, "permission", one.codename) for one in user.user_permissions.all()}
        found |= {(user.username, "flag", "superuser")} if user.is_superuser else set()
    for group in Group.objects.filter(user__isnull=False).distinct().prefetch_related("permissions"):
        found |= {("", group.name, one.codename) for one in group.permissions.all()}
    return found


def _filled(path: str, takes: list[str], pk: int) -> str:
    for name in takes:
        path = re.sub(rf"<(\w+:)?{name}>", str(pk), path)
    return path.replace("^", "").replace("$", "")


def _giving(path: str) -> dict[str, Any]:
    groups = Group.objects.order_by("name").values_list("pk", flat=True)
    right = Permission.objects.get(codename="approve_runs").pk
    return {
        **{"username": "somebody", "is_active": "on", "is_staff": "on", "is_superuser": "on", "may_sign_in": "on"},
        **{"groups": list(groups), "roles": list(groups), "role": groups[0], "first": "link"},
        **{"user_permissions": [right], "permissions": [right], "reason": "more"},
        **{"name": "Night" if "group" in path else "Somebody", "email": "new@example.com"},
        **{"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"},
    }
