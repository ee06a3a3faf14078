"""(d) A very large draft: how long, how much memory, and how long it keeps another writer waiting (SQLite)."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models.functions import Now

from connections.models import StopItem, StopRun, Worker
from tests.benchmarks import panel
from tests.benchmarks.report import Report
from tests.benchmarks.stage import ROOT, with_django

MOST_S = 15.0
MOST_MB = 300.0
MOST_WAIT_MS = 250.0
ALONE_S = 5.0
WRITE_EVERY_S = 0.005


def measure(items: int) -> Report:
    report = Report("d", f"Drafting and starting a run of {items:,}, SQLite")
    user = panel.prepare()
    panel.know(made_up(items))
    with other_writer() as alone:
        time.sleep(ALONE_S)
    with other_writer() as beside:
        facts = in_a_process(items)
    report.value("drafting", facts["draft_s"], "s")
    report.value("starting", facts["start_s"], "s")
    report.value("writes by another writer meanwhile", len(beside), "")
    total = facts["draft_s"] + facts["start_s"]
    report.compare("drafting and starting", total, "s", baseline=("INSERT … SELECT", bare_insert(user)), at_most=MOST_S)
    started_mb = facts["mb_at_start"]
    report.compare("peak memory", facts["peak_mb"], "MB", baseline=("before the draft", started_mb), at_most=MOST_MB)
    wait, usual = (max(waits) * 1000 for waits in (beside, alone))
    name = "longest write of another writer"
    report.compare(name, wait, "ms", baseline=("the same writer alone", usual), at_most=MOST_WAIT_MS)
    return report


def made_up(count: int) -> Iterator[dict[str, str]]:
    for n in range(count):
        yield {
            "device_address": f"80:00:00:00:{n >> 24 & 255:02X}:{n >> 16 & 255:02X}:{n >> 8 & 255:02X}:{n & 255:02X}",
            "connection_id": f"{n:08X}-0000-4000-8000-{n:012X}",
            "device_name": f"Device {n // 4}",
            "service_name": "ssh",
            "opened_by": f"person{n % 50}@example.com",
        }


def in_a_process(items: int) -> dict[str, float]:
    """Draft and start everything in a process of its own; returns its seconds and its memory in MB."""
    done = subprocess.run(with_django("draft_all"), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    facts = json.loads(done.stdout)
    if facts["queued"] != items:
        raise RuntimeError(f"{facts['queued']} of {items} were drafted")
    return facts


@contextmanager
def other_writer() -> Iterator[list[float]]:
    """A thread that writes one row again and again; yields how long each write took, in seconds."""
    row = Worker.objects.create(host="bench", pid=0, beat_at=Now())
    ended, took, broken = threading.Event(), [], []

    def write() -> None:
        try:
            while not ended.wait(WRITE_EVERY_S):
                begun = time.perf_counter()
                with transaction.atomic():
                    Worker.objects.filter(pk=row.pk).update(beat_at=Now())
                took.append(time.perf_counter() - begun)
        except Exception as error:
            broken.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield took
    finally:
        ended.set()
        thread.join()
    if broken:
        raise broken[0]


def bare_insert(user: panel.User) -> float:
    """Seconds that the same rows take the database alone: copied to another run, in one transaction."""
    run = StopRun.objects.create(user=user, user_name=user.get_username())
    columns = [field.column for field in StopItem._meta.concrete_fields if not field.primary_key]
    copied = ", ".join("%s" if column == "run_id" else column for column in columns)
    table = StopItem._meta.db_table
    sql = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM {table}"
    begun = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [run.pk])
    return time.monotonic() - begun
