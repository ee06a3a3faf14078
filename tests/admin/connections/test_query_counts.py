"""How many queries the pages that everybody looks at make: each is a way to the database, at any size.

Six of them ask who it is: session, person, preferences, two kinds of permissions, scope. A page that has more to say
(a pause, an approval that waits) asks one more for each, and a search in names asks their index first.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.audit.origin import Origin
from connections.models import Connection, SavedView, Worker
from connections.stops import plan
from tests.support.runs import living_worker, put

LIST = "/admin/connections/connection/"
KNOWING_WHO_ASKS = 6


def queries_of(client, address):
    client.get(address)
    with CaptureQueriesContext(database) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.fixture
def shown(operator, make_connection):
    """Sixty connections, of which a run had one; a worker is alive."""
    living_worker()
    Worker.objects.update(beat_at=timezone.now() + timedelta(hours=1))  # however slow the machine is
    made = [make_connection(device_name=f"plant 7 gate {number}") for number in range(60)]
    [user] = {operator.get("/admin/").wsgi_request.user}
    run = plan.draft(user, Connection.objects.filter(pk=made[0].pk), {"door": "web"})
    plan.start(run.key, user, reason="leaked key", origin=Origin("web"))
    put(made[0], "stopped")
    SavedView.objects.create(user=user, name="mine", is_start=True)
    return run


@pytest.mark.parametrize(
    "query",
    ["", "?q=status:all", "?q=plant+7", "?q=plant+or+gate&o=-1", "?q=service:ssh", "?p=2", "?q=service:ssh+age:>1h"],
)
def test_a_list_page_makes_at_most_fifteen_queries(operator, shown, query):
    asks_index = "plant" in query or "service" in query
    assert queries_of(operator, LIST + query) <= 15 + asks_index


def test_a_refresh_makes_six_beside_those_that_ask_who_it_is(operator, shown):
    keys = ",".join(str(one.pk) for one in Connection.objects.all()[:50])
    assert queries_of(operator, f"{LIST}refresh/?rows={keys}&since=1700000000&newest=1") <= 6 + KNOWING_WHO_ASKS


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/admin/", 22),
        ("/admin/connections/stoprun/", 14),
        ("/admin/connections/stoprun/{run}/change/", 33),
        ("/admin/connections/auditevent/", 24),
        ("/admin/connections/connection/{connection}/change/", 22),
    ],
)
def test_other_pages_make_no_more_queries_than_today(operator, shown, path, most):
    address = path.format(run=shown.pk, connection=shown.items.get().connection_id)
    assert queries_of(operator, address) <= most


def test_what_stands_on_every_page_is_asked_in_three(operator, shown):
    """Counts and bands in one, what needs somebody in one, and the saved views."""
    assert queries_of(operator, "/admin/connections/connection/views/save/") <= KNOWING_WHO_ASKS + 3
