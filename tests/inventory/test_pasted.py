"""A pasted list: what is read as a line, and what each line means."""

from __future__ import annotations

import pytest

from connections.inventory.lookup import Answer, at_stake, look_up
from connections.inventory.near import near_names
from connections.inventory.pasted import Kind, NotALine, read_lines, read_text
from connections.models import Account, Connection

pytestmark = pytest.mark.django_db


def looked_up(text, unread=()):
    return look_up(read_lines(text), Connection.objects.all(), unread)


def answers(text, unread=()):
    return [reply.answer for reply in looked_up(text, unread)]


def names_at_stake(text):
    return sorted(one.device_name for one in at_stake(looked_up(text), Connection.objects.all()))


@pytest.mark.parametrize(
    ("line", "reading"),
    [
        ("  Plant 7   PLC\r", "Plant 7 PLC"),
        ("Plant 7 PLC\tline 3\tinstalled 2024", "Plant 7 PLC"),
        ("> Plant 7 PLC", "Plant 7 PLC"),
        (">> - Plant 7 PLC", "Plant 7 PLC"),
        ("12. Plant 7 PLC", "Plant 7 PLC"),
        ("• “Plant 7 PLC”", "Plant 7 PLC"),
        ('"Plant 7 PLC",', "Plant 7 PLC"),
        ("Dana K <dana.k@example.com>;", "dana.k@example.com"),
        ("12 Monkeys", "12 Monkeys"),
    ],
)
def test_what_a_mail_or_a_spreadsheet_puts_around_a_name_is_not_looked_up(line, reading):
    assert read_lines(line)[0].name == reading


def test_lines_keep_the_numbers_that_they_were_typed_with():
    assert [line.number for line in read_lines("a\n\n  \nb")] == [1, 4]


def test_more_lines_than_are_looked_up_at_once_are_refused_with_their_number():
    with pytest.raises(NotALine, match="10001 lines: at most 10000"):
        read_lines("x\n" * 10_001)


def test_a_file_that_is_no_text_is_refused():
    with pytest.raises(NotALine, match="no text"):
        read_text(b"PK\x03\x04\0\0")


def test_a_file_as_a_spreadsheet_writes_unicode_is_read():
    assert read_text("Estación 7".encode("utf-16")) == "Estación 7"


def test_names_compare_whatever_their_case_accents_and_leading_zeros(make_connection):
    make_connection(device_name="ESTACIÓN 07")
    make_connection(device_name="Estación 70")
    assert names_at_stake("estacion  7") == ["ESTACIÓN 07"]


def test_a_misspelt_name_is_told_what_is_near_and_never_another_number(make_connection):
    for name in ("Plant 7 PLC gateway 13", "Plant 7 PLC gateway 18", "Plant 12 PLC gateway 13"):
        make_connection(device_name=name)
    (line,) = read_lines("Plant 7 PLC gatway 13")
    assert near_names([line], Connection.objects.all()) == {1: ["Plant 7 PLC gateway 13"]}


def test_each_line_gets_its_answer(make_connection):
    make_connection(device_name="Plant 7 PLC gateway 02")
    make_connection(device_name="Plant 7 PLC gateway 02")
    make_connection(device_name="Plant 7 weighbridge", status="ended")
    replies = looked_up("Plant 7 PLC gateway 02\nPlant 7 weighbridge\nPlant 7 PLC gatway 02")
    assert [(reply.answer, reply.open) for reply in replies] == [
        (Answer.FOUND, 2),
        (Answer.NOT_OPEN, 0),
        (Answer.NOT_KNOWN, 0),
    ]


def test_what_is_open_is_found_by_id_address_and_person(make_connection):
    one = make_connection(opened_by="Dana.K@example.com")
    lines = f"{one.connection_id.lower()}\n{one.device_address.lower()}\ndana.k@EXAMPLE.com"
    found = [(reply.answer, reply.targets[0].kind) for reply in looked_up(lines)]
    assert found == [(Answer.FOUND, Kind.ID), (Answer.FOUND, Kind.ADDRESS), (Answer.FOUND, Kind.PERSON)]


def test_a_name_is_a_whole_name(make_connection):
    make_connection(device_name="Plant 7 PLC gateway 1")
    make_connection(device_name="Plant 7 PLC")
    assert names_at_stake("plant 07 plc") == ["Plant 7 PLC"]


def test_what_is_spelled_as_typed_goes_before_what_compares_as_equal(make_connection):
    make_connection(device_name="Plant 7")
    make_connection(device_name="PLANT 07")
    assert names_at_stake("Plant 7") == ["Plant 7"]
    assert names_at_stake("PLANT 07\nPlant 7") == ["PLANT 07", "Plant 7"]
    assert answers("plant 7") == [Answer.AMBIGUOUS]


def test_a_device_of_two_accounts_is_more_than_one_until_an_account_is_named(make_connection):
    other = Account.objects.create(name="eu-south")
    make_connection(device_name="Plant 7")
    make_connection(device_name="Plant 7", account=other)
    assert answers("Plant 7") == [Answer.AMBIGUOUS]
    assert [one.account for one in at_stake(looked_up("Plant 7\taccount:eu-south"), Connection.objects.all())] == [
        other
    ]
    assert names_at_stake("Plant 7\taccount:*") == ["Plant 7", "Plant 7"]


def test_nothing_open_is_not_said_where_the_account_is_not_read(make_connection, account):
    make_connection(device_name="Plant 7", status="ended")
    assert answers("Plant 7", unread={account.pk}) == [Answer.CANT_SAY]


def test_a_line_that_names_the_same_again_counts_once(make_connection):
    make_connection(device_name="Plant 7")
    replies = looked_up("Plant 7\n- plant 07")
    assert [reply.answer for reply in replies] == [Answer.FOUND, Answer.REPEATED]
    assert replies[1].first.number == 1


def test_only_what_is_open_of_a_name_is_at_stake_and_an_id_as_it_is(make_connection):
    make_connection(device_name="Plant 7", status="ended")
    gone = make_connection(device_name="Plant 8", status="stopped")
    make_connection(device_name="Plant 7")
    assert names_at_stake(f"Plant 7\n{gone.connection_id}") == ["Plant 7", "Plant 8"]


def test_what_is_not_known_is_nothing_and_never_everything(make_connection):
    make_connection()
    assert names_at_stake("gatway") == []


def test_forty_lines_take_few_queries(make_connection, django_assert_max_num_queries):
    names = [make_connection().device_name for _number in range(3)]
    with django_assert_max_num_queries(12):
        looked_up("\n".join([*names, "dana@example.com", "80:00:00:00:01:00:40:C5", *map(str, range(36))]))
