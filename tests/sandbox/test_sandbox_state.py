"""A world kept in a file, and what the next sandbox makes of it."""

from __future__ import annotations

from pathlib import Path

import requests

from connections.sandbox import Sandbox


def test_a_restart_a_day_later_shows_as_many_live_connections_again(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    with Sandbox(connections=20, state=file) as first:
        first.advance(86400)
        assert first.world.rows("open") == []
    with Sandbox(connections=20, state=file) as second:
        opened = {row["opened_at"] for row in second.world.rows("open")}
    assert len(opened) == 20


def test_what_a_restart_opens_is_younger_than_all_that_was_known(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    with Sandbox(connections=20, state=file) as first:
        first.advance(60)
        for _ in range(5):
            first.call(lambda: first.server.world.stop(first.server.world.live()[0]))
        last = max(row["stopped_at"] or "" for row in first.world.rows())
        known = {row["connection_id"] for row in first.world.rows()}
    with Sandbox(connections=20, state=file) as second:
        new = [row for row in second.world.rows() if row["connection_id"] not in known]
    assert len(new) == 5
    assert all(row["opened_at"] >= last for row in new)


def test_a_restart_with_a_smaller_number_ends_no_connection(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    with Sandbox(connections=7, state=file) as first:
        before = first.world.rows()
    with Sandbox(connections=2, state=file) as second:
        assert second.world.rows("open") == before


def test_a_token_and_the_clock_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    with Sandbox(connections=3, state=file) as first:
        token = first.call(first.server.accounts.new_token)
        first.advance(5000)
    with Sandbox(connections=3, state=file) as second:
        headers = {"developerkey": second.developer_key, "token": token}
        answer = requests.get(f"{second.url}/device/list/all", headers=headers, timeout=5)
        assert answer.status_code == 200
        assert second.server.world.clock.offset_s == 5000


def test_ids_given_after_a_restart_are_new(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    with Sandbox(connections=3, seed=1, state=file) as first:
        address = first.world.rows()[0]["device_address"]
        one = first.world.open(address, first.username).id
    with Sandbox(connections=4, state=file) as second:
        other = second.world.open(address, second.username).id
        assert other != one
        assert len(second.world.rows()) == 5
