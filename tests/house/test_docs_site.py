"""The documentation as a site: built strictly, with a page for each thing that the code knows by itself, and alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from connections.api.problems import KINDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.once
def test_the_site_is_built_and_names_all_that_there_is(tmp_path: Path) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "NO_MKDOCS_2_WARNING": "1"}
    for command in (
        [sys.executable, "docs/site/generate.py", str(tmp_path / "docs")],
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", str(tmp_path / "docs/mkdocs.yml")],
    ):
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    site = tmp_path / "docs/site"
    routes = json.loads((ROOT / "docs/openapi.json").read_text())["paths"].values()
    there_is = {
        "errors": set(KINDS),
        "alert": set(re.findall(r"alert: (\w+)", (ROOT / "deploy/prometheus/alerts.yml").read_text())),
        "commands": {path.stem for path in (ROOT / "connections/management/commands").glob("[a-z]*.py")},
        "settings": set(re.findall(r"^#? ?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M)),
        "api": {operation["operationId"] for methods in routes for operation in methods.values()},
    }
    for folder, names in there_is.items():
        assert {path.stem for path in (site / folder).glob("*.html")} == {*names, "index"}
    loaded = re.compile(
        r'<(?:script|img|iframe)[^>]* src="?(https?:[^">]*)|<link[^>]*stylesheet[^>]* href="?(https?:[^">]*)'
    )
    assert {found for path in site.rglob("*.html") for found in loaded.findall(path.read_text())} == set()
