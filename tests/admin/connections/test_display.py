"""How the list is shown: columns, order, rows on a page and saved views, each person's own."""

from __future__ import annotations

import pytest

from connections.models import Preferences, SavedView

LIST = "/admin/connections/connection/"


@pytest.fixture
def operator(client, alice):
    client.force_login(alice)
    return client


def heads(response):
    return [head["name"] for head in response.context["headers"]]


def choose(client, query="", **sent):
    return client.post(f"{LIST}display/{query}", {"rows": "50", "density": "", **sent})


def names(response):
    return [connection.device_name for connection in response.context["cl"].result_list]


# -- columns, rows, order


def test_columns_are_chosen_and_ordered_per_person(operator, client, bob, make_connection):
    make_connection()
    choose(operator, column=["device", "ends", "status"])
    assert heads(operator.get(LIST)) == ["device", "ends", "status"]
    client.force_login(bob)
    assert "account" in heads(client.get(LIST))


def test_a_column_is_moved_and_the_device_stays_the_first(operator, make_connection):
    make_connection()
    choose(operator, column=["device", "status", "account"], move="up:account")
    choose(operator, column=["device", "account", "status"], move="up:account")
    assert heads(operator.get(LIST)) == ["device", "account", "status"]


def test_a_column_that_is_not_known_is_passed_over(operator, make_connection):
    make_connection()
    choose(operator, column=["secret", "status"])
    assert heads(operator.get(LIST)) == ["device", "status"]


def test_so_many_rows_stand_on_a_page(operator, make_connection):
    for _number in range(51):
        make_connection()
    assert len(names(operator.get(LIST))) == 50
    choose(operator, rows="100", density="dense")
    assert len(names(operator.get(LIST))) == 51
    choose(operator, rows="100000")
    assert Preferences.objects.get().rows == 50


def test_choosing_leads_back_to_the_list_it_was_chosen_on(operator):
    assert choose(operator, "?opened_by=dana&p=2").url == f"{LIST}?opened_by=dana&p=2"


def test_as_it_was_at_first(operator, make_connection):
    make_connection()
    before = heads(operator.get(LIST))
    choose(operator, column=["device"])
    choose(operator, reset="1")
    assert heads(operator.get(LIST)) == before


def test_one_click_on_a_head_sorts_by_that_alone(operator, make_connection):
    make_connection()
    by_name = {head["name"]: head for head in operator.get(f"{LIST}?o=1").context["headers"]}
    assert (by_name["status"]["url_alone"], by_name["status"]["url_more"]) == ("?o=2", "?o=1.2")
    assert by_name["device"]["url_alone"] == "?o=-1"


# -- saved views


def save(client, query, name, **more):
    return client.post(f"{LIST}views/save/{query}", {"name": name, **more})


def test_a_view_keeps_filter_and_order_under_a_name(operator, make_connection):
    make_connection(device_name="hers", opened_by="dana@example.com")
    make_connection(opened_by="eve@example.com")
    answer = save(operator, "?opened_by=dana@example.com&o=-1&p=3", "Dana")
    page = operator.get(answer.url)
    assert names(page) == ["hers"]
    assert str(page.context["current_view"]) == "Dana"
    assert SavedView.objects.get().query == "opened_by=dana%40example.com&o=-1"


def test_a_view_brings_its_columns(operator, make_connection):
    make_connection()
    choose(operator, column=["device", "ends"])
    answer = save(operator, "", "Ends")
    choose(operator, reset="1")
    assert heads(operator.get(answer.url)) == ["device", "ends"]


def test_a_view_is_private_unless_it_is_shared(operator, client, bob, make_connection):
    make_connection()
    save(operator, "?status=all", "Mine")
    save(operator, "?status=all", "Ours", is_shared="on")
    client.force_login(bob)
    assert [view.name for view, _address in client.get(LIST).context["views"]] == ["Ours"]


def test_the_views_are_listed_with_how_many_they_list_now(operator, make_connection):
    make_connection(opened_by="dana@example.com")
    save(operator, "?opened_by=dana@example.com", "Dana")
    assert [(view.name, count) for view, _address, count in operator.get(f"{LIST}views/").context["rows"]] == [
        ("Dana", "1")
    ]


def test_a_view_that_names_an_account_that_is_gone_lists_nothing(operator, make_connection, account):
    make_connection()
    address = save(operator, f"?account={account.name}", "Gone").url
    SavedView.objects.update(query="account=gone")
    assert operator.get(f"{LIST}views/").context["rows"][0][2] == ""
    assert operator.get(address.replace("account=default", "account=gone")).status_code == 400


def test_a_view_without_a_name_is_not_saved(operator):
    answer = save(operator, "?status=all", "")
    assert (answer.status_code, SavedView.objects.count()) == (400, 0)
    assert "Give it a name." in answer.content.decode()


def test_the_same_name_saves_it_anew(operator):
    save(operator, "?status=all", "Mine")
    save(operator, "?status=ended", "Mine")
    assert SavedView.objects.get().query == "status=ended"


def test_connections_leads_to_the_view_one_begins_with(operator, make_connection):
    make_connection()
    save(operator, "?status=all", "All", is_start="on")
    save(operator, "?status=ended", "Ended", is_start="on")
    sections = operator.get(LIST).context["sections"]
    assert next(one.url for one in sections if one.key == "c").startswith(f"{LIST}?status=ended&view=")


def test_nobody_forgets_the_view_of_another(operator, client, bob):
    save(operator, "?status=all", "Mine", is_shared="on")
    client.force_login(bob)
    assert client.post(f"{LIST}views/{SavedView.objects.get().pk}/delete/").status_code == 404
    assert SavedView.objects.exists()
