from __future__ import annotations

import codecs
import hashlib
import json
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.utils import timezone

from connections.audit.origin import Origin
from connections.inventory.imports import CHUNK, MOST_BAD, Imported, NotImported, check, import_connections
from connections.models import Account, AuditEvent, Connection

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]

ADDRESS = "80:00:00:00:01:00:40:C5"
ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
OTHER_ID = "48844999-bbf4-48cf-9a3a-353b7385737a"
HEADER = "device_address,connection_id"
GOOD = f"{ADDRESS},{ID}"


def file(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def do(content: bytes, **options: Any) -> Imported:
    return import_connections(content, "list.csv", actor=None, origin=Origin("command", system_user="ops"), **options)


def refused(content: bytes) -> list[str]:
    """What is said about the bad rows of a file that is not imported."""
    with pytest.raises(NotImported) as error:
        do(content)
    assert not Connection.objects.exists()
    assert not AuditEvent.objects.exists()
    return [str(bad_row) for bad_row in error.value.bad_rows]


def refused_row(columns: str, cells: str) -> str:
    [sentence] = refused(file(f"{HEADER},{columns}", f"{GOOD},{cells}"))
    assert sentence.startswith("line 2: ")
    return sentence


def bodies() -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in AuditEvent.objects.order_by("seq")]


def many(count: int) -> bytes:
    return file(HEADER, *(f"{ADDRESS},{number:08x}-0000-0000-0000-000000000000" for number in range(count)))


# -- what is taken over


def test_it_adds_a_connection_under_the_default_account(account: Account) -> None:
    assert do(file(HEADER, GOOD)) == Imported(added=1, known=0, left_out=[])
    added = Connection.objects.get()
    assert (added.account, added.device_address, added.known_by, added.status) == (
        account,
        ADDRESS,
        "imported",
        "active",
    )


@pytest.mark.parametrize("text", [ID, OTHER_ID, ID.lower()])
def test_it_keeps_the_id_letter_for_letter_and_matches_it_in_lower_case(text: str) -> None:
    do(file(HEADER, f"{ADDRESS},{text}"))
    added = Connection.objects.get()
    assert (added.connection_id, added.connection_key) == (text, text.lower())


def test_it_takes_over_what_the_optional_columns_say() -> None:
    Account.objects.create(name="field-ops")
    columns = "account,device_name,service_name,opened_by,opened_at,expires_at"
    cells = 'field-ops,"Kühlhaus, Tor 5",ssh,vendor@example.net,2026-03-01T10:00:00+01:00,2026-03-01T17:00:00Z'
    do(file(f"{columns},{HEADER}", f"{cells},{GOOD}"))
    added = Connection.objects.get()
    assert (added.account.name, added.device_name, added.service_name, added.opened_by) == (
        "field-ops",
        "Kühlhaus, Tor 5",
        "ssh",
        "vendor@example.net",
    )
    assert added.opened_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert added.expires_at == datetime(2026, 3, 1, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + file(HEADER, GOOD),
        f"{HEADER}\r\n{GOOD}\r\n".encode(),
        f"{HEADER}\r{GOOD}".encode(),
        file("", HEADER, "", GOOD, ",", ""),
        file(" device_address , connection_id ", f" {ADDRESS} , {ID} "),
        file("device_address;connection_id", f"{ADDRESS};{ID}"),
        file('"device_address";"connection_id";"device_name"', f'"{ADDRESS}";"{ID}";"gate, north"'),
        file("device_address\tconnection_id", f"{ADDRESS}\t{ID}"),
        b"\xef\xbb\xbf" + file("device_address;connection_id;", f"{ADDRESS};{ID};"),
        file(f"{HEADER},,", f"{GOOD},,", ",,,"),
        file(HEADER, f"{GOOD},,"),
        file(f"{HEADER},,", GOOD),
        codecs.BOM_UTF16_LE + f"device_address\tconnection_id\r\n{ADDRESS}\t{ID}\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + file(HEADER, GOOD).decode().encode("utf-16-be"),
        file("sep=;", "device_address;connection_id", f"{ADDRESS};{ID}"),
        f"\ufeffSEP=|\r\ndevice_address|connection_id\r\n{ADDRESS}|{ID}\r\n".encode(),
        file("sep=; ", "device_address;connection_id", f"{ADDRESS};{ID}"),
        file('"sep=;";', "device_address;connection_id", f"{ADDRESS};{ID}"),
        codecs.BOM_UTF16_LE + f"sep=\t\r\ndevice_address\tconnection_id\r\n{ADDRESS}\t{ID}\r\n".encode("utf-16-le"),
        file("sep=,", HEADER, GOOD),
        file("Device_Address;CONNECTION_ID", f"{ADDRESS};{ID}"),
        file(" Device_Address , Connection_Id , Device_Name", f"{GOOD},gate"),
    ],
    ids=[
        "byte order mark",
        "CRLF",
        "CR",
        "blank rows",
        "blanks around",
        "semicolons",
        "quoted, with a comma inside",
        "tabs",
        "semicolons to the end of the line",
        "commas to the end of each line",
        "commas to the end of a row",
        "commas to the end of the header",
        "UTF-16 as Excel writes it",
        "UTF-16, big end first",
        "Excel's line for semicolons",
        "Excel's line for another separator",
        "Excel's line with a blank behind",
        "Excel's line as a spreadsheet writes it back",
        "Excel's line for tabs, in UTF-16",
        "Excel's line for commas",
        "capitals and semicolons",
        "capitals and blanks around",
    ],
)
def test_it_reads_what_spreadsheets_write(content: bytes) -> None:
    assert do(content).added == 1


