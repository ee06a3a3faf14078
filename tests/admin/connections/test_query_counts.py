"""How many queries the pages that everybody looks at make: each is a way to the database, at any size.

What stands here is what there is today; the goal is 15 for a page and 6 for a refresh, those of every page included.
"""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

LIST = "/admin/connections/connection/"
KNOWING_WHO_ASKS = 6
"""Session, person, preferences, two kinds of permissions, scope: of every page."""


def queries_of(client, address):
    with CaptureQueriesContext(database) as captured:
        assert client.get(address).status_code == 200
    return len(captured) - KNOWING_WHO_ASKS


@pytest.mark.parametrize(
    ("query", "most"),
    [
        ("", 20),
        ("?q=status:all", 20),
        ("?q=plant+7", 21),
        ("?q=plant+or+gate&o=-1", 21),
        ("?q=service:ssh", 23),
        ("?p=2", 20),
    ],
)
def test_a_list_page_makes_few_queries(operator, make_connection, query, most):
    for number in range(60):
        make_connection(device_name=f"plant 7 gate {number}")
    assert queries_of(operator, LIST + query) <= most


def test_a_refresh_makes_few_queries(operator, make_connection):
    shown = [make_connection() for _ in range(3)]
    keys = ",".join(str(one.pk) for one in shown)
    assert queries_of(operator, f"{LIST}refresh/?rows={keys}&since=1700000000&newest={shown[0].pk}") <= 14
