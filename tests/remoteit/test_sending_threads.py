from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from connections.models import StopItem
from connections.stops.attempt import Claim
from connections.stops.worker.senders import SendingThreads

LARGE, SINGLE = 1, 2


@pytest.fixture
def one_thread() -> Iterator[SendingThreads]:
    threads = SendingThreads("test")
    threads.allow(1)
    yield threads
    threads.close()


@pytest.fixture
def busy(one_thread: SendingThreads) -> Iterator[threading.Event]:
    """The thread has something in hand until this is set."""
    taken, released = threading.Event(), threading.Event()

    def wait(_claim: Claim) -> None:
        taken.set()
        released.wait(10)

    one_thread.send([claim_of(LARGE)], wait)
    assert taken.wait(10)
    yield released
    released.set()


def claim_of(run: int) -> Claim:
    return Claim(StopItem(run_id=run))


def test_a_single_stop_goes_before_what_waits_of_a_large_run(one_thread: SendingThreads, busy: threading.Event) -> None:
    done: queue.SimpleQueue[Claim] = queue.SimpleQueue()
    one_thread.send([claim_of(run) for run in (*[LARGE] * 10, SINGLE)], done.put)
    busy.set()
    order = [done.get(timeout=10).item.run_id for _ in range(11)]
    assert order.index(SINGLE) == 1


def test_a_run_that_comes_later_does_not_make_up_for_what_was_sent_before(
    one_thread: SendingThreads, busy: threading.Event
) -> None:
    done: queue.SimpleQueue[Claim] = queue.SimpleQueue()
    one_thread.send([claim_of(run) for run in (*[LARGE] * 4, *[SINGLE] * 4)], done.put)
    busy.set()
    assert [done.get(timeout=10).item.run_id for _ in range(8)] == [LARGE, SINGLE] * 4


def test_what_waits_can_be_taken_back_and_is_not_sent(one_thread: SendingThreads, busy: threading.Event) -> None:
    done: queue.SimpleQueue[object] = queue.SimpleQueue()
    waiting = claim_of(LARGE)
    one_thread.send([waiting], done.put)
    one_thread.at_once(partial(done.put, "signed in"))
    assert one_thread.take_waiting() == [waiting]
    busy.set()
    assert done.get(timeout=10) == "signed in"
    one_thread.at_once(partial(done.put, "the next"))
    assert done.get(timeout=10) == "the next"
