"""Prometheus reads the panel's numbers from its rows, with a token or from a network, and they name nobody."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from connections.api.metrics.collector import Panel
from connections.api.metrics.page import _last
from connections.models import Connection
from tests.api.conftest import MakeToken
from tests.support.runs import put, start_run
from tests.support.skips import missing

Make = Callable[..., Connection]
DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    _last._at = float("-inf")


def test_the_numbers_are_those_of_the_rows(alice: User, make_connection: Make) -> None:
    one, other = make_connection(), make_connection()
    start_run(alice, one, other)
    put(one, "stopped")
    found = {
        (sample.name, *sample.labels.values()): sample.value for one in Panel().collect() for sample in one.samples
    }
    assert found["remoteit_admin_items_total", "default", "stopped"] == 1
    assert found["remoteit_admin_queue_items", "default"] == 1
    assert found["remoteit_admin_runs", "running"] == 1
    assert found["remoteit_admin_workers",] == 0


def test_they_are_for_a_token_with_the_scope_and_name_nobody(
    alice: User, make_token: MakeToken, make_connection: Make
) -> None:
    start_run(alice, make_connection(device_name="plant-7"))
    right, wrong = make_token(alice, "metrics:read")[1], make_token(alice, "runs:read")[1]
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {right}"})
    assert answer.status_code == 200
    assert list(text_string_to_metric_families(answer.content.decode()))
    for name in ("alice", "plant-7", "vendor@example.net"):
        assert name not in answer.content.decode()
    assert Client().get("/metrics", headers={"Authorization": f"Bearer {wrong}"}).status_code == 403
    assert Client().get("/metrics").status_code == 401


def test_a_network_that_is_allowed_needs_no_token(db: None, settings: Settings) -> None:
    settings.METRICS_ALLOW = ["127.0.0.0/8"]
    assert Client().get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics").status_code == 401


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("arguments", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts.test.yml")])
def test_the_alert_rules_are_what_promtool_takes(arguments: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        missing("Prometheus is not installed: no promtool in PATH")
    done = subprocess.run([str(promtool), *arguments], cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
