"""What load balancers and monitors ask: from anywhere, by any name, without an account, on a bad day too."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from huey import PriorityRedisHuey
from huey.contrib.djhuey import HUEY
from pytest_django import Settings

from connections.audit import triggers
from connections.models import Worker
from connections.web import probes
from tests.support import servers
from tests.support.skips import missing

BY_ADDRESS = "10.1.2.3:8000"


@pytest.fixture
def all_is_well(db: None) -> None:
    triggers.install()
    Worker.objects.create(host="box", pid=1, beat_at=Now())


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", [BY_ADDRESS, "", "[", "a_b"])
def test_a_probe_is_answered_whatever_the_host(
    client: Client, all_is_well: None, caplog: pytest.LogCaptureFixture, path: str, host: str
) -> None:
    answer = client.get(path, headers={"Host": host})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert [line for line in caplog.records if line.levelno >= logging.WARNING] == []


def test_a_page_is_not(client: Client, db: None) -> None:
    assert client.get("/admin/login/", headers={"Host": BY_ADDRESS}).status_code == 400


def test_a_probe_is_not_sent_to_https(client: Client, all_is_well: None, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz", SCRIPT_NAME="/panel").status_code == 200
    assert client.get("/admin/login/").status_code == 301


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_changes_nothing_and_takes_nothing(client: Client, db: None, path: str) -> None:
    assert client.post(path).status_code == 405
    assert client.head(path).content == b""


def test_a_stranger_hears_that_something_is_missing_and_not_what(client: Client, db: None, bob: User) -> None:
    for who in (client, Client()):
        answer = who.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})
        client.force_login(bob)


def test_an_administrator_who_is_signed_in_hears_what(admin_client: Client) -> None:
    told = admin_client.get("/readyz").json()
    assert (told["status"], told["worker"]) == ("not ready", "no worker gave a sign lately")
    assert {"database", "queue", "triggers", "history", "verification"} < told.keys()


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/readyz", 503)])
def test_a_probe_with_a_session_is_answered_while_the_database_is_away(
    admin_client: Client, path: str, status: int
) -> None:
    def away(*args: object) -> None:
        raise DatabaseError("the server closed the connection")

    with connection.execute_wrapper(away):
        assert admin_client.get(path).status_code == status


def test_a_queue_that_can_be_read_and_not_written_is_not_ready(
    admin_client: Client, all_is_well: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        with servers.redis() as url:
            full = PriorityRedisHuey(url=url)
            monkeypatch.setattr("connections.web.health.HUEY", full)
            assert admin_client.get("/readyz").json()["queue"] == "ok"
            full.storage.conn.config_set("maxmemory", "1")
            assert full.pending_count() == 0
            answer = admin_client.get("/readyz")
            assert (answer.status_code, answer.json()["queue"]) == (503, "takes nothing: OutOfMemoryError")
    except servers.Missing as reason:
        missing(str(reason))


def test_a_queue_whose_file_may_only_be_read_is_not_ready(
    admin_client: Client, all_is_well: None, tmp_path: Path
) -> None:
    if HUEY.storage.__class__.__name__ != "SqliteStorage":
        pytest.skip("the queue is no file")
    HUEY.storage.conn.execute("PRAGMA query_only = on")
    try:
        assert admin_client.get("/readyz").json()["queue"].startswith("takes nothing")
    finally:
        HUEY.storage.conn.execute("PRAGMA query_only = off")


def test_strangers_who_ask_again_and_again_cost_one_look_a_second(
    client: Client, all_is_well: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = iter((0.0, 0.0, 0.5, 0.999, 1.0, 1.0))
    queued: list[bytes] = []
    monkeypatch.setattr(probes, "REMEMBERED_S", 1.0)
    monkeypatch.setattr(probes, "_last", probes._Last())
    monkeypatch.setattr(probes, "monotonic", lambda: next(time))
    monkeypatch.setattr(HUEY.storage, "put_data", lambda key, value: queued.append(value))
    asked = []
    for _n in range(4):
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/readyz").json() == {"status": "ok"}
        asked.append((bool(queries), len(queued)))
    assert asked == [(True, 1), (False, 1), (False, 1), (True, 2)]


def test_what_is_remembered_tells_a_stranger_no_more(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "REMEMBERED_S", 60.0)
    monkeypatch.setattr(probes, "_last", probes._Last())
    assert "worker" in admin_client.get("/readyz").json()
    assert Client().get("/readyz").json() == {"status": "not ready"}
