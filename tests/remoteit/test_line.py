from __future__ import annotations

import queue

import pytest

from connections.models import Account, StopItem
from connections.sandbox import Sandbox
from connections.stops.attempt import Claim
from connections.stops.worker.channel import Arrival, Lease, Line, SignedIn, Withdrawn
from connections.stops.worker.senders import SendingThreads

pytestmark = pytest.mark.django_db


def test_what_waits_is_taken_back_before_the_credentials_are_tried(sandbox: Sandbox, account: Account) -> None:
    arrived: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
    line = Line(account, arrived.put, SendingThreads("test"))
    waiting = [Claim(StopItem(run_id=1)) for _ in range(3)]
    line.send(waiting, Lease(0.0), at_once=0)
    line.wants_probe = True
    line.sign_in()
    *taken_back, tried = [arrived.get(timeout=10) for _ in range(4)]
    line.threads.close()
    assert taken_back == [Withdrawn(claim, "the credentials are tried first") for claim in waiting]
    assert isinstance(tried, SignedIn)
    assert (tried.probe, tried.login.accepted) == (True, True)
