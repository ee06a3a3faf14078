"""Which Chromium the browser tests drive: `.ci/setup` installs one only where they find none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.chromium import PROGRAMS, launch_arguments


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_browser_that_setup_takes_for_one_is_driven(programs: Path, name: str) -> None:
    (programs / name).touch(0o755)
    assert (launch_arguments("/nowhere") or {})["executable_path"] == str(programs / name)


def test_without_one_playwright_s_own_is_driven(programs: Path) -> None:
    (programs / "own").touch()
    assert "executable_path" not in (launch_arguments(str(programs / "own")) or {"executable_path": "none"})


def test_without_any_there_is_none(programs: Path) -> None:
    assert launch_arguments("/nowhere") is None
