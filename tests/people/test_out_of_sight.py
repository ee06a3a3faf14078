"""What is out of somebody's scope is not there for them: on pages, in runs, in what is handed out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from connections.models import Account, Connection, ScopeRule, StopItem, StopRun
from connections.models.rights import PERMISSIONS
from connections.stops import plan
from tests.conftest import make_user
from tests.support.runs import WEB, put, start_run

HIDDEN = "verborgen"
"""Stands in every name that is out of scope, and in no word of a page."""


@dataclass
class World:
    hidden: Connection
    seen: Connection
    hidden_run: StopRun
    shared_run: StopRun


@pytest.fixture
def world(alice: User, make_connection: Callable[..., Connection]) -> World:
    elsewhere = Account.objects.create(name="Verborgen account", listed_at=None)
    names = {"device_name": "Verborgen device", "service_name": "verborgen-ssh", "opened_by": "verborgen@example.com"}
    hidden = make_connection(account=elsewhere, **names)
    also = make_connection(account=elsewhere, **names)
    seen = make_connection(device_name="Seen device")
    hidden_run = start_run(alice, hidden, reason="because verborgen")
    shared_run = start_run(alice, also, seen, reason="because")
    put(hidden, "unknown", upstream_reason="verborgen said no")
    put(also, "refused", upstream_reason="verborgen said no")
    put(seen, "stopped")
    return World(hidden, seen, hidden_run, shared_run)


def sees_half() -> User:
    """May everything, on what is called Seen."""
    group = Group.objects.create(name="Half")
    names = [name for name in PERMISSIONS if name != "manage_roles"]
    group.permissions.set(Permission.objects.filter(content_type__app_label="connections", codename__in=names))
    ScopeRule.objects.create(group=group, device="Seen*")
    user = make_user("dana")
    user.groups.add(group)
    return user


@pytest.mark.django_db
def test_what_is_out_of_sight_is_not_there(client: Client, world: World) -> None:
    client.force_login(sees_half())
    addresses = {
        f"/admin/connections/connection/{world.hidden.pk}/change/": 404,
        f"/admin/connections/connection/{world.seen.pk}/change/": 200,
        f"/admin/connections/stoprun/{world.hidden_run.pk}/change/": 404,
        f"/admin/connections/stoprun/{world.shared_run.pk}/change/": 200,
        f"/admin/connections/account/{world.hidden.account_id}/change/": 404,
        f"/admin/connections/auditevent/?connection={world.hidden.pk}": 400,
    }
    assert {where: client.get(where).status_code for where in addresses} == addresses


@pytest.mark.django_db
def test_a_run_counts_what_is_seen_of_it(client: Client, world: World) -> None:
    dana = sees_half()
    (run,) = StopRun.objects.visible_to(User.objects.get(pk=dana.pk))
    assert [item.connection for item in run.items.all()] == [world.seen]
    assert StopItem.objects.filter(run=run).count() == 2


@pytest.mark.django_db
def test_evidence_of_what_is_not_all_in_sight_is_not_handed_out(client: Client, world: World) -> None:
    client.force_login(sees_half())
    answer = client.post(f"/admin/connections/stoprun/{world.shared_run.pk}/evidence/", follow=True)
    assert "holds connections that are not yours to see" in answer.content.decode()


@pytest.mark.django_db
def test_a_stop_of_what_is_out_of_sight_is_none(client: Client, world: World) -> None:
    dana = sees_half()
    Connection.objects.filter(pk=world.hidden.pk).update(status="active")
    with pytest.raises(plan.CannotStart):
        plan.stop_one(User.objects.get(pk=dana.pk), world.hidden, key="k", reason="because", ticket="", origin=WEB)
