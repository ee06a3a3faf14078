"""People of an identity provider: what its claims give, what they don't, and what is left to the panel."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from connections.admin.people.admin import PersonForm
from connections.audit.origin import Origin
from connections.models import AuditEvent, DirectoryPerson
from connections.people import directory
from connections.people.claims import Refused
from connections.web.session_end import is_over
from remoteit_admin.environment import Environment
from remoteit_admin.invalid_setting import InvalidSetting
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
WEB = Origin("web", client_ip="192.0.2.7")
CLAIMS = {"sub": "1", "preferred_username": "olga", "email": "olga@example.com", "groups": ["ops"]}


@pytest.fixture(autouse=True)
def provider(settings: Settings) -> None:
    """An identity provider that is away: nothing listens there."""
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "panel", "panel-secret"
    settings.OIDC_GROUPS_CLAIM = "groups"
    settings.OIDC_GROUP_MAP = {"ops": frozenset({"Operators"}), "sec": frozenset({"Auditors"})}


def enter(**claims: Any) -> User:
    return directory.enter(directory.said_by({**CLAIMS, **claims}), WEB)


def roles(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def test_somebody_new_is_made_with_the_roles_that_the_groups_give_and_no_password() -> None:
    olga = enter()
    assert roles(olga) == {"Operators"}
    assert olga.is_staff
    assert not olga.is_superuser
    assert not olga.has_usable_password()
    assert AuditEvent.objects.filter(action="user.added").count() == 1


def test_roles_are_read_again_at_each_sign_in_and_those_given_here_stay() -> None:
    olga = enter()
    olga.groups.add(Group.objects.create(name="Night"))
    enter(groups=["sec", "else"])
    assert roles(olga) == {"Auditors", "Night"}
    assert AuditEvent.objects.filter(action="user.changed").count() == 1


def test_an_absent_claim_is_no_empty_one_and_takes_nothing() -> None:
    olga = enter()
    with pytest.raises(Refused, match="sends no “groups”"):
        directory.said_by({"sub": "1", "preferred_username": "olga"})
    assert roles(olga) == {"Operators"}


def test_an_empty_claim_takes_the_roles_and_opens_nothing() -> None:
    olga = enter()
    with pytest.raises(Refused, match="no role of this panel any more"):
        enter(groups=[])
    assert roles(olga) == set()


@pytest.mark.parametrize("groups", ["ops", {"ops": 1}, None, ["ops", 1], 7, True])
def test_claims_that_are_no_list_of_names_are_refused(groups: Any) -> None:
    with pytest.raises(Refused, match="no list of names"):
        enter(groups=groups)
    assert not DirectoryPerson.objects.exists()


def test_five_thousand_groups_are_read() -> None:
    assert roles(enter(groups=[*(f"group {number}" for number in range(5000)), "ops"])) == {"Operators"}


def test_more_groups_than_are_sent_at_once_is_said() -> None:
    with pytest.raises(Refused, match="more groups than"):
        directory.said_by({"sub": "1", "_claim_names": {"groups": "src1"}})


@pytest.mark.parametrize("claims", [{"sub": ""}, {"sub": 7}, {"sub": "x" * 256}, {"preferred_username": "a b"}])
def test_odd_claims_of_who_it_is_are_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        enter(**claims)


def test_somebody_of_the_panel_is_not_taken_over_by_their_name(alice: User) -> None:
    with pytest.raises(Refused, match="somebody here already"):
        enter(preferred_username="ALICE")
    assert not DirectoryPerson.objects.exists()


def test_somebody_is_known_by_what_never_changes_there() -> None:
    assert enter() == enter(preferred_username="renamed", email="new@example.com")


def test_who_is_switched_off_here_does_not_come_in() -> None:
    olga = enter()
    User.objects.filter(pk=olga.pk).update(is_active=False)
    with pytest.raises(Refused, match="switched off"):
        enter()


def test_a_mapped_role_is_not_given_or_taken_by_hand(admin_user: User) -> None:
    olga = enter()
    wished = Group.objects.filter(name__in=["Auditors"])
    form = PersonForm({"username": "olga", "is_active": True, "groups": wished}, instance=olga)
    assert "gives and takes Auditors, Operators" in str(form.errors["groups"])
    night = Group.objects.create(name="Night")
    own = Group.objects.filter(name__in=["Operators", night.name])
    assert "groups" not in PersonForm({"username": "olga", "groups": own}, instance=olga).errors


def test_nor_on_the_page_of_the_person(client: Client, admin_user: User) -> None:
    person = enter(groups=["ops"])
    before = roles(person)
    client.force_login(admin_user)
    page = client.post(f"/admin/people/{person.pk}/change/", {"name": "Dana", "email": "d@example.com", "roles": []})
    assert "nobody does it here by hand" in page.content.decode()
    assert roles(person) == before != set()


def test_who_signs_in_there_alone_gets_no_password_and_no_link_here(client: Client, admin_user: User) -> None:
    person = enter(groups=["ops"])
    client.force_login(admin_user)
    page = client.post(f"/admin/people/{person.pk}/link/", follow=True)
    assert "gets no password here" in page.content.decode()
    form = {"usable_password": "true", "password1": "battery staple horse", "password2": "battery staple horse"}
    assert "gets no password here" in client.post(f"/admin/auth/user/{person.pk}/password/", form).content.decode()
    person.refresh_from_db()
    assert not person.has_usable_password()


def test_the_session_of_somebody_of_the_directory_ends_within_an_hour(client: Client, alice: User) -> None:
    client.force_login(enter())
    now = int(time.time())
    assert client.session["session_longest"] == 3600
    assert is_over(client.session, now + 3601)
    client.force_login(alice)
    assert "session_longest" not in client.session


def test_a_provider_that_is_away_is_said_and_a_password_still_opens(client: Client, alice: User) -> None:
    assert "Sign in at your identity provider" in text_of(client.get("/admin/login/"))
    refused = client.get("/admin/login/oidc/")
    assert refused.status_code == 403
    assert "reached. A password of this panel does." in text_of(refused)
    client.post("/admin/login/", {"username": "alice", "password": "correct horse battery"})
    assert client.get("/admin/sessions/").status_code == 200


@pytest.mark.parametrize("query", ["", "?code=x&state=y", "?error=access_denied", "?state=%00", "?code=x"])
def test_who_did_not_begin_here_is_not_let_in(client: Client, query: str) -> None:
    assert client.get(f"/admin/login/oidc/callback/{query}").status_code in (400, 403)
    assert client.get("/admin/sessions/").status_code == 302


def test_without_a_provider_its_addresses_are_not_there(client: Client, settings: Settings) -> None:
    settings.OIDC_ISSUER = ""
    assert client.get("/admin/login/oidc/").status_code == 404
    assert "identity provider" not in text_of(client.get("/admin/login/"))


def test_a_page_shows_what_claims_would_give_and_changes_nothing(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    claims = '{"sub": "1", "preferred_username": "olga", "groups": ["ops", "football"]}'
    page = text_of(client.post("/admin/people/claims/", {"claims": claims}))
    assert "What olga would have Operators" in page
    assert "Groups that give nothing here: football" in page
    assert "sends no “groups”" in text_of(client.post("/admin/people/claims/", {"claims": '{"sub": "1"}'}))
    assert "This is no JSON" in text_of(client.post("/admin/people/claims/", {"claims": "{"}))
    assert not User.objects.filter(username="olga").exists()


def test_the_page_of_claims_is_for_who_manages_roles(operator: Client) -> None:
    assert operator.get("/admin/people/claims/").status_code == 403


def test_the_map_takes_names_with_commas_and_refuses_what_is_none() -> None:
    read = Environment({"MAP": "CN=Ops,OU=x = Operators; sec=Auditors;sec=Leads"}).group_map("MAP")
    assert read == {"CN=Ops,OU=x": frozenset({"Operators"}), "sec": frozenset({"Auditors", "Leads"})}
    with pytest.raises(InvalidSetting, match="GROUP=ROLE"):
        Environment({"MAP": "ops"}).group_map("MAP")
