"""Operators who click at once on SQLite, beside a run: four for some seconds here, fifty for a minute by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operators import measure


@pytest.mark.slow
@pytest.mark.once
def test_operators_who_click_beside_a_run_see_no_error(tmp_path: Path) -> None:
    """`python -m tests.support.operators` has fifty click for a minute beside a run over 2,000."""
    clicked, log = measure(tmp_path, people=4, seconds=3, connections=50)
    assert clicked.failed == []
    assert "database is locked" not in log
    assert len(clicked.seconds) > 4
    assert set(clicked.statuses) == {200}
