"""The access review: who may do what, on what, since when and by whom, now and then."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from connections.audit.append import append
from connections.audit.origin import Origin
from connections.models import AuditEvent, ScopeRule
from connections.people import lines
from connections.people.access import review
from connections.people.access.replay import begins_at
from tests.conftest import make_user
from tests.people.conftest import sees_half

pytestmark = pytest.mark.django_db
WEB = Origin("web", client_ip="127.0.0.1")
PAGE = "/admin/people/review/"


def change(by: User, person: User, **groups: Any) -> None:
    """Put `person` into the groups of these names and no other, and tell it."""
    before = lines.standing_of(person)
    person.groups.set(Group.objects.filter(name__in=groups["groups"]))
    if line := lines.user_line(person, before, [], by, WEB):
        append([line])


def change_group(by: User, group: Group, *, name: str = "", rules: tuple[dict[str, Any], ...] = ()) -> None:
    before = lines.standing_of_group(group)
    for rule in rules:
        ScopeRule.objects.create(group=group, **rule)
    group.name = name or group.name
    group.save()
    if line := lines.group_line(group, before, by, WEB):
        append([line])


def moment() -> datetime:
    return timezone.now()


def of(name: str, at: datetime) -> review.Access:
    return next(access for access in review.review(at).people if access.person.name == name)


def test_each_moment_shows_what_held_then(admin_user: User, alice: User) -> None:
    change(admin_user, alice, groups=["Viewers"])
    viewer = moment()
    change(admin_user, alice, groups=["Leads"])
    lead = moment()
    change(admin_user, alice, groups=[])
    assert [of("alice", at).may("stop_connection") for at in (viewer, lead, moment())] == [False, True, False]
    assert of("alice", viewer).may("view_connection")


def test_a_grant_says_since_which_line_and_by_whom(admin_user: User, alice: User) -> None:
    change(admin_user, alice, groups=["Leads"])
    since = next(grant.since for grant in of("alice", moment()).grants if grant.permission == "manage_runs")
    assert since is not None
    assert (since.by, since.seq) == ("admin", AuditEvent.objects.get().seq)


def test_what_no_line_tells_has_no_since(alice: User) -> None:
    assert {grant.since for grant in of("alice", moment()).grants} == {None}


def test_a_role_keeps_its_key_when_its_name_changes(admin_user: User, alice: User) -> None:
    operators = Group.objects.get(name="Operators")
    change(admin_user, alice, groups=["Operators", "Viewers"])
    change_group(admin_user, operators, name="Night shift")
    change(admin_user, alice, groups=["Viewers"])
    before = moment()
    change(admin_user, alice, groups=["Night shift"])
    assert not of("alice", before).may("stop_connection")
    assert {grant.through for grant in of("alice", moment()).grants} == {"Night shift"}
    assert review.review(before).unfit == []


def test_a_scope_is_shown_from_its_line_on(admin_user: User, alice: User) -> None:
    before = moment()
    rules = ({"kind": "see", "device": "Plant 7*"}, {"kind": "act", "service": "ssh*"})
    change_group(admin_user, Group.objects.get(name="Operators"), rules=rules)
    bounds = {grant.permission: (grant.sees, grant.acts) for grant in of("alice", moment()).grants}
    assert bounds["view_connection"] == (("device=Plant 7*",), ())
    assert bounds["stop_connection"] == (("device=Plant 7*",), ("service=ssh*",))
    assert {grant.sees + grant.acts for grant in of("alice", before).grants} == {()}


def test_a_deleted_role_is_there_before_its_line(admin_user: User, alice: User) -> None:
    operators = Group.objects.get(name="Operators")
    change_group(admin_user, operators, rules=({"device": "Plant 7*"},))
    before = moment()
    line = lines.group_deleted_line(operators, admin_user, WEB)
    operators.delete()
    append([line])
    assert of("alice", before).may("stop_connection")
    assert not of("alice", moment()).grants


def test_who_may_not_sign_in_may_nothing(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not of("alice", moment()).may("stop_connection")


def test_a_line_that_fits_nothing_is_named(client: Client, admin_user: User, alice: User) -> None:
    change(admin_user, alice, groups=["Leads"])
    alice.groups.clear()  # by no way of the panel
    client.force_login(admin_user)
    page = client.get(PAGE).content.decode()
    assert "fit what the panel holds" in page
    assert f"?line={AuditEvent.objects.get().seq}" in page


def test_the_page_and_its_csv_for_an_auditor(client: Client, admin_user: User, alice: User, carol: User) -> None:
    change(admin_user, alice, groups=["Leads"])
    client.force_login(carol)
    page = client.get(f"{PAGE}?permission=approve_runs").content.decode()
    assert "Leads</bdi>" in page
    assert page.count('scope="rowgroup"') == 2
    answer = client.post(f"{PAGE}csv/?permission=approve_runs")
    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    assert [(row["person"], row["through"], row["by"]) for row in rows] == [
        ("admin", "superuser", ""),
        ("alice", "Leads", "admin"),
    ]
    told = json.loads(AuditEvent.objects.get(action="access.exported").body)
    assert (told["actor"], told["count"]) == ("carol", 2)


def test_a_day_that_the_history_does_not_know_is_said_at_the_field(client: Client, carol: User, alice: User) -> None:
    change(carol, alice, groups=["Leads"])
    begin = begins_at()
    assert begin is not None
    client.force_login(carol)
    for day, words in ((begin - timedelta(days=3), "it begins later"), (begin + timedelta(days=3), "not come yet")):
        answer = client.get(f"{PAGE}?on={day:%Y-%m-%d}")
        assert answer.status_code == 400
        assert words in answer.content.decode()


def test_it_is_for_who_sees_everybodys_history_without_bounds(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert "See everybody&#x27;s history" in client.get(PAGE).content.decode()
    client.force_login(sees_half())
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}csv/").status_code == 403
    client.force_login(make_user("nobody"))
    assert client.get(PAGE).status_code == 403
