"""A column of the list is declared once: head, sorting, cells and what stands before a cell on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.admin.connections.columns import COLUMNS, column
from connections.models import Connection

pytestmark = pytest.mark.django_db
LIST = "/admin/connections/connection/"


@pytest.fixture
def known_by() -> Iterator[None]:
    @column("How", order="known_by", label="known")
    def known_by(connection: Connection) -> str:
        return f"<{connection.known_by}>"

    yield
    COLUMNS.pop()


def test_one_declaration_gives_head_sorting_cells_and_label(
    client: Client, alice: User, make_connection: Callable[..., Connection], known_by: None
) -> None:
    make_connection()
    client.force_login(alice)
    page = client.get(f"{LIST}?o={len(COLUMNS)}").content.decode()
    head = re.search(r'(?s)<th\s+scope="col"\s+class="column-known_by sorted"\s+aria-sort="ascending".*?</th>', page)
    assert head and "How" in head[0]
    assert re.search(r'<td\s+class="field-known_by"\s+data-label="known">\s*&lt;imported&gt;\s*</td>', page)


def test_heads_and_cells_have_the_same_names(
    client: Client, alice: User, make_connection: Callable[..., Connection]
) -> None:
    make_connection()
    client.force_login(alice)
    page = client.get(LIST).content.decode()
    heads, cells = (re.findall(rf'class="{part}-(\w+)', page) for part in ("column", "field"))
    assert heads == cells == [one.__name__ for one in COLUMNS if one.is_default]
