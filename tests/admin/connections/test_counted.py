"""Counts of what a search finds stay cheap and say so: of a status that is not shown a part is looked at."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.http import QueryDict

from connections.admin.connections.filters import counted
from connections.inventory import search
from connections.inventory.grammar import index
from connections.models import Connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def broad(monkeypatch):
    """Nothing is few, and little is looked at."""
    monkeypatch.setattr(index, "FEW", 0)
    monkeypatch.setattr(counted, "MOST_LOOKED_AT", 2)
    index._are_few.cache_clear()
    yield
    index._are_few.cache_clear()


def counts_of(query, person):
    return counted.counts(search.read(QueryDict(query), person), Connection.objects.all())


@pytest.mark.skipif(database.vendor != "sqlite", reason="PostgreSQL's planner decides by itself")
def test_a_status_that_is_not_shown_is_counted_as_far_as_it_is_looked_at(alice, make_connection, broad):
    for _number in range(4):
        make_connection(device_name="pump", status="ended")
    for _number in range(3):
        make_connection(device_name="pump")
    found = counts_of("q=pump", alice)
    assert (found.shown, found.words("open")) == (3, "3")
    assert found.words("ended") == found.words("stopped").replace("0", "2 or more") == "2 or more"
    assert found.words("all") == "4 or more"


def test_a_status_that_is_looked_at_whole_is_counted_exactly(alice, make_connection, broad):
    make_connection(device_name="pump", status="ended")
    make_connection(device_name="gate", status="ended")
    assert counts_of("q=pump", alice).words("ended") == "1"


def test_what_is_shown_is_counted_whatever_it_costs(alice, make_connection, broad):
    for _number in range(4):
        make_connection(device_name="pump", status="ended")
    assert counts_of("q=pump+status:ended", alice).shown == 4
    assert counts_of("q=pump+status:all", alice).shown == 4


def test_any_status_is_no_condition(alice, make_connection):
    make_connection(status="ended")
    rows = search.read(QueryDict("q=status:all"), alice).apply(Connection.objects.all())
    assert rows.count() == 1
    assert "status" not in str(rows.query.where)
    assert search.read(QueryDict("q=-status:all"), alice).apply(Connection.objects.all()).count() == 0


def test_a_phrase_is_found_by_its_number_in_the_index(alice):
    [[*terms]] = search.read(QueryDict('q="PLC gateway 4321"'), alice).match.alternatives
    assert "432" in index._of_term(terms[0])
    assert "gat" not in index._of_term(terms[0])
