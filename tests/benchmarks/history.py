"""(h, i) A long history: appending to it, verifying it beside the tables, a page of it, exporting it."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

from connections.audit.append import append
from connections.audit.verify import verify
from connections.models import AuditEvent, AuditHead, StopRun
from tests.benchmarks import long_history, panel
from tests.benchmarks.long_history import CHUNK, parts
from tests.benchmarks.report import Report
from tests.benchmarks.stage import ROOT, with_django

BATCH = 64
BATCHES = 200
MOST_APPEND_MS = 1.0
MOST_VERIFY_US = 1e6 / 30_000
"""30,000 lines a second, with the comparison of the tables."""
MOST_PAGE_MS = 200.0
MOST_EXPORT_MB = 200.0
OTHERS = 9
"""The lines of other people, for each line of the one whose page is opened."""
FEW = 20
TRIES = 15
TABLE = AuditEvent._meta.db_table
COLUMNS = ", ".join(field.column for field in AuditEvent._meta.concrete_fields)


def measure(items: int) -> Report:
    letter = "h" if connection.vendor == "sqlite" else "i"
    whole = (OTHERS + 1) * items
    report = Report(letter, f"A history of {whole:,} lines, {items:,} of them one person's, {connection.vendor}")
    user = panel.prepare()
    newcomer = User.objects.create_superuser("newcomer")
    fill(user, newcomer, items)
    appending(report, user)
    verifying(report)
    pages(report, user, newcomer)
    exporting(report)
    report.value("load of the machine, the last minute, at the end", os.getloadavg()[0], "")
    return report


def fill(user: User, newcomer: User, items: int) -> None:
    """Nine tenths of the person's lines are of runs, a tenth are sign-ins; of the others' a third."""
    other = User.objects.create_user("other")
    known = long_history.know(items // 10)
    for person, lines, signed_in in ((user, items, items // 10), (other, OTHERS * items, OTHERS * items * 2 // 3)):
        count = (lines - signed_in) // long_history.LINES_PER_RUN
        long_history.write(long_history.runs(person, known, count))
        long_history.write(long_history.sign_ins(person, lines - count * long_history.LINES_PER_RUN))
    long_history.write(long_history.sign_ins(newcomer, FEW))


def appending(report: Report, user: User) -> None:
    run = StopRun.objects.filter(user=user).latest("pk")
    item = run.items.select_related("connection__account")[0]
    line = long_history.told(user, run, item)[1]
    line.facts["late"] = True  # such an answer changes nothing: the item stays what its lines say
    first = AuditHead.objects.get().seq
    own = _seconds(lambda: _in_batches([line] * (BATCH * BATCHES), append))
    report.compare(
        f"appending, in batches of {BATCH}",
        own * 1000 / (BATCH * BATCHES),
        "ms a line",
        baseline=("bare INSERT of the same rows", bare_insert(first) * 1000 / (BATCH * BATCHES)),
        at_most=MOST_APPEND_MS,
    )


def bare_insert(first: int) -> float:
    """Seconds that the lines after `first` take in a table without index or trigger, in as many transactions."""
    marks = ", ".join(["%s"] * len(AuditEvent._meta.concrete_fields))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare AS SELECT {COLUMNS} FROM {TABLE} WHERE 1 = 0")
        cursor.execute(f"SELECT {COLUMNS} FROM {TABLE} WHERE seq > %s", [first])
        rows = cursor.fetchall()
        statement = f"INSERT INTO bare ({COLUMNS}) VALUES ({marks})"
        seconds = _seconds(lambda: _in_batches(rows, lambda batch: cursor.executemany(statement, batch)))
        cursor.execute("DROP TABLE bare")
    return seconds


def verifying(report: Report) -> None:
    found: list[Any] = []
    cpu_begun = time.process_time()
    own = _seconds(lambda: found.append(verify()))
    cpu = time.process_time() - cpu_begun
    if not found[0].holds:
        raise RuntimeError(found[0].faults[0])
    lines = found[0].events
    bare = sum(_seconds(lambda part=part: _digests(part)) for part in _bodies())
    report.value("lines verified a second, tables compared", lines / own, "")
    report.value("items compared", found[0].items, "")
    report.value("lines verified in a second of processor time", lines / cpu, "")
    report.compare(
        "verifying, with the tables",
        own * 1e6 / lines,
        "µs a line",
        baseline=("bare SHA-256 of the same bodies", bare * 1e6 / lines),
        at_most=MOST_VERIFY_US,
    )


def _bodies() -> Any:
    rows = AuditEvent.objects.order_by("seq").values_list("body", flat=True)
    return parts(rows.iterator(chunk_size=CHUNK), CHUNK)


def _digests(bodies: list[str]) -> None:
    for body in bodies:
        hashlib.sha256(body.encode()).hexdigest()


def pages(report: Report, user: User, newcomer: User) -> None:
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    few, _cpu = page_ms(client, f"actor={newcomer.pk}")
    middle = AuditEvent.objects.filter(actor=user).order_by("seq").values_list("seq", flat=True)[FEW * 50]
    for name, query in (
        ("a person's page", ""),
        ("the same, far back", f"before={middle}"),
        ("the same, of the last days", "from=2026-01-01"),
        ("the same, by action", "action=stop.requested"),
        ("the same, by outcome", "outcome=refused"),
        ("the same, by account", "account=default"),
        ("the same, by ticket", "ticket=INC-7"),
        ("the same, by a word of the reason", "q=leaked"),
        ("the same, by a word that is nowhere", "q=nothing"),
    ):
        own, cpu = page_ms(client, f"actor={user.pk}&{query}")
        report.value(f"{name}, processor time", cpu, "ms")
        report.compare(name, own, "ms", baseline=(f"of a person with {FEW} lines", few), at_most=MOST_PAGE_MS)
    report.value("everybody's page", page_ms(client, "")[0], "ms")


def page_ms(client: Client, query: str) -> tuple[float, float]:
    """The server's median time for a page, and the processor time of this process in it, in milliseconds."""
    took, cpu = [], []
    for _ in range(TRIES):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        answer = client.get(f"/admin/connections/auditevent/?{query}")
        took.append((time.perf_counter() - begun) * 1000)
        cpu.append((time.process_time() - cpu_begun) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{query} was answered {answer.status_code}")
    return median(took[1:]), median(cpu[1:])


def exporting(report: Report) -> None:
    bare = _seconds(bare_csv)
    report.value("a bare csv of the rows", bare, "s")
    for door, form in (("command", "jsonl"), ("page", "csv")):
        command = with_django("export_all", door, form)
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        facts = json.loads(done.stdout.splitlines()[-1])
        report.value(f"exporting as {form}, by {door}", facts["seconds"], "s")
        name = f"peak memory of exporting {facts['lines']:,} lines as {form}, by {door}"
        started = ("before it", facts["mb_at_start"])
        report.compare(name, facts["peak_mb"], "MB", baseline=started, at_most=MOST_EXPORT_MB)


def bare_csv() -> None:
    rows = AuditEvent.objects.order_by("seq").values_list().iterator(chunk_size=CHUNK)
    with open(os.devnull, "w") as nowhere:
        csv.writer(nowhere).writerows(rows)


def _in_batches(rows: list[Any], write: Callable[[Any], object]) -> None:
    for batch in parts(rows, BATCH):
        with transaction.atomic():
            write(batch)


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
