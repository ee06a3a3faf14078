"""Pasting a list: the lines go in, each gets its answer, and exactly what was found is one address away."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connections.models import Account, PastedList, StopRun
from tests.support.pages import text_of

LIST = "/admin/connections/connection/"
PASTE = f"{LIST}paste/"


@pytest.fixture
def operator(client, alice):
    client.force_login(alice)
    return client


def paste(client, text, **more):
    return client.post(PASTE, {"lines": text, **more}, follow=True)


def section(response, answer):
    return next((rows for one, _count, rows in response.context["answers"] if one == answer), [])


def test_each_line_is_answered_and_trouble_stands_first(operator, make_connection):
    make_connection(device_name="Plant 7 PLC gateway 02")
    make_connection(device_name="Plant 7 weighbridge", status="ended")
    page = paste(operator, "Plant 7 PLC gateway 02\r\nPlant 7 weighbridge\r\nPlant 7 PLC gatway 13")
    assert page.context["title"] == "1 of 3 lines matched: 1 open"
    assert [answer for answer, _count, _rows in page.context["answers"]] == ["not_known", "cant_say", "found"]
    assert "line 3 Plant 7 PLC gatway 13 No device, service address" in text_of(page)
    assert "2 lines have nothing open among them: 2, 3" in text_of(page)


def test_what_two_lines_name_is_counted_once(operator, make_connection):
    make_connection(device_name="Plant 7", opened_by="dana@example.com")
    assert paste(operator, "Plant 7\ndana@example.com").context["title"] == "2 of 2 lines matched: 1 open"


def test_nothing_found_is_never_an_all_clear(operator, make_connection):
    make_connection()
    page = paste(operator, "gatway")
    assert page.context["title"] == "0 of 1 line matched: 0 open"
    assert "Show these" not in text_of(page)


def test_it_leads_to_the_list_of_exactly_those(operator, make_connection):
    wanted = [make_connection(device_name="Plant 7"), make_connection(device_name="Plant 12")]
    make_connection(device_name="Plant 70")
    key = paste(operator, "plant 07\nPlant 12\nPlant 13").context["pasted"].key
    listed = operator.get(f"{LIST}?list={key}").context["cl"]
    assert list(listed.result_list) == wanted
    operator.post(f"{LIST}?list={key}", {"action": "stop_selected", "select_across": "1", "shown": "2"})
    assert StopRun.objects.get().items.count() == 2


def test_a_list_that_is_not_there_lists_nothing(operator, make_connection):
    make_connection()
    answer = operator.get(f"{LIST}?list=0123456789abcdef")
    assert answer.status_code == 400
    assert "The filter “Pasted list” knows no" in text_of(answer)


def test_the_same_lines_lead_to_the_same_address(operator, make_connection):
    make_connection(device_name="Plant 7")
    assert paste(operator, "Plant 7").context["pasted"] == paste(operator, "Plant 7").context["pasted"]


def test_one_of_several_is_chosen_on_the_page(operator, make_connection):
    make_connection(device_name="Plant 7")
    other = make_connection(device_name="Plant 7", account=Account.objects.create(name="eu-south"))
    page = paste(operator, "Plant 8\nPlant 7")
    (line,) = section(page, "ambiguous")
    assert [text for text, _words in line.choices] == [
        "Plant 7\taccount:default",
        "Plant 7\taccount:eu-south",
        "Plant 7\taccount:*",
    ]
    page = operator.post(f"{PASTE}{page.context['pasted'].key}/change/", {"line": "2", "text": line.choices[1][0]})
    listed = operator.get(f"{LIST}?list={page.url.split('/')[-2]}").context["cl"]
    assert list(listed.result_list) == [other]


def test_a_line_is_left_out_and_the_others_keep_their_numbers(operator, make_connection):
    make_connection(device_name="Plant 7")
    key = paste(operator, "Plnt 8\nPlant 7").context["pasted"].key
    page = operator.post(f"{PASTE}{key}/change/", {"line": "1"}, follow=True)
    assert page.context["title"] == "1 of 1 line matched: 1 open"
    assert section(page, "found")[0].number == 2


def test_a_file_is_looked_up_like_lines(operator, make_connection):
    make_connection(device_name="Estación 7")
    page = paste(operator, "", file=SimpleUploadedFile("list.csv", "estacion 07\tline 3\n".encode("utf-16")))
    assert page.context["title"] == "1 of 1 line matched: 1 open"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (" \n", "There is no line in it."),
        ("x\n" * 10_001, "10001 lines: at most 10000"),
        ("x" * 2**20 + "y", "more than 1 MB"),
    ],
    ids=["nothing", "many lines", "a megabyte"],
)
def test_what_cannot_be_looked_up_is_said_beside_the_field_and_nothing_typed_is_lost(operator, text, says):
    page = paste(operator, text)
    assert (page.status_code, PastedList.objects.count()) == (400, 0)
    assert says in page.context["form"].errors["lines"][0]
    assert page.context["form"]["lines"].value() == text


def test_a_file_that_is_no_text_is_refused_beside_its_field(operator):
    page = paste(operator, "", file=SimpleUploadedFile("list.xlsx", b"PK\x03\x04\0"))
    assert "no text" in page.context["form"].errors["file"][0]


def test_a_colleague_sees_the_list_by_its_address(operator, client, bob, make_connection):
    make_connection(device_name="Plant 7")
    key = paste(operator, "Plant 7\nPlnt 8").context["pasted"].key
    client.force_login(bob)
    page = client.get(f"{PASTE}{key}/")
    assert page.context["title"] == "1 of 2 lines matched: 1 open"
    assert "Leave it out" not in text_of(page)


def test_who_may_see_none_of_it_finds_no_such_list(operator, client, bob, make_connection):
    key = paste(operator, "Plnt 8").context["pasted"].key
    client.force_login(bob)
    assert client.get(f"{PASTE}{key}/").status_code == 404


def test_who_may_not_see_connections_may_paste_nothing(client, make_connection, django_user_model):
    client.force_login(django_user_model.objects.create_user("dave", is_staff=True))
    assert client.get(PASTE).status_code == 403
    assert client.post(PASTE, {"lines": "Plant 7"}).status_code == 403


def test_forty_lines_take_no_more_queries_than_one(operator, make_connection, django_assert_num_queries):
    names = [make_connection().device_name for _number in range(40)]
    one, forty = (paste(operator, text).context["pasted"].key for text in (names[0], "\n".join(names)))
    with CaptureQueriesContext(connection) as asked:
        operator.get(f"{PASTE}{one}/")
    with django_assert_num_queries(len(asked)):
        operator.get(f"{PASTE}{forty}/")
