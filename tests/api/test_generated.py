"""Whatever a program sends, each answer is one that the description has, and none is a mistake of the panel.

`API_CALLS=5000 pytest tests/api/test_generated.py` sends so many in each role.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from connections.api import limits
from connections.api.description import description
from connections.models import Connection
from connections.models.integrations.tokens import Scope
from tests.api.conftest import MakeToken
from tests.support.runs import put, start_run

CALLS = int(os.environ.get("API_CALLS", "120"))
OPERATIONS = sum(len(methods) for methods in description()["paths"].values())
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
ROLES = {"operator": list(Scope), "reader": [Scope.CONNECTIONS_READ, Scope.RUNS_READ, Scope.HISTORY_READ]}


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.django_db(transaction=True)  # schemathesis calls from a thread of its own
@pytest.mark.parametrize("role", ROLES)
def test_no_call_gets_an_answer_that_is_not_described(
    role: str,
    alice: User,
    make_token: MakeToken,
    make_connection: Callable[..., Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST", 10**9)
    one, other = make_connection(), make_connection()
    run = start_run(alice, one)
    put(one, "stopped")
    keys = {"runs": str(run.pk), "connections": str(other.pk)}
    headers = {"Authorization": f"Bearer {make_token(alice, *ROLES[role])[1]}", "Accept-Encoding": "identity"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application(), headers=headers)
    answered = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=max(1, CALLS // OPERATIONS),
            deadline=None,
            database=None,
            derandomize=CALLS < 1000,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:
            nonlocal answered
            answered += 1
            if answered % 2 and (case.path_parameters or {}).get("key"):
                case.path_parameters["key"] = keys.get(case.path.split("/")[3], "1")
            if case.query and "wait" in case.query:
                case.query["wait"] = 0  # it would wait
            case.validate_response(case.call(headers={**(case.headers or {}), **headers}), checks=CHECKS)

        call()
    assert answered >= OPERATIONS
