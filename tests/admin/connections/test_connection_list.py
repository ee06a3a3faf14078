"""The list of connections: what it shows, what it is narrowed to, and what an action on it selects."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import Account, StopItem, StopRun
from connections.models.states import ItemState, RunState
from connections.words import counts as counting
from tests.support.pages import text_of

LIST = "/admin/connections/connection/"


@pytest.fixture
def operator(client, alice):
    client.force_login(alice)
    return client


def shown(response):
    return [connection.device_name for connection in response.context["cl"].result_list]


def post(client, query="", **fields):
    return client.post(LIST + query, {"action": "stop_selected", "index": "0", **fields})


def names(run):
    return sorted(run.items.values_list("connection__device_name", flat=True))


def test_it_shows_open_connections_longest_open_first(operator, make_connection):
    now = timezone.now()
    make_connection(device_name="young", opened_at=now - timedelta(minutes=5))
    make_connection(device_name="old", opened_at=now - timedelta(hours=5))
    make_connection(device_name="over", opened_at=now - timedelta(hours=9), status="ended")
    assert shown(operator.get(LIST)) == ["old", "young"]


def test_it_counts_each_status(operator, make_connection):
    for status in ("active", "active", "stopping", "unknown", "stopped", "ended"):
        make_connection(status=status)
    counts = {str(tab.label): tab.count for tab in operator.get(LIST).context["tabs"]}
    assert counts == {
        "Open": "4",
        "Active": "2",
        "Stopping": "1",
        "Unknown": "1",
        "Stopped": "1",
        "Ended": "1",
        "All": "6",
    }


@pytest.mark.parametrize("status", ["active", "stopping", "unknown", "stopped", "ended"])
def test_a_tab_shows_its_status_alone(operator, make_connection, status):
    for each in ("active", "stopping", "unknown", "stopped", "ended"):
        make_connection(device_name=each, status=each)
    assert shown(operator.get(LIST, {"status": status})) == [status]


def test_it_filters_by_account(operator, make_connection):
    make_connection(device_name="here")
    make_connection(device_name="there", account=Account.objects.create(name="eu-retail"))
    assert shown(operator.get(LIST, {"account": "eu-retail"})) == ["there"]


def test_it_filters_by_service_and_opener_together(operator, make_connection):
    make_connection(device_name="both", service_name="rdp", opened_by="dana@example.com")
    make_connection(device_name="service", service_name="rdp")
    make_connection(device_name="opener", opened_by="dana@example.com")
    assert shown(operator.get(LIST, {"service": "rdp", "opened_by": "dana@example.com"})) == ["both"]


@pytest.mark.parametrize(("span", "minutes"), [("under-15m", 3), ("15m-1h", 30), ("1h-4h", 90), ("over-4h", 300)])
def test_it_filters_by_time_open(operator, make_connection, span, minutes):
    now = timezone.now()
    for each in (3, 30, 90, 300):
        make_connection(device_name=str(each), opened_at=now - timedelta(minutes=each))
    assert shown(operator.get(LIST, {"open_for": span})) == [str(minutes)]


def test_what_is_not_open_any_more_is_not_open_for_any_time(operator, make_connection):
    make_connection(opened_at=timezone.now() - timedelta(hours=5), status="ended")
    assert shown(operator.get(LIST, {"open_for": "over-4h", "status": "all"})) == []


def test_a_stopped_one_was_open_until_it_was_stopped(operator, make_connection):
    now = timezone.now()
    make_connection(opened_at=now - timedelta(hours=9), status="stopped", status_at=now - timedelta(hours=2))
    assert "7 h 00 min" in text_of(operator.get(LIST, {"status": "stopped"}))


def test_it_finds_those_past_their_end(operator, make_connection):
    make_connection(device_name="over", expires_at=timezone.now() - timedelta(minutes=1))
    make_connection(device_name="running", expires_at=timezone.now() + timedelta(minutes=1))
    assert shown(operator.get(LIST, {"open_for": "past-end"})) == ["over"]


def test_a_menu_counts_what_each_choice_would_show(operator, make_connection):
    make_connection(service_name="ssh", opened_by="dana@example.com")
    make_connection(service_name="ssh")
    make_connection(service_name="rdp")
    services = operator.get(LIST, {"opened_by": "vendor@example.net"}).context["menus"][1]
    assert [(str(choice.label), choice.count) for choice in services.choices] == [
        ("Any", "2"),
        ("rdp", "1"),
        ("ssh", "1"),
    ]


@pytest.mark.parametrize("word", ["kiosk", "KIOSK 7", "vendor@", "telnet", "80:00:00:00:01:77", "aaaaaaaa-0000"])
def test_search_finds_by_name_service_opener_address_and_id(operator, make_connection, word):
    make_connection(device_name="other", opened_by="dana@example.com")
    make_connection(
        device_name="West kiosk 7",
        service_name="telnet",
        device_address="80:00:00:00:01:77:00:01",
        connection_id="AAAAAAAA-0000-4000-8000-000000000001",
    )
    assert shown(operator.get(LIST, {"q": word})) == ["West kiosk 7"]


def test_search_by_a_whole_id_is_exact_in_any_case(operator, make_connection):
    make_connection(device_name="it", connection_id="ABCDEF00-1111-4222-8333-444444444444")
    make_connection(device_name="ABCDEF00-1111-4222-8333-444444444444")
    assert shown(operator.get(LIST, {"q": "abcdef00-1111-4222-8333-444444444444"})) == ["it"]


def test_a_record_past_its_end_is_not_called_active(operator, make_connection):
    make_connection(expires_at=timezone.now() - timedelta(minutes=1))
    page = operator.get(LIST).content.decode()
    assert "should have ended" in page
    assert "status-active" not in page


def test_a_stopping_row_names_its_run_and_when_it_was_sent(operator, alice, make_connection):
    connection = make_connection(status="stopping")
    run = StopRun.objects.create(user=alice, user_name="alice", state=RunState.STARTED)
    sent = timezone.now()
    StopItem.objects.create(
        run=run, connection=connection, account=connection.account, state=ItemState.SENDING, sent_at=sent, attempts=1
    )
    assert f"run {run.pk}, sent {sent:%H:%M:%S}" in text_of(operator.get(LIST))


def test_a_row_says_how_and_from_when_it_is_known(operator, make_connection):
    make_connection(known_at=timezone.now() - timedelta(minutes=6))
    words = text_of(operator.get(LIST))
    assert "6 min ago" in words
    assert "imported from a file" in words


def test_it_shows_fifty_a_page(operator, make_connection):
    for _ in range(51):
        make_connection()
    assert len(shown(operator.get(LIST))) == 50
    assert len(shown(operator.get(LIST, {"p": "2"}))) == 1


def test_a_count_beyond_the_cap_says_that_it_is_not_exact():
    assert counting.in_words(counting.CAP + 1) == "more than 100,000"
    assert counting.in_words(counting.CAP) == "100,000"


def queries_of(client, path):
    with CaptureQueriesContext(database) as captured:
        client.get(path)
    return len(captured)


def test_more_rows_take_no_more_queries(operator, alice, make_connection):
    make_connection()
    few = queries_of(operator, LIST)
    for number in range(30):
        make_connection(account=Account.objects.create(name=f"account {number}"))
    assert queries_of(operator, LIST) == few


@pytest.mark.parametrize(
    "query",
    [
        "?acount=default",
        "?account=nobody",
        "?status=opne",
        "?status=",
        "?open_for=ages",
        "?status=open&status=ended",
        "?status__exact=open",
        "?all=",
    ],
)
def test_a_filter_that_is_not_understood_lists_nothing_and_says_so(operator, make_connection, query):
    make_connection()
    response = operator.get(LIST + query)
    assert response.status_code == 400
    assert shown(response) == []
    assert "Nothing is listed" in text_of(response)


def test_a_filter_that_no_text_holds_lists_nothing_and_says_so(operator, make_connection):
    name = make_connection().device_name
    response = operator.get(f"{LIST}?service=a%00b")
    assert response.status_code == 400
    assert name not in response.content.decode()
    assert "The request holds a character that no text has" in text_of(response)


def test_a_search_that_is_not_understood_marks_its_word_and_offers_what_may_be_meant(operator, make_connection):
    make_connection()
    response = operator.get(LIST, {"q": "servce:ssh plant"})
    page = response.content.decode()
    assert response.status_code == 400
    assert 'value="servce:ssh plant"' in page
    assert '<mark><a href="#fault-1">servce</a></mark>' in page
    assert 'href="?q=service%3Assh+plant"' in page


def test_a_filter_is_the_same_typed_and_chosen(operator, make_connection):
    make_connection(service_name="ssh", opened_by="dana@example.com")
    typed = operator.get(LIST, {"q": "opener:dana@example.com service:ssh"})
    chosen = operator.get(LIST, {"service": "ssh", "opened_by": "dana@example.com"})
    for response in (typed, chosen):
        assert response.context["cl"].query == "opener:dana@example.com service:ssh"
        services = response.context["menus"][1]
        assert [choice.url for choice in services.choices if choice.selected] == [
            "?q=opener%3Adana%40example.com+service%3Assh"
        ]


def test_each_part_of_the_filter_is_taken_off_by_itself(operator, make_connection):
    make_connection(device_name="plant 7")
    chips = operator.get(LIST, {"q": "plant 7 -pump service:ssh,rdp", "o": "1"}).context["chips"]
    assert [chip.url for chip in chips] == [
        "?q=-pump+service%3Assh%2Crdp&o=1",
        "?q=plant+7+service%3Assh%2Crdp&o=1",
        "?q=plant+7+-pump&o=1",
    ]


def test_it_says_in_words_what_the_filter_means(operator, make_connection):
    make_connection(device_name="plant 7")
    page = text_of(operator.get(LIST, {"q": "plant 7 -pump"}))
    assert "1 open connections, with “plant 7” in a name, without “pump” in a name" in page


def test_a_filter_that_is_not_understood_selects_nothing(operator, make_connection):
    ticked = make_connection()
    for fields in ({"select_across": "1"}, {"_selected_action": str(ticked.pk)}):
        post(operator, "?acount=default", **fields)
    assert not StopRun.objects.exists()


def test_where_nothing_open_matches_it_offers_what_is_not_open(operator, make_connection):
    make_connection(device_name="kiosk", status="ended")
    page = operator.get(LIST, {"q": "kiosk"})
    assert "No open connection matches" in text_of(page)
    assert "Show the 1 of any status" in text_of(page)


def test_the_action_freezes_what_was_ticked_and_asks(operator, make_connection):
    ticked = make_connection(device_name="ticked")
    make_connection(device_name="other")
    response = post(operator, _selected_action=[ticked.pk])
    run = StopRun.objects.get()
    assert names(run) == ["ticked"]
    assert response.url == f"/admin/connections/stoprun/{run.key}/confirm/"
    assert run.state == RunState.DRAFT


def test_a_ticked_row_that_left_the_filter_is_kept_and_skipped(operator, make_connection):
    ended = make_connection(status="ended")
    post(operator, "?status=active", _selected_action=[ended.pk, make_connection().pk])
    assert sorted(StopRun.objects.get().items.values_list("state", flat=True)) == ["queued", "skipped"]


def test_all_that_match_are_taken_without_a_ticked_row(operator, make_connection):
    for number in range(60):
        make_connection(device_name=f"ssh {number:02}")
    make_connection(device_name="rdp", service_name="rdp")
    post(operator, "?service=ssh", select_across="1")
    assert len(names(StopRun.objects.get())) == 60


def test_all_that_match_obey_the_search(operator, make_connection):
    make_connection(device_name="kiosk")
    make_connection(device_name="lift")
    post(operator, "?q=kiosk", select_across="1")
    assert names(StopRun.objects.get()) == ["kiosk"]


@pytest.mark.parametrize("ticked", [[], ["abc"], ["-1"], ["9" * 30]])
def test_an_action_on_nothing_stops_nothing(operator, make_connection, ticked):
    make_connection()
    response = operator.post(LIST, {"action": "stop_selected", "_selected_action": ticked}, follow=True)
    assert not StopRun.objects.exists()
    assert "Nothing was sent" in text_of(response)


def test_an_unknown_action_stops_nothing(operator, make_connection):
    response = operator.post(LIST, {"action": "delete_selected", "select_across": "1"}, follow=True)
    assert not StopRun.objects.exists()
    assert "not known" in text_of(response)


def test_a_page_beyond_the_last_shows_the_last(operator, make_connection):
    make_connection(device_name="only")
    assert shown(operator.get(LIST, {"p": "99"})) == ["only"]
