"""Every page says of a connection how it is known and as of when; past its own end none is sold as live."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Connection
from connections.stops import plan


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
    page = client.get("/admin/").content.decode()
    assert "2 open" in page
    assert "1 is past its own end" in page
