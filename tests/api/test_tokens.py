"""A token opens what its owner may and its scopes say, is told apart from a guess, and leaves its line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from connections.models import ApiToken, AuditEvent, Connection
from connections.people import tokens
from connections.web.signed_in import is_signed_in
from tests.api.conftest import COMMAND, MakeToken, Program

Make = Callable[..., Connection]


def test_a_token_is_kept_as_the_digest_of_its_secret_alone(alice: User, make_token: MakeToken) -> None:
    token, text = make_token(alice, "connections:read")
    _ria, public_id, secret, _checksum = text.split("_")
    assert (token.public_id, token.digest) == (public_id, hashlib.sha256(secret.encode()).hexdigest())
    assert secret not in AuditEvent.objects.get(action="token.created").body


def test_a_typing_error_is_seen_without_asking_the_database(alice: User, make_token: MakeToken) -> None:
    text = make_token(alice)[1]
    assert tokens.find(text) is not None
    assert tokens.find(text[:-1] + ("0" if text[-1] != "0" else "1")) is None


def test_without_a_token_nothing_is_told(client: object, db: None) -> None:
    nobody = Program("")
    for path in ("/connections", "/openapi.json", "/nothing/here"):
        answer = nobody.ask("GET", path, Authorization="")
        assert (answer.status_code, answer.json()["code"]) == (401, "token_required")


def test_a_token_opens_its_scopes_alone(alice: User, make_token: MakeToken) -> None:
    program = Program(make_token(alice, "connections:read")[1])
    assert program.get("/connections").status_code == 200
    assert program.get("/runs").status_code == 403
    assert program.get("/token").json()["scopes"] == ["connections:read"]


def test_a_token_is_never_more_than_its_owner_is_now(program: Program, alice: User, make_connection: Make) -> None:
    make_connection()
    assert len(program.get("/connections").json()["items"]) == 1
    alice.groups.clear()
    assert program.get("/connections").json()["items"] == []
    body = {"ids": ["1"], "reason": "leaked"}
    assert program.post("/runs", body, key="k").status_code == 403
    User.objects.update(is_active=False)
    assert program.get("/connections").status_code == 401


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"revoked_at": timezone.now()}, "revoked"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expired"),
        ({"networks": ["192.0.2.0/24"]}, "network"),
    ],
)
def test_a_token_that_opens_nothing_is_refused_and_its_use_has_a_line(
    alice: User, make_token: MakeToken, facts: dict[str, object], why: str
) -> None:
    token, text = make_token(alice)
    ApiToken.objects.update(**facts)
    assert Program(text).get("/connections").status_code == 401
    line = AuditEvent.objects.get(action="token.refused")
    assert f'"why":"{why}"' in line.body
    assert f'"token_id":"{token.shown_id}"' in line.body


def test_guessing_is_braked_as_at_the_sign_in_and_the_right_token_is_not(program: Program) -> None:
    guess = Program(program.text[:-1] + ("0" if program.text[-1] != "0" else "1"))
    statuses = [guess.get("/connections").status_code for _ in range(8)]
    assert statuses[:5] == [401] * 5
    assert statuses[-1] == 429
    assert guess.get("/connections").headers["Retry-After"]
    assert program.get("/connections").status_code == 200
    assert AuditEvent.objects.filter(action="token.refused").count() == 3


def test_a_token_in_the_address_is_refused_and_counts_as_leaked(program: Program) -> None:
    answer = program.get(f"/connections?access_token={program.text}")
    assert (answer.status_code, answer.json()["code"]) == (400, "token_in_address")
    assert program.text not in answer.content.decode()
    assert ApiToken.objects.get().leaked_at is not None
    assert AuditEvent.objects.filter(action="token.leaked").count() == 1


def test_a_narrower_token_sees_and_stops_only_what_its_search_matches(
    alice: User, make_token: MakeToken, make_connection: Make
) -> None:
    make_connection(device_name="plant-7 gateway")
    make_connection(device_name="plant-12 gateway")
    program = Program(make_token(alice, narrower="device:plant-7*")[1])
    assert [one["device_name"] for one in program.get("/connections").json()["items"]] == ["plant-7 gateway"]
    preview = program.post("/runs", {"match": "status:active", "reason": "x", "validate_only": True}).json()
    assert preview["count"] == 1


def test_a_token_is_taken_from_everybody_when_it_is_revoked(alice: User, make_token: MakeToken) -> None:
    token, text = make_token(alice)
    assert tokens.revoke(token, alice, COMMAND)
    assert not tokens.revoke(token, alice, COMMAND)
    assert Program(text).get("/token").status_code == 401
    assert AuditEvent.objects.filter(action="token.revoked").count() == 1


def test_the_command_makes_a_token_and_prints_it_alone(alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command(
        "create_token", "--user", "alice", "--scope", "runs:read", "--scope", "runs:create", "--expires-days", "7"
    )
    text = capsys.readouterr().out.strip()
    assert Program(text).get("/token").json()["scopes"] == ["runs:create", "runs:read"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--user", "nobody", "--scope", "runs:read"),
        ("--user", "alice", "--scope", "runs:read", "--expires-days", "0"),
        ("--user", "alice", "--scope", "runs:read", "--expires-days", "5000"),
        ("--user", "alice", "--scope", "runs:read", "--network", "somewhere"),
        ("--user", "alice", "--scope", "runs:read", "--match", "nofield:x"),
    ],
)
def test_the_command_refuses_what_would_open_nothing_or_for_ever(alice: User, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("create_token", *arguments)
    assert refused.value.returncode == 2
    assert not ApiToken.objects.exists()


def test_the_command_takes_a_token_away(alice: User, make_token: MakeToken, capsys: pytest.CaptureFixture[str]) -> None:
    token, text = make_token(alice)
    call_command("revoke_token")
    assert token.shown_id in capsys.readouterr().out
    call_command("revoke_token", token.shown_id)
    assert Program(text).get("/token").status_code == 401
    with pytest.raises(CommandError):
        call_command("revoke_token", "ria_nothing0")


@pytest.mark.django_db(transaction=True)
def test_a_program_may_send_more_than_a_stranger(alice: User, make_token: MakeToken) -> None:
    token, text = make_token(alice)
    head = f"POST /api/v1/runs HTTP/1.1\r\nAuthorization: Bearer {text}\r\n".encode()
    assert is_signed_in(head)
    assert not is_signed_in(head.replace(b"ria_", b"rib_"))
    tokens.revoke(token, alice, COMMAND)
    assert not is_signed_in(head)