def test_the_same_id_in_two_accounts_is_two_connections(account: Account) -> None:
    Account.objects.create(name="field-ops")
    assert do(file(f"{HEADER},account", f"{GOOD},default", f"{GOOD},field-ops")).added == 2


# -- what is known already


def test_a_known_connection_is_refreshed_and_keeps_its_status(make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID, device_address=ADDRESS, device_name="old", status="stopped")
    content = file(f"{HEADER},device_name,expires_at", f"{ADDRESS},{ID.lower()},new,2026-03-01T17:00:00Z")
    assert do(content) == Imported(added=0, known=1, left_out=[])
    known = Connection.objects.get()
    assert (known.device_name, known.expires_at) == ("new", datetime(2026, 3, 1, 17, tzinfo=UTC))
    assert (known.status, known.connection_id, known.service_name) == ("stopped", ID, "ssh")


def test_an_import_renews_since_when_an_imported_connection_is_known(make_connection: MakeConnection) -> None:
    before = timezone.now()
    make_connection(connection_id=ID, device_address=ADDRESS, known_at=datetime(2026, 1, 1, tzinfo=UTC))
    do(file(HEADER, GOOD))
    assert Connection.objects.get().known_at >= before


def test_an_import_does_not_overrule_what_remoteit_said(make_connection: MakeConnection) -> None:
    listed_at = datetime(2026, 1, 1, tzinfo=UTC)
    make_connection(
        connection_id=ID,
        device_address=ADDRESS,
        device_name="listed",
        opened_by="",
        known_by="listed",
        known_at=listed_at,
    )
    do(file(f"{HEADER},device_name,opened_by", f"{GOOD},other,vendor@example.net"))
    known = Connection.objects.get()
    assert (known.device_name, known.opened_by) == ("listed", "vendor@example.net")
    assert (known.known_by, known.known_at) == ("listed", listed_at)


