"""PostgreSQL alone, for records and wake-ups alike."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from connections.sandbox import Sandbox
from tests.support import servers
from tests.support.panels import Panel, until
from tests.support.skips import missing

pytestmark = [pytest.mark.slow, pytest.mark.once]


def test_a_queue_in_postgresql_carries_the_wake_ups(tmp_path: Path) -> None:
    try:
        with servers.postgres() as url, Sandbox(connections=30, latency_ms=20) as remoteit:
            check_panel(Panel(tmp_path, remoteit, url, url))
    except servers.Missing as reason:
        missing(str(reason))


def check_panel(panel: Panel) -> None:
    count = panel.know_what_is_open()
    with panel.worker(), panel.web() as web:
        run = panel.stop_all()
        until(lambda: len(panel.outcomes(run)) == count)
        assert {*panel.outcomes(run).values()} == {"stopped"}
        assert requests.get(f"{web.url}/readyz", timeout=30).json() == {"status": "ok"}
