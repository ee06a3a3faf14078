"""Many processes write to the history at once, and leave one unbroken chain."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.db import connection

from connections.audit.verify import verify
from connections.models import AuditEvent
from tests.support.commands import ROOT, environment

pytestmark = pytest.mark.both

PROCESSES = 8 if connection.vendor == "postgresql" else 4
BATCHES, BATCH = 20, 5
WRITER = f"""
import django; django.setup()
from django.db import transaction
from connections.audit.origin import Origin
from connections.audit.append import Entry, append
for batch in range({BATCHES}):
    with transaction.atomic():
        append([Entry("test.note", Origin("worker"), facts={{"batch": batch}})] * {BATCH})
"""


@pytest.mark.django_db(transaction=True)
def test_many_writers_leave_one_unbroken_chain() -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER], cwd=ROOT, env=environment(), stderr=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    said = [writer.communicate(timeout=120)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * PROCESSES, said
    seqs = list(AuditEvent.objects.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, PROCESSES * BATCHES * BATCH + 1))
    assert [fault for fault in verify().faults if "trigger" not in fault] == []
