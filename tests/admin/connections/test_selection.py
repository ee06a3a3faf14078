"""What is ticked on several pages is one selection: it can be stopped, and looked at by itself."""

from __future__ import annotations

import pytest

from connections.models import Account, StopRun

LIST = "/admin/connections/connection/"


@pytest.fixture
def operator(client, alice):
    client.force_login(alice)
    return client


def test_what_is_ticked_elsewhere_is_stopped_with_what_is_ticked_here(operator, make_connection):
    here, there, _other = make_connection(), make_connection(), make_connection()
    operator.post(
        LIST, {"action": "stop_selected", "_selected_action": [here.pk], "elsewhere": f"{there.pk},{here.pk}"}
    )
    run = StopRun.objects.get()
    assert set(run.items.values_list("connection", flat=True)) == {here.pk, there.pk}
    assert run.selector["shown"] == 2


@pytest.mark.parametrize("elsewhere", ["1,x", ",", "1 OR 1=1"])
def test_what_is_no_row_selects_nothing(operator, make_connection, elsewhere):
    one = make_connection()
    operator.post(LIST, {"action": "stop_selected", "_selected_action": [one.pk], "elsewhere": elsewhere})
    assert not StopRun.objects.exists()


def test_exactly_what_is_ticked_is_shown_whatever_its_status(operator, make_connection):
    one = make_connection(status="ended")
    twin = make_connection(connection_id=one.connection_id, account=Account.objects.create(name="eu"))
    make_connection()
    answer = operator.post(f"{LIST}selection/", {"_selected_action": [one.pk], "elsewhere": str(twin.pk)}, follow=True)
    assert {row.pk for row in answer.context["cl"].result_list} == {one.pk, twin.pk}


def test_showing_nothing_says_so(operator):
    answer = operator.post(f"{LIST}selection/", {}, follow=True)
    assert "No connection was selected." in answer.content.decode()
