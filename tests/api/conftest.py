"""A program with a token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from connections.audit.origin import Origin
from connections.models import ApiToken
from connections.models.integrations.tokens import Scope
from connections.people import tokens

COMMAND = Origin("command", system_user="root")
MakeToken = Callable[..., tuple[ApiToken, str]]


class Program:
    """Asks the API with `text` as its token; every answer is checked for what all have."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.client = Client(raise_request_exception=False)

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        given = {"Authorization": f"Bearer {self.text}", **headers, **({"Idempotency-Key": key} if key else {})}
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        response: HttpResponse = self.client.generic(method, f"/api/v1{path}", headers=given, **data)
        assert response.headers["X-Request-Id"]
        if response.status_code >= 400:
            assert response.headers["Content-Type"] == "application/problem+json"
            assert response.json()["request_id"] == response.headers["X-Request-Id"]
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        return self.ask("POST", path, body, key=key, **headers)


@pytest.fixture
def make_token(db: None) -> MakeToken:
    def make(owner: User, *scopes: str, **limits: Any) -> tuple[ApiToken, str]:
        facts = {"name": "night-script", "days": 30, "by": None, "origin": COMMAND, **limits}
        return tokens.make(owner, scopes=scopes or list(Scope), **facts)

    return make


@pytest.fixture
def program(alice: User, make_token: MakeToken) -> Program:
    """Alice's, with every scope."""
    return Program(make_token(alice)[1])
