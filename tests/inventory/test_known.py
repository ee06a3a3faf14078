"""Every page says of a connection how it is known and as of when; past its own end none is sold as live."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Connection
from connections.stops import plan
from tests.support.pages import text_of
from tests.support.runs import put, start_run


@pytest.fixture
def pages(client, alice, make_connection):
    """The list, the connection's own page and the confirm page of one that should have ended, as text."""
    now = timezone.now()
    connection = make_connection(
        device_name="Kiosk", known_by="added", known_at=now - timedelta(hours=3), expires_at=now - timedelta(hours=1)
    )
    run = plan.draft(alice, Connection.objects.all(), {})
    client.force_login(alice)
    addresses = ("connection/", f"connection/{connection.pk}/change/", f"stoprun/{run.key}/confirm/")
    found = [client.get(f"/admin/connections/{address}").content.decode() for address in addresses]
    return [re.sub(r"<dialog.*", "", page, flags=re.DOTALL) for page in found]


def test_each_page_says_how_it_is_known_and_as_of_when(pages):
    for page in pages:
        assert "added by hand" in page
        assert "3 h ago</time>" in page


def test_each_page_says_that_it_is_past_its_end(pages):
    for page in pages:
        assert "past its end" in page
        assert "status-active" not in page


def test_the_overview_counts_those_that_are_past_their_end(client, alice, make_connection):
    make_connection()
    make_connection(expires_at=timezone.now() - timedelta(seconds=1))
    client.force_login(alice)
    page = text_of(client.get("/admin/"))
    assert "open now 1 " in page
    assert "past their own end 1 " in page


def test_the_navigation_counts_what_is_within_its_end(client, alice, make_connection):
    make_connection()
    make_connection(expires_at=timezone.now() - timedelta(seconds=1))
    client.force_login(alice)
    page = client.get("/admin/connections/stoprun/").content.decode()
    assert re.search(r'class="count"\s+data-part="section-c"\s*>1</span>', page)


def test_the_tab_counts_those_past_their_end_apart(client, alice, make_connection):
    make_connection()
    make_connection(expires_at=timezone.now() - timedelta(seconds=1))
    make_connection(status="unknown", expires_at=timezone.now() - timedelta(seconds=1))
    client.force_login(alice)
    page = text_of(client.get("/admin/connections/connection/"))
    assert "Active 1 + 1 past their end" in page
    assert page.count("past their end") == 1


def test_one_that_is_added_twice_is_called_past_its_end(client, admin_user, make_connection):
    known = make_connection(expires_at=timezone.now() - timedelta(seconds=1))
    client.force_login(admin_user)
    fields = {"account": known.account_id, "device_address": known.device_address, "connection_id": known.connection_id}
    page = client.post("/admin/connections/connection/add/", fields).content.decode()
    assert "past its end" in page
    assert "active" not in page.split('class="note warning"')[1].split("</div>")[0]


def test_one_open_again_is_called_past_its_end(client, alice, make_connection):
    past = timezone.now() - timedelta(seconds=1)
    cut = make_connection()
    start_run(alice, cut)
    put(cut, "stopped")
    Connection.objects.filter(pk=cut.pk).update(status="stopped")
    facts = {"account": cut.account, "device_address": cut.device_address, "opened_by": cut.opened_by}
    make_connection(**facts, seen_seq=1_000, expires_at=past)
    client.force_login(alice)
    page = client.get(f"/admin/connections/connection/{cut.pk}/change/").content.decode()
    assert "past its end" in page.split("Open again?")[1]
