"""On what a group's permissions count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ValidationError

from connections.models import Account, AuditEvent, Connection, ScopeRule, StopItem, StopRun
from connections.models.connections import accounts_visible_to
from connections.models.states import ItemState, SkipReason
from connections.stops import plan
from connections.stops.worker.withdraw import skip_what_is_not_allowed
from tests.conftest import make_user
from tests.support.runs import start_run

pytestmark = [pytest.mark.django_db, pytest.mark.both]
SEE, ACT = ScopeRule.Kind.SEE, ScopeRule.Kind.ACT
OPERATES = ("view_connection", "stop_connection")


def make_group(name: str, *rules: dict[str, Any], gives: tuple[str, ...] = OPERATES) -> Group:
    group = Group.objects.create(name=name)
    group.permissions.set(Permission.objects.filter(content_type__app_label="connections", codename__in=gives))
    for rule in rules:
        ScopeRule.objects.create(group=group, **rule)
    return group


def member(*groups: Group, name: str = "dana") -> User:
    user = make_user(name)
    user.groups.set(groups)
    return User.objects.get(pk=user.pk)


def names(rows: Any) -> list[str]:
    return sorted(row.device_name for row in rows)


@pytest.fixture
def plants(make_connection: Callable[..., Connection]) -> None:
    south = Account.objects.create(name="south")
    for device, service, kind in (("Plant 7 door", "ssh", 28), ("Plant 7 PLC", "http", 8), ("Plant 12 PLC", "ssh", 28)):
        make_connection(device_name=device, service_name=service, service_kind=kind)
    make_connection(device_name="100%_sure", service_name="ssh", account=south, opened_by="kim@example.com")


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        ({"device": "plant 7*"}, ["Plant 7 PLC", "Plant 7 door"]),
        ({"device": "Plant ?"}, []),
        ({"device": "Plant ? *"}, ["Plant 7 PLC", "Plant 7 door"]),
        ({"device": "100%_*"}, ["100%_sure"]),
        ({"device": "Plant 7_door"}, []),
        ({"service": "http"}, ["Plant 7 PLC"]),
        ({"opener": "*@EXAMPLE.com"}, ["100%_sure"]),
        ({"service_kind": "web"}, ["Plant 7 PLC"]),
        ({"service_kind": "web", "device": "Plant 12*"}, []),
        ({"device": "*PLC", "service": "ssh"}, ["Plant 12 PLC"]),
        ({"device": "Nowhere"}, []),
        ({}, ["100%_sure", "Plant 12 PLC", "Plant 7 PLC", "Plant 7 door"]),
    ],
)
def test_a_rule_lets_through_what_fits_all_that_it_says(plants: None, rule: dict[str, str], seen: list[str]) -> None:
    assert names(Connection.objects.visible_to(member(make_group("g", rule)))) == seen


def test_rules_of_one_kind_add_up(plants: None) -> None:
    rules = {"device": "Plant 12*"}, {"account": Account.objects.get(name="south")}
    assert names(Connection.objects.visible_to(member(make_group("g", *rules)))) == ["100%_sure", "Plant 12 PLC"]


def test_all_is_seen_and_a_part_may_be_stopped(plants: None) -> None:
    person = member(make_group("EU fleet", {"kind": ACT, "service": "ssh"}))
    assert Connection.objects.visible_to(person).count() == 4
    assert names(Connection.objects.stoppable_by(person)) == ["100%_sure", "Plant 12 PLC", "Plant 7 door"]


def test_what_may_be_stopped_is_never_more_than_the_group_sees(plants: None) -> None:
    narrow = make_group("Plant 7", {"device": "Plant 7*"})
    person = member(narrow, make_group("Lookers", gives=("view_connection",)))
    assert Connection.objects.visible_to(person).count() == 4
    assert names(Connection.objects.stoppable_by(person)) == ["Plant 7 PLC", "Plant 7 door"]


def test_of_two_groups_each_gives_what_its_own_rules_say(plants: None) -> None:
    person = member(make_group("a", {"device": "Plant 7*"}), make_group("b", {"device": "Plant 12*"}))
    assert names(Connection.objects.stoppable_by(person)) == ["Plant 12 PLC", "Plant 7 PLC", "Plant 7 door"]


def test_a_permission_of_one_s_own_has_no_bounds(plants: None) -> None:
    person = member(make_group("a", {"device": "Plant 7*"}))
    person.user_permissions.add(Permission.objects.get(codename="view_connection"))
    person = User.objects.get(pk=person.pk)
    assert Connection.objects.visible_to(person).count() == 4
    assert names(Connection.objects.stoppable_by(person)) == ["Plant 7 PLC", "Plant 7 door"]


def test_rules_without_a_permission_give_nothing(plants: None) -> None:
    assert not Connection.objects.visible_to(member(make_group("a", {"device": "Plant 7*"}, gives=()))).exists()


def test_a_superuser_has_no_bounds(plants: None) -> None:
    person = member(make_group("a", {"device": "Plant 7*"}))
    person.is_superuser = True
    assert Connection.objects.visible_to(person).count() == 4


def test_only_accounts_of_what_is_seen_are_known(plants: None) -> None:
    person = member(make_group("a", {"device": "Plant 7*"}))
    assert [one.name for one in accounts_visible_to(person)] == ["default"]


@pytest.mark.parametrize("pattern", ["*", "**", " * "])
def test_a_pattern_that_is_everything_is_none(pattern: str) -> None:
    rule = ScopeRule(group=make_group("a"), device=pattern)
    rule.full_clean()
    assert rule.is_everything


def test_a_pattern_holds_nothing_invisible() -> None:
    with pytest.raises(ValidationError):
        ScopeRule(group=make_group("a"), device="a\0b").full_clean()


def test_what_may_not_be_stopped_is_left_out_of_the_list_with_why(plants: None) -> None:
    person = member(make_group("EU fleet", {"kind": ACT, "service": "ssh"}))
    run = plan.draft(person, Connection.objects.all(), {})
    assert run.items.queued().count() == 3
    (left_out,) = run.items.filter(state=ItemState.SKIPPED)
    assert (left_out.connection.device_name, left_out.skipped_why) == ("Plant 7 PLC", SkipReason.NOT_ALLOWED)


def test_what_is_queued_and_out_of_scope_by_now_is_skipped(plants: None) -> None:
    person = member(group := make_group("EU fleet"))
    run = start_run(person, *Connection.objects.all())
    ScopeRule.objects.create(group=group, kind=ACT, device="Plant 12*")
    assert skip_what_is_not_allowed([run.pk]) == {run.pk}
    assert skip_what_is_not_allowed([run.pk]) == set()
    assert names(item.connection for item in run.items.queued()) == ["Plant 12 PLC"]
    assert AuditEvent.objects.filter(action="stop.skipped", run=run).count() == 3


def test_what_is_queued_by_a_role_that_is_gone_is_skipped(plants: None) -> None:
    person = member(group := make_group("EU fleet", {"kind": ACT, "service": "ssh"}))
    run = start_run(person, *Connection.objects.all())
    group.delete()
    skip_what_is_not_allowed([run.pk])
    assert {*run.items.values_list("state", "skipped_why")} == {(ItemState.SKIPPED, SkipReason.NOT_ALLOWED)}


def test_runs_items_and_lines_are_those_of_what_is_seen(plants: None, alice: User) -> None:
    run = start_run(alice, *Connection.objects.filter(device_name__startswith="Plant"))
    other = start_run(alice, Connection.objects.get(device_name="100%_sure"))
    gives = ("view_connection", "view_all_history")
    person = member(make_group("a", {"device": "Plant 7*"}, gives=gives))
    assert [*StopRun.objects.visible_to(person)] == [run]
    assert names(item.connection for item in StopItem.objects.visible_to(person)) == ["Plant 7 PLC", "Plant 7 door"]
    seen = AuditEvent.objects.visible_to(person)
    assert seen.filter(run=run).exists()
    assert not seen.filter(run=other).exists()
