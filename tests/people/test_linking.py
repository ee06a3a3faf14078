"""Somebody of the panel links the identity provider; and second factors count after a sign-in there, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from connections.models import AuditEvent, DirectoryPerson
from connections.models.door.factors import CodeApp, FactorRule
from connections.people import factors
from tests.conftest import PASSWORD
from tests.people.test_factors import code
from tests.support.identity_provider import Provider
from tests.support.identity_provider import provider as running
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
OLGA = {"sub": "olga-1", "preferred_username": "olga", "groups": ["sec"]}
ALICE = {"sub": "alice-1", "preferred_username": "somebody-else", "groups": ["sec"]}


@pytest.fixture(scope="module")
def idp() -> Iterator[Provider]:
    with running() as made:
        yield made


@pytest.fixture(autouse=True)
def known(idp: Provider, settings: Settings) -> None:
    settings.OIDC_ISSUER = idp.issuer
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "panel", "panel-secret"
    settings.OIDC_GROUPS_CLAIM = "groups"
    settings.OIDC_GROUP_MAP = {"ops": frozenset({"Operators"}), "sec": frozenset({"Auditors"})}


def roles(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def is_in(client: Client) -> bool:
    return client.get("/admin/sessions/").status_code == 200


def make_old(client: Client) -> None:
    session = client.session
    session["proof"] = ["password", 1]
    session.save()


def test_who_links_comes_in_there_as_themselves_with_the_roles_that_it_gives(
    operator: Client, alice: User, idp: Provider
) -> None:
    night = Group.objects.create(name="Night")
    alice.groups.add(night)
    linked = idp.come(operator, "link", **ALICE)
    assert linked.headers["Location"] == "/admin/sign-in/"
    assert roles(alice) == {"Auditors", "Night"}
    assert AuditEvent.objects.filter(action="user.factor_added", body__contains='"factor":"oidc"').get().actor == alice
    other = Client()
    idp.come(other, **ALICE)
    assert is_in(other)
    assert other.session["_auth_user_id"] == str(alice.pk)
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


@pytest.mark.parametrize("claims", [OLGA, {**ALICE, "sub": "olga-1"}])
def test_what_is_somebody_s_already_is_linked_to_nobody_else(
    operator: Client, alice: User, idp: Provider, claims: dict[str, Any]
) -> None:
    idp.come(Client(), **OLGA)
    refused = idp.come(operator, "link", **claims)
    assert "linked already. Nothing was changed." in text_of(refused)
    assert roles(alice) == {"Operators"}
    assert not DirectoryPerson.objects.filter(user=alice).exists()


def test_nobody_links_a_second_one(operator: Client, alice: User, idp: Provider) -> None:
    idp.come(operator, "link", **ALICE)
    assert "linked already" in text_of(idp.come(operator, "link", **{**ALICE, "sub": "alice-2"}))
    assert DirectoryPerson.objects.get(user=alice).subject == "alice-1"


def test_an_old_proof_links_nothing(operator: Client, alice: User, idp: Provider) -> None:
    make_old(operator)
    assert "/admin/prove/" in idp.come(operator, "link", **ALICE).headers["Location"]
    assert not DirectoryPerson.objects.exists()


def test_a_proof_that_grew_old_on_the_way_links_nothing(operator: Client, alice: User, idp: Provider) -> None:
    class Slow(Client):
        def get(self, path: str, *args: Any, **kwargs: Any) -> Any:
            if "callback" in path:
                make_old(self)
            return super().get(path, *args, **kwargs)

    slow = Slow()
    slow.force_login(alice)
    assert idp.come(slow, "link", **ALICE).status_code == 403
    assert not DirectoryPerson.objects.exists()


def test_a_stranger_links_nothing(client: Client, idp: Provider) -> None:
    assert idp.come(client, "link", **ALICE).headers["Location"].startswith("/admin/login/")
    assert not DirectoryPerson.objects.exists()


@pytest.mark.parametrize("claims", [{"groups": "ops"}, {"groups": None}, {}])
def test_what_can_t_be_read_links_nothing_and_takes_no_role(
    operator: Client, alice: User, idp: Provider, claims: dict[str, Any]
) -> None:
    assert idp.come(operator, "link", sub="alice-1", **claims).status_code == 403
    assert roles(alice) == {"Operators"}
    assert not DirectoryPerson.objects.exists()


def test_a_token_for_somebody_else_s_sign_in_is_not_taken(client: Client, idp: Provider) -> None:
    assert idp.come(client, **{**OLGA, "nonce": "another"}).status_code == 403
    assert idp.come(client, **{**OLGA, "aud": "another panel"}).status_code == 403
    assert idp.come(client, **{**OLGA, "iss": "http://127.0.0.1:9"}).status_code == 403
    assert not is_in(client)


def test_who_has_a_second_factor_here_is_asked_for_it_after_the_provider_too(client: Client, idp: Provider) -> None:
    idp.come(Client(), **OLGA)
    olga, secret = User.objects.get(username="olga"), factors.new_secret()
    CodeApp.objects.create(user=olga, secret=secret)
    second = idp.come(client, **OLGA).headers["Location"]
    assert second.startswith("/admin/login/second/")
    assert not is_in(client)
    client.post(second, {"code": code(secret)})
    assert is_in(client)


def test_a_role_that_takes_a_second_factor_is_not_met_by_the_provider_alone(client: Client, idp: Provider) -> None:
    FactorRule.objects.create(group=Group.objects.get(name="Auditors"), grace_days=0)
    idp.come(client, **{**OLGA, "amr": ["mfa"]})
    assert client.get("/admin/").headers["Location"] == "/admin/sign-in/"
    factors_page = client.get("/admin/sign-in/")
    assert factors_page.status_code == 200


def test_a_role_that_takes_a_second_factor_is_met_by_one_of_the_panel(client: Client, idp: Provider) -> None:
    FactorRule.objects.create(group=Group.objects.get(name="Auditors"), grace_days=0)
    idp.come(Client(), **OLGA)
    secret = factors.new_secret()
    CodeApp.objects.create(user=User.objects.get(username="olga"), secret=secret)
    client.post(idp.come(client, **OLGA).headers["Location"], {"code": code(secret)})
    assert client.get("/admin/").status_code == 200
