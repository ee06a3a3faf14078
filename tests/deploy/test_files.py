"""What lies under deploy/ fits the panel: image, compose files, dashboard. Building the image is test_image.py's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connections.api.metrics.collector import Panel
from remoteit_admin import __version__

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
COMPOSE = sorted((DEPLOY / "compose").glob("*.yml"))
SETTINGS = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z0-9_]+)"', (ROOT / "remoteit_admin/settings.py").read_text()))
SETTINGS |= {f"{name}_FILE" for name in SETTINGS} | {"PORT"}


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Containerfile with what follows it, continued lines joined."""
    lines = "\n".join(line for line in CONTAINERFILE.splitlines() if not line.startswith("#"))
    found = re.findall(r"^([A-Z]+) ((?:.*\\\n)*.*)$", lines, re.M)
    return [(name, " ".join(words.replace("\\\n", " ").split())) for name, words in found]


def services(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["services"]
    return found


def test_the_image_runs_as_no_root_holds_no_secret_and_is_checked() -> None:
    told = instructions()
    assert [words for name, words in told if name == "USER"] == ["10001:0"]
    assert "HEALTHCHECK" in dict(told)
    assert "ADD" not in dict(told)
    named = re.findall(r"\b([A-Z_]+)=", " ".join(words for name, words in told if name == "ENV"))
    assert [name for name in named if re.search("KEY|PASSWORD|TOKEN|SECRET", name)] == []
    assert f'image.version="{__version__}"' in CONTAINERFILE


def test_what_the_image_copies_is_there_and_not_left_out() -> None:
    let_in = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    copied = [words for name, words in instructions() if name == "COPY" and not words.startswith("--from")]
    sources = {source for words in copied for source in words.split()[:-1]}
    assert sources == let_in
    assert [source for source in sources if not (ROOT / source).exists()] == []


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.stem)
def test_a_compose_file_migrates_first_and_gives_the_panel_no_more_than_it_needs(path: Path) -> None:
    found = services(path)
    for name in ("migrate", "web", "worker"):
        one = found[name]
        assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
        assert one["image"] == f"remoteit-admin:{__version__}"
        assert set(one["environment"]) <= SETTINGS
    for name in ("web", "worker"):
        assert found[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    for one in found.values():
        assert ":" in one["image"]
        assert not one["image"].endswith(":latest")
        assert set(one.get("secrets", ())) <= set(yaml.safe_load(path.read_text())["secrets"])


@pytest.mark.django_db
def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    given = set()
    for metric in Panel().collect():
        given.add(f"{metric.name}_total" if metric.type == "counter" else metric.name)
    dashboard = json.loads((DEPLOY / "grafana/dashboard.json").read_text())
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"remoteit_admin_\w+", target["expr"])
    }
    conditional = {"remoteit_admin_audit_checkpoint_age_seconds", "remoteit_admin_audit_faults"}
    assert asked - given - conditional == set()
