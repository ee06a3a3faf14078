"""How long the cuts of a run took, on its page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.admin.charts import even_top
from connections.admin.runs.page import CHARTED_FROM
from connections.models import Connection
from connections.stops.progress.progress import read_progress
from connections.stops.progress.times import MOST_SPANS, span_width, spans
from tests.support.pages import text_of
from tests.support.runs import put, start_run

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]


def test_the_cuts_are_counted_in_equal_spans(alice: User, make_connection: MakeConnection) -> None:
    seconds = (-1, 1, 6, 29, 41)
    connections = [make_connection() for _ in seconds]
    run = start_run(alice, *connections)
    for second, connection in zip(seconds, connections, strict=True):
        put(connection, "stopped", after_s=second)
    time = read_progress(run).time_to_answer
    assert time is not None
    counted = [(span.start_s, span.end_s, span.count) for span in spans(run, time) if span.count]
    assert counted == [(0, 2, 2), (6, 8, 1), (28, 30, 1), (40, 42, 1)]


def test_what_was_not_cut_is_in_no_span(alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection()
    run = start_run(alice, one, two)
    put(one, "stopped")
    put(two, "refused")
    time = read_progress(run).time_to_answer
    assert time is not None
    assert sum(span.count for span in spans(run, time)) == 1


@pytest.mark.parametrize("last_s", [0, 0.4, 3.7, 23.9, 24, 110.3, 4000, 2_000_000, 5_000_000])
def test_the_spans_reach_beyond_the_last_cut_and_are_few(last_s: float) -> None:
    assert last_s < MOST_SPANS * span_width(last_s)


@pytest.mark.parametrize(("count", "top"), [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (11, 20), (74, 80), (90, 100)])
def test_the_axis_ends_at_an_even_round_number(count: int, top: int) -> None:
    assert even_top(count) == top


def test_a_done_run_shows_its_times_as_chart_and_table(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    *early, last = (make_connection() for _ in range(CHARTED_FROM))
    run = start_run(alice, *early, last)
    path = f"/admin/connections/stoprun/{run.pk}/change/"
    client.force_login(alice)
    for one in early[1:]:
        put(one, "stopped", after_s=6)
    put(early[0], "stopped", after_s=41)
    assert "Show as table" not in client.get(path).content.decode()
    put(last, "already_gone", after_s=41.5)
    html = client.get(path).content.decode()
    assert "<title>40 to 42 s: 2</title>" in html
    assert f"Time (s) Connections 6 to 8 {CHARTED_FROM - 2} 40 to 42 2" in text_of(html)
