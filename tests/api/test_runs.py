"""A program stops what a search matches: once, no more than it said, and reads what became of each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection

from connections.models import AuditEvent, Connection, IdempotencyKey, StopItem, StopRun
from connections.people import tokens
from tests.api.conftest import MakeToken, Program
from tests.support.runs import living_worker, put, start_run

Make = Callable[..., Connection]
STOP = {"match": "status:active", "reason": "key leaked"}


def test_a_run_is_started_for_what_matches_and_its_address_is_told(program: Program, make_connection: Make) -> None:
    for _number in range(3):
        make_connection()
    make_connection(status="ended")
    answer = program.post("/runs", {**STOP, "ticket": "INC-7", "expected_count": 3}, key="one")
    run = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == run["links"]["self"] == f"/api/v1/runs/{run['id']}"
    assert (run["done"], run["counts"]["queued"], run["total"], run["token"]) == (False, 3, 3, "night-script")
    body = AuditEvent.objects.get(action="stop.requested").body
    for said in ('"origin":"api"', '"token":"night-script"', '"actor":"alice"', '"reason":"key leaked"'):
        assert said in body
    assert f'"request_id":"{answer.headers["X-Request-Id"]}"' in body


def test_the_same_key_is_the_same_run_quoted_or_not(program: Program, make_connection: Make) -> None:
    make_connection()
    first = program.post("/runs", STOP, key="one")
    again = program.post("/runs", STOP, key='"one"')
    assert again.status_code == 202
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert StopRun.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(program: Program, make_connection: Make) -> None:
    make_connection()
    program.post("/runs", STOP, key="one")
    answer = program.post("/runs", {**STOP, "reason": "another"}, key="one")
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


def test_a_refused_wish_leaves_its_key_free(program: Program, make_connection: Make) -> None:
    make_connection()
    assert program.post("/runs", {**STOP, "expected_count": 2}, key="one").status_code == 409
    assert not StopRun.objects.exists()
    assert program.post("/runs", {**STOP, "expected_count": 1}, key="one").status_code == 202


def test_while_the_first_request_is_at_it_the_second_is_told_to_wait(program: Program, make_connection: Make) -> None:
    make_connection()
    program.post("/runs", STOP, key="one")
    IdempotencyKey.objects.update(run=None)
    answer = program.post("/runs", STOP, key="one")
    assert (answer.status_code, answer.json()["code"]) == (409, "still_running")
    assert answer.headers["Retry-After"]
    IdempotencyKey.objects.update(created_at="2026-01-01T00:00:00Z")
    StopItem.objects.all().delete()
    assert program.post("/runs", STOP, key="one").status_code == 202


def test_a_key_is_forgotten_after_a_week(program: Program, make_connection: Make) -> None:
    make_connection()
    program.post("/runs", STOP, key="one")
    assert tokens.forget_old_wishes() == 0
    IdempotencyKey.objects.update(created_at="2026-01-01T00:00:00Z")
    assert tokens.forget_old_wishes() == 1


@pytest.mark.parametrize(
    ("body", "key", "status", "code"),
    [
        (STOP, "", 400, "key_required"),
        ({**STOP, "forse": True}, "k", 400, "unknown_field"),
        ({"match": "nofield:x", "reason": "x"}, "k", 400, "invalid_match"),
        ({"match": " ", "reason": "x"}, "k", 400, "invalid_value"),
        ({"reason": "x"}, "k", 400, "invalid_value"),
        ({**STOP, "ids": ["1"]}, "k", 400, "invalid_value"),
        ({"match": "status:active"}, "k", 400, "invalid_value"),
        ({**STOP, "reason": "  "}, "k", 400, "invalid_value"),
        ({**STOP, "reason": "a\0b"}, "k", 400, "invalid_value"),
        ({**STOP, "ticket": "x" * 81}, "k", 400, "invalid_value"),
        ({"ids": ["99999", "no id"], "reason": "x"}, "k", 400, "unknown_ids"),
        ({**STOP, "max_count": 1}, "k", 409, "other_count"),
        ({**STOP, "expected_count": 3}, "k", 409, "other_count"),
        ({"match": "status:ended", "reason": "x"}, "k", 409, "nothing_to_stop"),
        ([], "k", 400, "invalid_value"),
    ],
)
def test_what_is_not_clear_stops_nothing(
    program: Program, make_connection: Make, body: object, key: str, status: int, code: str
) -> None:
    make_connection()
    make_connection()
    answer = program.post("/runs", body, key=key)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 409:
        assert answer.json()["count"] == (0 if code == "nothing_to_stop" else 2)
    assert not StopRun.objects.exists()
    assert not IdempotencyKey.objects.exists()


def test_an_unknown_parameter_is_an_error_and_never_everything(program: Program, make_connection: Make) -> None:
    make_connection()
    for path in ("/connections?mtach=x", "/connections?limit=1&limit=2", "/runs?state=done"):
        answer = program.get(path)
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter"), path
    assert program.get("/connections?limit=0").json()["errors"][0]["parameter"] == "limit"


def test_validate_only_tells_the_count_and_makes_nothing(program: Program, alice: User, make_connection: Make) -> None:
    held, free = make_connection(), make_connection()
    start_run(alice, held)
    answer = program.post("/runs", {**STOP, "validate_only": True})
    assert answer.status_code == 200
    assert answer.json() == {
        "validate_only": True,
        "count": 1,
        "skipped": {"other_run": 1},
        "accounts": {"default": 1},
        "connections": [str(free.pk)],
    }
    assert StopRun.objects.count() == 1
    assert not IdempotencyKey.objects.exists()
    assert program.post("/runs", {**STOP, "expected_count": 2, "validate_only": True}).status_code == 409


def test_more_than_a_hundred_need_a_count(program: Program, make_connection: Make) -> None:
    Connection.objects.bulk_create(
        Connection(
            account=make_connection().account if not number else Connection.objects.get().account,
            device_address="80:00:00:00:01:00:40:C5",
            connection_id=f"00000000-0000-0000-0000-{number:012}",
            connection_key=f"00000000-0000-0000-0000-{number:012}",
            known_by="imported",
        )
        for number in range(100)
    )
    answer = program.post("/runs", STOP, key="one")
    assert (answer.status_code, answer.json()["code"], answer.json()["count"]) == (409, "count_required", 101)
    assert program.post("/runs", {**STOP, "max_count": 200}, key="one").status_code == 202


def test_ids_of_both_kinds_name_connections(program: Program, make_connection: Make) -> None:
    one, other = make_connection(), make_connection()
    answer = program.post("/runs", {"ids": [one.pk, other.connection_id.lower()], "reason": "x"}, key="k")
    assert answer.json()["counts"]["queued"] == 2


def test_a_token_s_ceilings_hold_over_its_runs(alice: User, make_token: MakeToken, make_connection: Make) -> None:
    connections = [make_connection() for _ in range(4)]
    program = Program(make_token(alice, most_per_run=2, most_per_hour=3)[1])
    ids = [one.pk for one in connections]
    answer = program.post("/runs", {"ids": ids[:3], "reason": "x"}, key="a")
    assert (answer.status_code, answer.json()["code"]) == (403, "over_token_ceiling")
    assert program.post("/runs", {"ids": ids[:2], "reason": "x"}, key="b").status_code == 202
    answer = program.post("/runs", {"ids": ids[2:], "reason": "x"}, key="c")
    assert (answer.status_code, answer.json()["code"]) == (429, "hourly_ceiling")
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert StopRun.objects.count() == 1


def test_runs_of_others_are_not_there(program: Program, admin_user: User, make_connection: Make) -> None:
    run = start_run(admin_user, make_connection())
    User.objects.get(username="alice").groups.clear()
    for path in (f"/runs/{run.pk}", f"/runs/{run.pk}/items", f"/runs/{10**30}", "/runs/x"):
        assert program.get(path).status_code == 404, path
    assert program.post(f"/runs/{run.pk}/cancel").status_code == 404


def test_items_tell_outcome_and_verdict_in_pages(program: Program, alice: User, make_connection: Make) -> None:
    connections = [make_connection() for _ in range(3)]
    run = start_run(alice, *connections)
    put(connections[0], "stopped")
    put(connections[1], "unknown", upstream_reason="timed out")
    first = program.get(f"/runs/{run.pk}/items?limit=2").json()
    second = program.get(f"/runs/{run.pk}/items?limit=2&cursor={first['next']}").json()
    assert [one["outcome"] for one in first["items"] + second["items"]] == ["stopped", "unknown", "queued"]
    assert second["next"] is None
    unknown = program.get(f"/runs/{run.pk}/items?outcome=unknown").json()["items"]
    assert [one["upstream_reason"] for one in unknown] == ["timed out"]
    assert program.get(f"/runs/{run.pk}/items?cursor=bm8").json()["code"] == "invalid_cursor"
    assert program.get(f"/runs/{run.pk}/items?outcome=gone").json()["code"] == "invalid_value"


def test_steering_is_idempotent(program: Program, alice: User, make_connection: Make) -> None:
    run = start_run(alice, make_connection())
    living_worker()
    for wish, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        for _time in range(2):
            answer = program.post(f"/runs/{run.pk}/{wish}")
            assert (answer.status_code, answer.json()["state"]) == (200, state), wish
    assert program.post(f"/runs/{run.pk}/pause").status_code == 409
    for action in ("run.paused", "run.resumed", "run.cancelled"):
        assert AuditEvent.objects.filter(action=action).count() == 1, action


def test_a_run_is_run_again_for_what_is_left(program: Program, alice: User, make_connection: Make) -> None:
    one, other = make_connection(), make_connection()
    run = start_run(alice, one, other, reason="key leaked")
    put(one, "stopped")
    put(other, "failed")
    Connection.objects.filter(pk=one.pk).update(status="stopped")
    again = program.post(f"/runs/{run.pk}/rerun", {}, key="again")
    assert again.status_code == 202
    assert (again.json()["continues"], again.json()["total"], again.json()["reason"]) == (str(run.pk), 1, "key leaked")
    assert program.post(f"/runs/{run.pk}/rerun", key="again").json()["id"] == again.json()["id"]
    assert program.post(f"/runs/{run.pk}/rerun", key="more").json()["code"] == "not_possible_now"


@pytest.mark.django_db(transaction=True)
def test_a_program_waits_for_a_run_until_it_is_done(program: Program, alice: User, make_connection: Make) -> None:
    one = make_connection()
    run = start_run(alice, one)

    def finish() -> None:
        time.sleep(0.4)
        put(one, "stopped")
        connection.close()

    worker = threading.Thread(target=finish)
    worker.start()
    body = program.get(f"/runs/{run.pk}?wait=30").json()
    worker.join()
    assert (body["done"], body["state"], body["counts"]["stopped"]) == (True, "done", 1)
    assert program.get(f"/runs/{run.pk}?wait=61").status_code == 400
