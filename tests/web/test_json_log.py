"""LOG_FORMAT=json: a line for each request and each line of the history, joined by the request's id."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from connections.models import AuditEvent
from remoteit_admin.json_lines import JsonLine
from remoteit_admin.no_secrets import NoSecrets

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(settings: Settings, caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    settings.LOG_FORMAT = "json"
    caplog.set_level(logging.INFO)
    yield lambda: [json.loads(JsonLine().format(record)) for record in caplog.records]


def test_a_request_and_the_line_of_history_that_comes_of_it_have_one_id(
    operator: Client, lines: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = operator.post(reverse("admin:logout"), headers={"X-Request-Id": "ticket-4711"})
    told = {line["logger"]: line for line in lines()}
    event = AuditEvent.objects.get(action="user.signed_out")
    assert told["panel.request"] | {"took_ms": 0, "at": ""} == {
        "at": "",
        "level": "info",
        "logger": "panel.request",
        "message": "POST /admin/logout/",
        "method": "POST",
        "path": "/admin/logout/",
        "status": answer.status_code,
        "took_ms": 0,
        "user": "",
        "request_id": "ticket-4711",
    }
    history = told["panel.history"]
    assert (history["action"], history["request_id"]) == ("user.signed_out", "ticket-4711")
    assert (history["seq"], history["hash"]) == (event.seq, event.hash)


def test_what_is_searched_for_stands_in_no_log(operator: Client, lines: Any) -> None:
    operator.get(reverse("preferences"), {"token": "ria_secret"})
    assert "ria_secret" not in json.dumps(lines())


def test_an_error_is_one_line_without_the_secrets() -> None:
    try:
        raise ValueError("the key is hunter2-hunter2")
    except ValueError:
        record = logging.getLogger("x").makeRecord("x", logging.ERROR, "f", 1, "it broke", (), sys.exc_info())
    NoSecrets(["hunter2-hunter2"]).filter(record)
    text = JsonLine().format(record)
    assert "\n" not in text
    assert "hunter2" not in text
    assert "ValueError" in json.loads(text)["error"]
