"""What a program has already is not sent again, and what it has not seen it does not change by `If-Match`."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User

from connections.models import Connection
from tests.api.conftest import Program
from tests.support.runs import start_run

Make = Callable[..., Connection]


def test_a_run_that_is_as_it_was_is_not_sent_again(program: Program, alice: User, make_connection: Make) -> None:
    run = start_run(alice, make_connection())
    tag = program.get(f"/runs/{run.pk}").headers["ETag"]
    again = program.get(f"/runs/{run.pk}", **{"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    program.post(f"/runs/{run.pk}/pause")
    changed = program.get(f"/runs/{run.pk}", **{"If-None-Match": tag})
    assert (changed.status_code, changed.json()["state"]) == (200, "paused")


def test_a_run_that_changed_meanwhile_is_not_steered(program: Program, alice: User, make_connection: Make) -> None:
    run = start_run(alice, make_connection())
    tag = program.get(f"/runs/{run.pk}").headers["ETag"]
    assert program.post(f"/runs/{run.pk}/pause", **{"If-Match": tag}).status_code == 200
    refused = program.post(f"/runs/{run.pk}/cancel", **{"If-Match": tag})
    assert (refused.status_code, refused.json()["code"]) == (412, "changed_meanwhile")
    run.refresh_from_db()
    assert run.cancelled_at is None
    assert program.post(f"/runs/{run.pk}/cancel", **{"If-Match": refused.headers["ETag"]}).status_code == 200
