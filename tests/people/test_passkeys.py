"""What a passkey's answer has to be: of this host, for this challenge, with a counter that went on, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth.models import User
from fido2.cose import ES256
from fido2.server import Fido2Server
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import AttestedCredentialData, AuthenticatorData, CollectedClientData

from connections.models.door.factors import Passkey
from connections.people import passkeys

pytestmark = pytest.mark.django_db
HOST, ID = "panel.example", b"one passkey's id"
Answer = Callable[..., str]


@pytest.fixture
def panel() -> Fido2Server:
    return passkeys.server(HOST, "", is_https=True)


@pytest.fixture
def answer(alice: User) -> Answer:
    """What the device of alice sends for what the panel remembers."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = AttestedCredentialData.create(bytes(16), ID, ES256.from_cryptography_key(key.public_key()))
    Passkey.objects.create(user=alice, credential_id=websafe_encode(ID), public=bytes(public), name="key")

    def made(state: dict[str, Any], *, host: str = HOST, origin: str = "", flags: int = 5, counter: int = 1) -> str:
        told = origin or f"https://{host}"
        client = CollectedClientData.create("webauthn.get", websafe_decode(state["challenge"]), told)
        data = AuthenticatorData.create(sha256(host.encode()), AuthenticatorData.FLAG(flags), counter)
        signature = key.sign(bytes(data) + client.hash, ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": bytes(client), "authenticatorData": bytes(data), "signature": signature}
        response = {name: websafe_encode(part) for name, part in parts.items()}
        return json.dumps(
            {"id": websafe_encode(ID), "rawId": websafe_encode(ID), "type": "public-key", "response": response}
        )

    return made


def test_the_answer_of_this_host_proves_who_it_is(panel: Fido2Server, alice: User, answer: Answer) -> None:
    _options, state = passkeys.begin_asking(panel)
    assert passkeys.check(panel, state, answer(state)).user == alice


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "http://panel.example"},
        {"origin": "https://panel.example:8443"},
        {"flags": 1},
        {"flags": 4},
    ],
    ids=["another host", "another origin", "plain HTTP", "another port", "person not verified", "person not there"],
)
def test_an_answer_that_was_made_for_another_place_or_without_the_person_is_none(
    panel: Fido2Server, answer: Answer, wrong: dict[str, Any]
) -> None:
    _options, state = passkeys.begin_asking(panel)
    with pytest.raises(passkeys.NoPasskey):
        passkeys.check(panel, state, answer(state, **wrong))
    assert Passkey.objects.get().used_at is None


def test_an_answer_to_another_challenge_is_none(panel: Fido2Server, answer: Answer) -> None:
    _options, state = passkeys.begin_asking(panel)
    _options, other = passkeys.begin_asking(panel)
    with pytest.raises(passkeys.NoPasskey):
        passkeys.check(panel, other, answer(state))


def test_an_answer_is_taken_once(panel: Fido2Server, answer: Answer) -> None:
    _options, state = passkeys.begin_asking(panel)
    sent = answer(state, counter=0)
    passkeys.check(panel, state, sent)
    with pytest.raises(passkeys.NoPasskey):
        passkeys.check(panel, state, sent)


def test_a_counter_that_did_not_go_on_shows_a_copied_key(panel: Fido2Server, answer: Answer) -> None:
    _options, state = passkeys.begin_asking(panel)
    passkeys.check(panel, state, answer(state, counter=7))
    _options, later = passkeys.begin_asking(panel)
    with pytest.raises(passkeys.NoPasskey):
        passkeys.check(panel, later, answer(later, counter=7))


def test_a_passkey_of_somebody_else_is_not_that_of_the_person_asked(
    panel: Fido2Server, bob: User, answer: Answer
) -> None:
    _options, state = passkeys.begin_asking(panel, bob)
    with pytest.raises(passkeys.NoPasskey):
        passkeys.check(panel, state, answer(state), bob)