def test_the_same_file_twice_adds_nothing_more() -> None:
    do(many(3))
    assert do(many(3)) == Imported(added=0, known=3, left_out=[])


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_at_once_add_it_once(account: Account) -> None:
    results: list[Imported] = []

    def import_it() -> None:
        try:
            results.append(do(many(50)))
        finally:
            database.close()

    threads = [threading.Thread(target=import_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((result.added, result.known) for result in results) == [(0, 50), (50, 0)]
    assert Connection.objects.count() == 50


# -- what is said about a bad file


def test_it_names_the_line_that_is_not_utf8() -> None:
    content = file(HEADER, GOOD) + f"{ADDRESS},Kühlhaus".encode("latin-1")
    assert refused(content) == ["line 3: This is not UTF-8. Save the file as UTF-8 and try again."]


def test_a_broken_letter_right_after_a_line_end_belongs_to_the_new_line() -> None:
    assert refused(b"\xef\xbb\xbf" + file(HEADER) + b"\xff")[0].startswith("line 2:")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_other_encodings_are_named_from_the_first_line(encoding: str) -> None:
    assert refused(file(HEADER, GOOD).decode().encode(encoding))[0].startswith("line 1: This is not UTF-8")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: The file is empty."),
        (b"\n\n", "line 1: The file is empty."),
        (file(HEADER), "line 1: The file names its columns and no connection."),
        (file("device_address", ADDRESS), "line 1: The column connection_id is missing."),
        (file("device_address|connection_id"), "line 1: “device_address|connection_id” is no column. The first line"),
        (file("address;id"), "line 1: There is no column “address”, but device_address, connection_id,"),
        (file("device_address,,connection_id"), "line 1: Column 2 has no name."),
        (b"PK\x03\x04\x14", "line 1: This is a spreadsheet's own file"),
        (file(HEADER, GOOD).decode().encode("utf-16") + b"x", "line 3: This is not UTF-16. Save the file as UTF-8"),
        (file(GOOD), f"line 1: There is no column “{ADDRESS}”, but device_address, connection_id,"),
        (file(f"{HEADER},port", f"{GOOD},22"), "line 1: There is no column “port”"),
        (file(f"{HEADER},connection_id", f"{GOOD},{ID}"), "line 1: The column connection_id stands there twice."),
        (file(f"{HEADER},Connection_ID", f"{GOOD},{ID}"), "line 1: The column connection_id stands there twice."),
        (file("sep=;"), "line 1: The file is empty."),
        (file("sep=;", "device_address;Port"), "line 2: There is no column “Port”"),
        (file("sep=ab", GOOD), "line 1: “sep=ab” is no column."),
        (file(HEADER, GOOD, f'"{ADDRESS}'), "line 3: From here on this is not CSV: unexpected end of data."),
        (file(HEADER, GOOD, f'"{ADDRESS}"x,{ID}'), "line 3: From here on this is not CSV: "),
        (file(HEADER, f'{ADDRESS},"' + "x" * 150_000), "line 2: From here on this is not CSV: field larger than"),
        (file(HEADER, GOOD, "," * 200_000), "line 3: The line has more than 200000 letters."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(content: bytes, says: str) -> None:
    [sentence] = refused(content)
    assert sentence.startswith(says)


def test_even_skipping_bad_rows_does_not_guess_at_a_broken_file() -> None:
    with pytest.raises(NotImported):
        do(file(HEADER, GOOD, f'"{ADDRESS}'), skip_bad=True)
    assert not Connection.objects.exists()


# -- what is said about a bad row


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (ADDRESS, "line 2: The row has 1 cells, and the first line names 2."),
        (f"{GOOD},more", "line 2: The row has 3 cells, and the first line names 2."),
        (f"{ADDRESS},", "line 2: connection_id: This field cannot be blank."),
        (f",{ID}", "line 2: device_address: This field cannot be blank."),
        (f"{ADDRESS},A481EBED-C678", "line 2: connection_id: A connection id is 8-4-4-4-12 hex digits"),
        (f"80:00,{ID}", "line 2: device_address: A service address is eight pairs"),
        (f"{ADDRESS},{ID}\0", "line 2: connection_id: There is a control character in it"),
    ],
)
def test_a_bad_row_is_told_by_line(row: str, says: str) -> None:
    [sentence] = refused(file(HEADER, row))
    assert sentence.startswith(says)


@pytest.mark.parametrize(
    ("columns", "cells", "says"),
    [
        ("device_name", "a\0b", "device_name: There is a control character in it"),
        ("device_name", '"a\nb"', "device_name: There is a control character in it"),
        ("device_name", "x" * 201, "device_name: Ensure this value has at most 200 characters (it has 201)."),
        ("opened_at", "2026-03-01T14:30:00", "opened_at: A time is ISO 8601 with its offset"),
        ("expires_at", "soon", "expires_at: A time is ISO 8601 with its offset"),
        ("opened_at,expires_at", "2026-03-01T15:00:00Z,2026-03-01T15:30:00+01:00", "expires_at is before opened_at."),
        ("account", "field-opps", "account: “field-opps” is not known; there are: default."),
    ],
)
def test_a_bad_cell_is_told_by_line_and_column(account: Account, columns: str, cells: str, says: str) -> None:
    assert says in refused_row(columns, cells)


def test_a_bad_row_is_shown_with_the_separator_of_its_file() -> None:
    [bad_row] = check(file("device_address;connection_id", "80:00;A481")).bad_rows
    assert bad_row.text == "80:00;A481"


def test_of_very_many_accounts_the_first_are_named() -> None:
    Account.objects.bulk_create(Account(name=f"site {number:03}") for number in range(300))
    assert len(refused_row("account", "field-ops")) < 300


def test_a_row_with_two_faults_tells_both() -> None:
    [sentence] = refused(file(HEADER, "80:00,A481"))
    assert "device_address:" in sentence
    assert "connection_id:" in sentence


def test_the_second_of_two_rows_with_one_id_is_bad_in_any_case() -> None:
    assert refused(file(HEADER, GOOD, f"{ADDRESS},{ID.lower()}")) == ["line 3: The same connection as on line 2."]


def test_a_line_is_counted_as_an_editor_counts_it() -> None:
    content = file(f"{HEADER},device_name", f'{GOOD},"two\nlines"', "", "80:00,A481,")
    assert [sentence.split(":")[0] for sentence in refused(content)] == ["line 2", "line 5"]


def test_a_line_is_counted_from_excels_own_on() -> None:
    content = file("sep=;", "device_address;connection_id", f"{ADDRESS};{ID}", "", "80:00;A481")
    assert [sentence.split(":")[0] for sentence in refused(content)] == ["line 5"]


def test_a_known_id_with_another_address_is_bad(make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID, device_address="80:00:00:00:01:00:40:C6")
    [bad_row] = check(file(HEADER, GOOD)).bad_rows
    assert str(bad_row) == "line 2: This connection id is known with the service address 80:00:00:00:01:00:40:C6."


def test_a_row_that_contradicts_is_left_out_and_the_rest_comes_in(make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID, device_address="80:00:00:00:01:00:40:C6", device_name="gate")
    done = do(file(f"{HEADER},device_name", f"{GOOD},other", f"{ADDRESS},{OTHER_ID},new"), skip_bad=True)
    assert (done.added, done.known, [row.line for row in done.left_out]) == (1, 0, [2])
    assert Connection.objects.get(connection_id=ID).device_name == "gate"


def test_a_known_address_may_be_written_in_another_case(make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID, device_address=ADDRESS)
    assert do(file(HEADER, f"{ADDRESS.lower()},{ID}")).known == 1


def test_checking_a_file_changes_nothing() -> None:
    checked = check(file(HEADER, GOOD, "80:00,A481"))
    assert (checked.good, [row.line for row in checked.bad_rows]) == (1, [3])
    assert checked.bad_rows[0].text == "80:00,A481"
    assert not Connection.objects.exists()


# -- leaving bad rows out


def test_nothing_is_imported_beside_a_bad_row() -> None:
    refused(file(HEADER, GOOD, "80:00,A481"))


def test_bad_rows_are_left_out_when_that_is_asked_for() -> None:
    done = do(file(HEADER, "80:00,A481", GOOD), skip_bad=True)
    assert (done.added, [row.line for row in done.left_out]) == (1, [2])
    assert Connection.objects.get().connection_id == ID


def test_a_file_of_bad_rows_alone_is_not_imported() -> None:
    with pytest.raises(NotImported):
        do(file(HEADER, "80:00,A481"), skip_bad=True)
    assert not AuditEvent.objects.exists()


def test_after_a_thousand_bad_rows_the_rest_is_not_read() -> None:
    content = file(HEADER, *["a,b"] * MOST_BAD)
    assert (len(check(content).bad_rows), check(content).stopped_at) == (MOST_BAD, 0)
    checked = check(content + file(GOOD, "a,b", GOOD))
    assert (len(checked.bad_rows), checked.good, checked.stopped_at) == (MOST_BAD, 1, MOST_BAD + 3)


def test_known_ones_with_another_address_count_among_the_thousand(make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID, device_address="80:00:00:00:01:00:40:C6")
    checked = check(file(HEADER, GOOD, *["a,b"] * MOST_BAD, *[f"{ADDRESS},{uuid.uuid4()}" for _ in range(CHUNK)]))
    assert (len(checked.bad_rows), checked.bad_rows[0].line) == (MOST_BAD, 2)
    assert checked.stopped_at


def test_such_a_file_is_not_imported_and_says_why() -> None:
    content = file(HEADER, GOOD, *["a,b"] * (MOST_BAD + 1))
    for skip_bad in (False, True):
        with pytest.raises(NotImported) as error:
            do(content, skip_bad=skip_bad)
        assert len(error.value.bad_rows) == MOST_BAD + 1
        assert str(error.value.bad_rows[-1]).startswith("line 1003: More than 1000 rows can't be taken.")
    assert not Connection.objects.exists()


def test_a_limit_of_rows_is_told_with_the_line_that_passes_it() -> None:
    with pytest.raises(NotImported) as error:
        check(many(4), most_rows=3)
    assert str(error.value.bad_rows[0]) == "line 5: The file has more than 3 rows."
    assert check(many(3), most_rows=3).good == 3


def test_how_far_it_has_come_is_told() -> None:
    told: list[int] = []
    check(many(2 * CHUNK + 1), tell=told.append)
    assert told == [CHUNK + 1, 2 * CHUNK + 1]


# -- what the history tells


def test_the_history_tells_what_was_imported_from_what_by_whom(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID, device_address=ADDRESS)
    content = file(HEADER, GOOD, f"{ADDRESS},{OTHER_ID}", "80:00,A481")
    origin = Origin("web", client_ip="198.51.100.7")
    import_connections(content, "/home/ops/list.csv", actor=alice, origin=origin, skip_bad=True)
    [body] = bodies()
    assert {name: body[name] for name in ("action", "actor", "client_ip", "file", "file_sha256")} == {
        "action": "connections.imported",
        "actor": "alice",
        "client_ip": "198.51.100.7",
        "file": "list.csv",
        "file_sha256": hashlib.sha256(content).hexdigest(),
    }
    assert (body["count"], body["known"], body["left_out"]) == (1, 1, 1)


def test_every_part_of_a_long_file_has_its_line_and_they_add_up() -> None:
    do(many(2 * CHUNK + 1) + b"80:00,A481\n", skip_bad=True)
    lines = bodies()
    assert [(line["part"], line["parts"], line["count"]) for line in lines] == [(1, 3, CHUNK), (2, 3, CHUNK), (3, 3, 1)]
    assert sum(line["left_out"] for line in lines) == 1


def test_an_import_that_broke_off_is_finished_by_the_same_file() -> None:
    do(many(CHUNK))
    assert do(many(CHUNK + 5)) == Imported(added=5, known=CHUNK, left_out=[])


@pytest.mark.skipif("database.vendor != 'postgresql'", reason="SQLite has one lock for all")
@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_ids_in_other_orders_wait_for_each_other(account: Account) -> None:
    rows = [f"{ADDRESS},{uuid.uuid4()}" for _ in range(CHUNK)]
    together, errors = threading.Barrier(2), []

    def load(lines: list[str]) -> None:
        together.wait()
        try:
            do(file(HEADER, *lines))
        except Exception as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=load, args=[lines]) for lines in (rows, rows[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Connection.objects.count() == CHUNK
