"""(f, g) A very long list: how long reading and reconciling it takes, and what one that has not changed writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from connections.accounts.credentials import client_with
from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.live.read import Reading, read_list
from connections.live.verdicts.verify import CHUNK
from connections.models import Account, Connection, StopItem, StopRun
from connections.remoteit import Credentials
from tests.benchmarks import panel
from tests.benchmarks.canned_lists import Canned, answer, canned
from tests.benchmarks.report import Report

MOST_S = {"sqlite": 3.0, "postgresql": 30.0}


class Lists:
    """An account, its client, and what remote.it answers it."""

    def __init__(self, handler: type[Canned], url: str) -> None:
        self.handler, self.url = handler, url
        self.account = Account.objects.create(name="lists")
        settings.REMOTEIT_GRAPHQL_URL = url
        self.client = client_with(Credentials(developer_key="made up", token="made up"))

    def read(self, first: int, count: int) -> tuple[float, float, Reading]:
        """Seconds of our own for one list, seconds of the same request without us, and what the list changed."""
        self.handler.answer = answer(first, count)
        bare = _seconds(lambda: requests.post(self.url, json={}, timeout=60).content)
        begun = time.perf_counter()
        reading = read_list(self.account, self.client)
        whole = time.perf_counter() - begun
        if not reading.complete:
            raise RuntimeError(reading.why)
        return max(whole - bare, 0.0), bare, reading


def measure(items: int) -> Report:
    most = MOST_S[connection.vendor]
    letter = "f" if connection.vendor == "sqlite" else "g"
    report = Report(letter, f"Reading and reconciling lists of {items:,} sessions, {connection.vendor}")
    user = panel.prepare()
    with canned() as (handler, url):
        lists = Lists(handler, url)
        _compare(report, "a list of which all is new", *lists.read(0, items)[:2], most=most)
        with writes() as statements:
            own, bare, _reading = lists.read(0, items)
        _compare(report, "the same list again", own, bare, most=most)
        report.value("statements that wrote something then, beside its lines in the history", len(statements), "")
        Connection.objects.update(known_by="imported")
        _compare(report, "one that tells better what was imported", *lists.read(0, items)[:2], most=most)
        tenth = items // 10
        _compare(report, "a list of which a tenth went and a tenth came", *lists.read(tenth, items)[:2], most=most)
        lists.read(tenth, items)
        lists.read(2 * items, items)
        own, bare, reading = lists.read(2 * items, items)
        report.value("connections that ended with the next one", reading.changed.ended, "")
        _compare(report, "that one", own, bare, most=most)
        stop_all(user)
        own, bare, reading = lists.read(4 * items, 1)
        report.value("verdicts by a list of one", reading.verdicts, "")
        report.value("our own time for that one", own, "s")
    return report


def _compare(report: Report, name: str, own: float, bare: float, *, most: float) -> None:
    report.compare(f"our own time for {name}", own, "s", baseline=("the request alone", bare), at_most=most)


def _seconds(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements that write, as they are sent to the database; lines of the history apart."""
    found: list[str] = []

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and "auditevent" not in sql:
            found.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield found


def stop_all(user: panel.User) -> None:
    """A run that has stopped everything, put there: how stops are sent is another benchmark's."""
    now = timezone.now()
    open_ones = list(Connection.objects.open().order_by("pk"))
    run = StopRun.objects.create(user=user, user_name="bench", state="started", started_at=now, reason="benchmark")
    Connection.objects.open().update(status="stopped")
    for first in range(0, len(open_ones), CHUNK):
        part = open_ones[first : first + CHUNK]
        with transaction.atomic():
            StopItem.objects.bulk_create(
                StopItem(run=run, connection=one, account_id=one.account_id, state="stopped", answered_at=now)
                for one in part
            )
            append([Entry("stop.answered", WORKER, actor=user, run=run, connection=one) for one in part])
