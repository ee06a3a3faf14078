"""A database that answers and takes nothing: the pages say so, in its own words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from connections.db.writable import why_not_writable
from connections.models import Connection, StopRun, Worker
from connections.stops.worker.loop import Drain
from connections.web import session_end
from tests.conftest import PASSWORD
from tests.stops.test_drain import start_run

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
REFUSAL = {
    "sqlite": "attempt to write a readonly database",
    "postgresql": "cannot execute UPDATE in a read-only transaction",
}


@pytest.fixture
def run(alice: User, make_connection: Callable[..., Connection]) -> StopRun:
    """Started, and its only worker is dead."""
    worker = Worker.objects.create(host="box", pid=1, beat_at=Now())
    Worker.objects.filter(pk=worker.pk).update(beat_at="2020-01-01T00:00Z")
    make_connection()
    return start_run(alice)


@pytest.fixture
def read_only() -> Iterator[str]:
    """Yields what the database says to who wants to write."""
    switch = "PRAGMA query_only = {}" if connection.vendor == "sqlite" else "SET default_transaction_read_only = {}"
    with connection.cursor() as cursor:
        cursor.execute(switch.format("on"))
    yield REFUSAL[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(switch.format("off"))


@pytest.fixture
def read_only_later(request: pytest.FixtureRequest) -> Callable[[], str]:
    """From its call on, as `read_only`."""
    return lambda: request.getfixturevalue("read_only")


@pytest.fixture
def shown(run: StopRun, client: Client, alice: User) -> Callable[[], str]:
    client.force_login(alice)
    return lambda: client.get(f"/admin/connections/stoprun/{run.pk}/change/").content.decode()


def test_the_run_says_why_nothing_is_sent(shown: Callable[[], str], read_only: str) -> None:
    assert f"It says: <q>{read_only}</q>" in shown()


def test_a_page_is_read_though_its_session_can_t_be_stored(
    client: Client, alice: User, read_only_later: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(alice)
    read_only_later()
    monkeypatch.setattr(session_end, "WRITTEN_EVERY_S", 0)
    assert client.get("/admin/connections/connection/").status_code == 200


def test_nobody_signs_in_and_a_sentence_says_why(
    client: Client, alice: User, read_only: str, settings: Settings
) -> None:
    answer = client.post("/admin/login/", {"username": "alice", "password": PASSWORD})
    assert answer.status_code == 200
    assert "Nobody can sign in just now" in answer.content.decode()
    assert REFUSAL[connection.vendor] in answer.content.decode()
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_nobody_signs_in_where_a_sign_is_all_that_fits(full: Drain, client: Client) -> None:
    answer = client.post("/admin/login/", {"username": "alice", "password": "wrong"})
    assert "no room" in answer.content.decode()


def test_what_would_write_says_why_it_did_not(
    client: Client, alice: User, make_connection: Callable[..., Connection], read_only_later: Callable[[], str]
) -> None:
    client.force_login(alice)
    client.raise_request_exception = False
    ticked = {"action": "stop_selected", "_selected_action": [make_connection().pk]}
    read_only_later()
    answer = client.post("/admin/connections/connection/", ticked)
    assert answer.status_code == 503
    assert "What you asked for was not done." in answer.content.decode()
    assert REFUSAL[connection.vendor] in answer.content.decode()


@pytest.mark.parametrize("limit", ["SESSION_IDLE_SECONDS", "SESSION_COOKIE_AGE"])
def test_a_session_is_over_though_it_can_t_be_deleted(
    client: Client, alice: User, read_only_later: Callable[[], str], settings: Settings, limit: str
) -> None:
    client.force_login(alice)
    setattr(settings, limit, 0)
    read_only_later()
    answer = client.get("/admin/connections/connection/", follow=True)
    assert answer.redirect_chain == [("/admin/login/?next=/admin/connections/connection/", 302)]
    assert answer.status_code == 200


@pytest.mark.parametrize("old", [PASSWORD, "wrong"])
def test_no_password_is_tried_while_its_try_can_t_be_counted(
    client: Client, alice: User, read_only_later: Callable[[], str], old: str
) -> None:
    client.force_login(alice)
    client.raise_request_exception = False
    new = "battery staple horse"
    read_only_later()
    form = {"old_password": old, "new_password1": new, "new_password2": new}
    answer = client.post("/admin/password_change/", form)
    assert answer.status_code == 503
    assert REFUSAL[connection.vendor].partition(" UPDATE")[0] in answer.content.decode()
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


def test_signing_out_says_that_it_did_not_happen(
    client: Client, alice: User, read_only_later: Callable[[], str]
) -> None:
    client.force_login(alice)
    client.raise_request_exception = False
    read_only_later()
    answer = client.post("/admin/logout/")
    assert answer.status_code == 503
    assert "What you asked for was not done." in answer.content.decode()


def test_a_database_that_can_be_written_waits_for_a_worker(shown: Callable[[], str]) -> None:
    text = shown()
    assert "No worker has given a sign since" in text
    assert "It says:" not in text


def test_readyz_says_why_to_an_administrator(admin_client: Client, run: StopRun, read_only: str) -> None:
    assert admin_client.get("/readyz").json()["database"] == f"can't be written: {read_only}"


def test_a_lock_of_somebody_else_is_no_refusal(run: StopRun) -> None:
    held, enough = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            Worker.objects.update(pid=F("pid"))
            held.set()
            enough.wait()
        connection.close()

    holder = Thread(target=hold)
    holder.start()
    held.wait()
    try:
        assert why_not_writable() == ""
    finally:
        enough.set()
        holder.join()


# Each refuses what the work writes, and takes a sign of life: so does a disk that is nearly full.
REFUSE_LINES = {
    "sqlite": [
        "CREATE TRIGGER no_room BEFORE INSERT ON connections_auditevent BEGIN SELECT RAISE(ABORT, 'no room'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'no room' USING ERRCODE = '53100'; END $$",
        "CREATE TRIGGER no_room BEFORE INSERT ON connections_auditevent FOR EACH ROW EXECUTE FUNCTION no_room()",
    ],
}
TAKE_LINES = {"sqlite": ["DROP TRIGGER no_room"], "postgresql": ["DROP FUNCTION no_room CASCADE"]}


def run_sql(statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)


@pytest.fixture
def full(run: StopRun, settings: Settings) -> Iterator[Drain]:
    """A worker whose signs of life fit into the database, while no line of history does."""
    settings.WORKER_LEASE_SECONDS = 60  # however busy the machine is
    drain = Drain()
    run_sql(REFUSE_LINES)
    yield drain
    run_sql(TAKE_LINES)


def test_the_run_shows_what_the_work_fails_with_though_its_worker_gives_signs(
    shown: Callable[[], str], full: Drain
) -> None:
    full.step(0)
    assert Worker.objects.alive().exists()
    assert "It says: <q>no room</q>" in shown()


def test_readyz_is_told_by_the_work_and_not_by_signs_of_life(admin_client: Client, full: Drain) -> None:
    full.step(0)
    answer = admin_client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"]) == (503, f"{full.worker} can't go on: no room")
    assert Worker.objects.get(pk=full.worker.pk).failed_at is not None


def test_work_that_succeeds_again_is_well(run: StopRun, admin_client: Client) -> None:
    drain = Drain()
    run_sql(REFUSE_LINES)
    drain.step(0)
    run_sql(TAKE_LINES)
    drain.step(0)
    assert admin_client.get("/readyz").json()["worker"] == "ok"
    assert Worker.objects.get(pk=drain.worker.pk).failed_at is None


def test_a_read_only_database_is_told_while_a_worker_s_last_sign_is_young(
    run: StopRun, admin_client: Client, request: pytest.FixtureRequest
) -> None:
    Worker.objects.update(beat_at=Now())
    said = request.getfixturevalue("read_only")
    assert admin_client.get("/readyz").json()["database"] == f"can't be written: {said}"


def test_a_file_that_is_to_be_copied_away_and_can_not_be_written_is_no_readiness(
    run: StopRun, admin_client: Client, tmp_path: Path, settings: Settings
) -> None:
    settings.AUDIT_FOLDER = tmp_path / "not there"
    assert admin_client.get("/readyz").json()["files"] == f"{settings.AUDIT_FOLDER} can't be written"


def test_a_worker_tells_of_the_files_of_its_own_host(admin_client: Client, tmp_path: Path, settings: Settings) -> None:
    drain, settings.AUDIT_FOLDER, here = Drain(), tmp_path / "not there", settings.AUDIT_FOLDER
    time.sleep(settings.WORKER_HEARTBEAT_SECONDS)
    drain.step(0)
    settings.AUDIT_FOLDER = here
    assert admin_client.get("/readyz").json()["files"] == f"{drain.worker}: {tmp_path / 'not there'} can't be written"


@pytest.fixture
def not_migrated(transactional_db: None) -> Iterator[None]:
    """Tables that are not yet those of this version."""
    rename = "ALTER TABLE connections_worker RENAME COLUMN {} TO {}"
    with connection.cursor() as cursor:
        cursor.execute(rename.format("failure", "kept"))
    yield
    with connection.cursor() as cursor:
        cursor.execute(rename.format("kept", "failure"))


def test_tables_of_an_earlier_version_are_no_readiness_and_no_error(client: Client, not_migrated: None) -> None:
    assert client.get("/readyz").status_code == 503
