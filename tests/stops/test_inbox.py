"""What the worker's loop waits for before it writes down, and what it doesn't wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from connections.models import Connection
from connections.remoteit import Cause, Login
from connections.sandbox import Sandbox
from connections.stops.worker.channel import SignedIn
from connections.stops.worker.inbox import Inbox
from connections.stops.worker.loop import Drain
from tests.stops.test_drain import start_run, states

LONG_S = 60.0
AN_ARRIVAL = SignedIn(1, Login(True, Cause.NONE, 200, "", 1), probe=False, made_for=None)


@pytest.fixture(autouse=True)
def _gathers_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connections.stops.worker.inbox.GATHER_S", LONG_S)


def collected(inbox: Inbox, *, fill: float) -> list[bool]:
    """What `collect` returned, if it did so long before the gathering would have ended."""
    returned: list[bool] = []
    waiting = threading.Thread(target=lambda: returned.append(inbox.collect(LONG_S, fill=fill)), daemon=True)
    waiting.start()
    waiting.join(LONG_S / 2)
    return returned


def test_a_wake_up_ends_the_gathering_and_says_so() -> None:
    inbox = Inbox()
    inbox.put(AN_ARRIVAL, at_once=False)
    threading.Timer(0.1, inbox.wake).start()
    assert collected(inbox, fill=1) == [True]
    assert inbox.unrecorded == [AN_ARRIVAL]


def test_what_is_wanted_at_once_takes_along_what_came_before() -> None:
    inbox = Inbox()
    inbox.put(AN_ARRIVAL, at_once=False)
    inbox.put(AN_ARRIVAL, at_once=True)
    assert collected(inbox, fill=1) == [False]
    assert inbox.unrecorded == [AN_ARRIVAL, AN_ARRIVAL]


def test_while_nothing_is_in_flight_nothing_more_is_waited_for() -> None:
    inbox = Inbox()
    inbox.put(AN_ARRIVAL, at_once=False)
    assert collected(inbox, fill=0) == [False]


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow  # on a busy machine its 1.5 s may be over
def test_the_answer_to_a_single_stop_is_written_down_without_waiting_for_those_of_a_large_run(
    alice: User, sandbox: Sandbox, open_connections: Callable[..., list[Connection]], settings: Settings
) -> None:
    settings.STOP_CONCURRENCY = 5
    open_connections(4)
    sandbox.set(latency_ms=1500)
    large, drain = start_run(alice), Drain()
    while sandbox.call(lambda: sandbox.server.in_flight) < 4:
        drain.step(0.02)
    sandbox.set(latency_ms=0)
    single = start_run(alice, open_connections(1))
    while single.items.unfinished().exists():
        drain.step(1.0)
    assert (states(single), states(large)) == ({"stopped": 1}, {"sending": 4})
