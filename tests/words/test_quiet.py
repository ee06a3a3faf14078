"""An error that comes again and again fills no disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest
import redis

from remoteit_admin.quiet import MEANWHILE, Line, OncePerMinute


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[logging.Logger]:
    once = OncePerMinute()
    caplog.handler.addFilter(once)
    yield logging.getLogger("tests.quiet")
    caplog.handler.removeFilter(once)


def fail(log: logging.Logger, text: str = "The queue is away", error: Exception | None = None) -> None:
    try:
        raise error or OSError("refused")
    except Exception:
        log.exception(text)


def test_the_same_error_is_told_once(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        fail(log)
    assert [record.getMessage() for record in caplog.records] == ["The queue is away"]


def test_others_are_told_beside_it(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    fail(log)
    fail(log, "The database is away")
    fail(log, error=ValueError("other"))
    assert len(caplog.records) == 3


def test_after_a_minute_it_is_told_again(
    log: logging.Logger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(log)
    monkeypatch.setattr("remoteit_admin.quiet.REST_S", 0.0)
    fail(log)
    assert len(caplog.records) == 2


AWAY = redis.ConnectionError("Error 111 connecting to queue.example:6379.\nConnection refused.")
TOLD = f"The queue can't be used: Error 111 connecting to queue.example:6379. Connection refused. {MEANWHILE}"


def test_a_queue_that_is_away_is_told_once_whoever_meets_it(
    log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    for text in ("Error reading from queue", "Error reading schedule.", "The queue did not take the wake-up"):
        fail(log, text, AWAY)
    assert [Line().format(record).partition("quiet: ")[2] for record in caplog.records] == [TOLD]


def test_an_error_of_the_program_keeps_its_traceback(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    fail(log, "Error reading from queue", ValueError("ours"))
    assert "Traceback" in Line().format(caplog.records[0])


def test_the_next_outage_of_a_queue_is_told(
    log: logging.Logger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(log, error=AWAY)
    monkeypatch.setattr("remoteit_admin.quiet.REST_S", 0.2)
    for _ in range(10):
        time.sleep(0.03)
        fail(log, error=AWAY)
    assert len(caplog.records) == 1
    time.sleep(0.25)
    fail(log, error=AWAY)
    assert len(caplog.records) == 2


def test_what_is_no_error_is_always_told(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        log.info("worker is ready")
    assert len(caplog.records) == 3
