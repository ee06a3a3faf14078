"""The list by device, person, account or service; and what all its rows have in common, said once."""

from __future__ import annotations

import pytest

from connections.models import Account, StopRun

LIST = "/admin/connections/connection/"


@pytest.fixture
def operator(client, alice):
    client.force_login(alice)
    return client


def heads(response):
    return [head["name"] for head in response.context["headers"]]


def test_groups_are_counted_the_largest_first(operator, make_connection):
    for opener in ("eve@example.com", "dana@example.com", "dana@example.com"):
        make_connection(opened_by=opener)
    make_connection(opened_by="eve@example.com", status="ended")
    groups = operator.get(f"{LIST}?group=opener").context["groups"]
    assert [(group.name, group.count) for group in groups] == [("dana@example.com", 2), ("eve@example.com", 1)]


@pytest.mark.parametrize("field", ["device", "opener", "account", "service"])
def test_a_group_leads_to_exactly_its_connections(operator, make_connection, field):
    other = Account.objects.create(name="eu")
    wanted = make_connection(device_name='Plant "7" or *', service_name="vnc -x", opened_by="a@b.org", account=other)
    make_connection(device_name="Plant 70", service_name="vnc")
    make_connection(device_name="Plant 71", service_name="vnc")
    groups = operator.get(f"{LIST}?group={field}").context["groups"]
    address = next(group.url for group in groups if group.count == 1 and group.name in str(vars(wanted)) + "eu")
    assert wanted in operator.get(f"{LIST}{address}").context["cl"].result_list


def test_a_group_is_selected_as_a_whole(operator, make_connection):
    ours = {make_connection(device_name="Plant 7").pk for _number in range(2)}
    make_connection(device_name="Plant 70")
    (first, _second) = operator.get(f"{LIST}?group=device").context["groups"]
    operator.post(f"{LIST}{first.url}", {"action": "stop_selected", "select_across": "1", "shown": "2"})
    assert set(StopRun.objects.get().items.values_list("connection", flat=True)) == ours


def test_what_is_grouped_by_something_else_is_the_list(operator, make_connection):
    make_connection()
    assert "groups" not in operator.get(f"{LIST}?group=password").context


def test_columns_that_say_the_same_in_all_rows_are_said_once(operator, make_connection):
    make_connection(opened_by="dana@example.com")
    make_connection(opened_by="dana@example.com")
    page = operator.get(LIST)
    assert [str(value) for _title, value in page.context["same"]] == ["default", "dana@example.com"]
    assert not {"account", "opened_by"} & set(heads(page))
    assert {"account", "opened_by"} <= set(heads(operator.get(f"{LIST}?fold=off")))


def test_a_column_that_differs_stays_one(operator, make_connection):
    make_connection(opened_by="dana@example.com")
    make_connection(opened_by="eve@example.com")
    assert "opened_by" in heads(operator.get(LIST))


def test_one_row_has_nothing_in_common_with_others(operator, make_connection):
    make_connection()
    assert operator.get(LIST).context["same"] == []
