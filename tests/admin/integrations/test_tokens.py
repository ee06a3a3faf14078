"""Tokens in the panel: made and shown once, listed with their last use, revoked; each with its line."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.models import ApiToken, AuditEvent
from connections.people import tokens
from connections.web import proofs
from tests.api.conftest import COMMAND
from tests.conftest import make_user
from tests.support.pages import text_of
from tests.support.people import grant

LIST = "/admin/connections/apitoken/"
ADD = f"{LIST}add/"
WISH = {"name": "night-script", "scopes": ["runs:read", "connections:read"], "days": "30", "networks": "192.0.2.0/24"}


def made(owner: User, **facts: object) -> ApiToken:
    given = {"name": "night-script", "scopes": ["runs:read"], "days": 30, "by": None, "origin": COMMAND, **facts}
    return tokens.make(owner, **given)[0]  # type: ignore[arg-type]


@pytest.fixture
def proved(client: Client, alice: User) -> Client:
    """Alice, who has just signed in, and so proved that it is she."""
    client.force_login(alice)
    return client


def test_a_token_is_shown_once_and_opens_what_was_chosen(proved: Client, alice: User) -> None:
    answer = proved.post(ADD, WISH)
    text = re.search(r"ria_\w{8}_\w{43}_\w{6}", text_of(answer))
    assert text
    assert "no-store" in answer.headers["Cache-Control"]
    token = tokens.find(text[0])
    assert token == ApiToken.objects.get(owner=alice, networks=["192.0.2.0/24"])
    assert token.scopes == ["connections:read", "runs:read"]
    assert AuditEvent.objects.get(action="token.created").actor == alice
    for page in (LIST, f"{LIST}{token.pk}/"):
        shown = text_of(proved.get(page))
        assert token.shown_id in shown
        assert text[0].split("_")[2] not in shown


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scopes": []}, "Choose at least one."),
        ({"scopes": ["everything"]}, "everything is not one of the available choices"),
        ({"days": "367"}, "less than or equal to 366"),
        ({"narrower": "colour:red"}, "colour"),
        ({"networks": "0.0.0.0/0"}, "“0.0.0.0/0” is no address or network."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_makes_nothing(
    proved: Client, wrong: dict[str, object], words: str
) -> None:
    answer = proved.post(ADD, {**WISH, **wrong})
    assert answer.status_code == 400
    assert words in text_of(answer)
    assert 'value="night-script"' in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_making_one_asks_first_whether_it_is_you(client: Client, alice: User) -> None:
    client.force_login(alice)
    session = client.session
    del session[proofs.KEY]
    session.save()
    assert "Is it you?" in text_of(client.post(ADD, WISH))
    assert not ApiToken.objects.exists()


def test_a_revoked_token_opens_nothing_and_the_line_names_who_did_it(client: Client, alice: User) -> None:
    client.force_login(alice)
    token = made(alice)
    assert client.get(f"{LIST}{token.pk}/revoke/").status_code == 405
    assert "it opens nothing from now on" in text_of(client.post(f"{LIST}{token.pk}/revoke/", follow=True))
    assert "was revoked already" in text_of(client.post(f"{LIST}{token.pk}/revoke/", follow=True))
    assert AuditEvent.objects.get(action="token.revoked").actor == alice


def test_tokens_of_others_are_not_there(client: Client, alice: User) -> None:
    token = made(make_user("erin"))
    client.force_login(alice)
    assert token.shown_id not in text_of(client.get(LIST))
    for address in (f"{LIST}{token.pk}/", f"{LIST}{token.pk}/revoke/"):
        assert client.post(address).status_code in (404, 405)
    assert ApiToken.objects.get().revoked_at is None


def test_who_manages_people_makes_tokens_for_who_cannot_sign_in_alone(proved: Client, alice: User) -> None:
    grant(alice, "manage_people", "view_connection")
    machine, erin = make_user("machine"), make_user("erin")
    User.objects.filter(pk=machine.pk).update(is_staff=False)
    refused = proved.post(ADD, {**WISH, "owner": erin.pk})
    assert refused.status_code == 400
    assert proved.post(ADD, {**WISH, "owner": machine.pk}).status_code == 200
    assert ApiToken.objects.get().owner == machine
    assert "machine" in text_of(proved.get(LIST))


def test_a_token_that_ends_soon_is_told_with_the_way_to_its_successor(proved: Client, alice: User) -> None:
    token = made(alice, days=3, narrower="plant 7")
    assert "night-script ends in" in text_of(proved.get(LIST))
    assert 'value="plant 7"' in proved.get(f"{ADD}?after={token.pk}").content.decode()


def test_who_may_see_nothing_has_no_tokens(client: Client, db: None) -> None:
    client.force_login(make_user("newcomer"))
    assert client.get(LIST).status_code == 403
