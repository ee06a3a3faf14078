"""What a program reads: connections, accounts, the history, evidence, and the description of all that."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.api.description import description
from connections.api.problems import KINDS
from connections.models import Account, AuditEvent, Connection
from connections.models.integrations.tokens import Scope
from tests.api.conftest import Program
from tests.support.runs import put, start_run

Make = Callable[..., Connection]
ROOT = Path(__file__).resolve().parents[2]


def test_connections_come_in_pages_and_by_their_search(program: Program, make_connection: Make) -> None:
    made = [make_connection() for _ in range(5)]
    first = program.get("/connections?limit=3").json()
    second = program.get(f"/connections?limit=3&cursor={first['next']}").json()
    assert [one["id"] for one in first["items"] + second["items"]] == [str(one.pk) for one in made]
    found = program.get(f"/connections?match={made[2].connection_id}").json()["items"]
    assert [one["connection_id"] for one in found] == [made[2].connection_id]
    assert program.get(f"/connections/{made[2].pk}").json() == found[0]
    assert program.get(f"/connections/{made[2].connection_id}").json() == found[0]


def test_a_search_that_is_not_understood_is_named_by_its_place(program: Program) -> None:
    answer = program.get("/connections?match=nofield:x").json()
    assert (answer["code"], answer["errors"][0]["start"]) == ("invalid_match", 0)


def test_accounts_tell_how_their_lists_are_and_no_secret(program: Program, account: Account) -> None:
    (found,) = program.get("/accounts").json()["items"]
    assert (found["name"], found["trouble"]) == ("default", "never_read")
    assert "sandbox-password" not in json.dumps(found)


def test_a_list_is_read_when_a_program_asks(program: Program, account: Account) -> None:
    assert program.post("/lists/read", {}).json() == {"accounts": ["default"]}
    assert AuditEvent.objects.filter(action="list.asked", body__contains='"token":"night-script"').exists()
    assert program.post("/lists/read", {"accounts": ["other"]}).status_code == 400


def test_the_history_is_handed_out_as_it_was_hashed(program: Program, alice: User, make_connection: Make) -> None:
    run = start_run(alice, make_connection())
    first, *_rest = program.get("/history?action=stop.requested").json()["items"]
    event = AuditEvent.objects.get(action="stop.requested")
    body = {name: value for name, value in first.items() if name not in ("seq", "prev_hash", "hash")}
    assert json.loads(event.body) == body
    assert (first["seq"], first["hash"]) == (event.seq, event.hash)
    assert program.get(f"/history?run={run.pk}&since_seq={event.seq}").json()["items"] == []


def test_evidence_is_a_zip_and_leaves_its_line(program: Program, alice: User, make_connection: Make) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "stopped")
    answer = program.get(f"/runs/{run.pk}/evidence")
    assert answer.status_code in (200, 409)  # this one's lines are not there: its own verifier says so
    if answer.status_code == 200:
        assert "evidence.json" in zipfile.ZipFile(io.BytesIO(b"".join(answer))).namelist()


def test_the_description_in_the_repository_is_current() -> None:
    written = json.loads((ROOT / "docs" / "openapi.json").read_text())
    assert written == json.loads(json.dumps(description())), "python manage.py openapi > docs/openapi.json"


def test_every_operation_names_a_scope_and_every_answer_that_it_may_give() -> None:
    described = description()
    assert described["openapi"].startswith("3.1")
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert operation.get("x-scope", "") in ("", *Scope), path
            assert {"400", "401", "403", "429"} <= set(map(str, operation["responses"])), path


def test_the_description_is_for_any_token_and_who_is_signed_in(program: Program, operator: Client) -> None:
    assert program.get("/openapi.json").json()["info"]["title"] == "remoteit-admin"
    assert operator.get("/api/v1/openapi.json").status_code == 200
    page = operator.get("/api/v1/docs").content.decode()
    assert "POST /api/v1/runs" in page
    for code in KINDS:
        assert f'id="{code}"' in page
    assert Client().get("/api/v1/docs").status_code == 302
    assert Client().get("/api/v1/openapi.json").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("DELETE", "/connections", 405),
        ("GET", "/connections?match=%00", 400),
        ("GET", "/history?since_seq=99999999999999999999999", 400),
        ("GET", "/connections/%F0%9F%98%80", 404),
    ],
)
def test_every_error_is_a_problem_with_a_code(program: Program, method: str, path: str, status: int) -> None:
    assert program.ask(method, path).status_code == status


def test_a_body_that_is_no_json_is_named(program: Program) -> None:
    answer = program.client.post(
        "/api/v1/runs", "{", content_type="application/json", headers={"Authorization": f"Bearer {program.text}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable_body")


def test_a_form_is_no_body_that_can_be_read(program: Program) -> None:
    headers = {"Authorization": f"Bearer {program.text}", "Idempotency-Key": "one"}
    answer = program.client.post("/api/v1/runs", {"reason": "multipart"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable_body")


def test_the_limit_of_requests_tells_itself(program: Program) -> None:
    answer = program.get("/token")
    assert answer.headers["RateLimit-Policy"] == '"requests";q=600;w=60'
    assert answer.headers["RateLimit"].startswith('"requests";r=')
