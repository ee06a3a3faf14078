"""The table of addresses, roles and methods stands in docs/access-table.md, and is what the panel answers."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from connections.api import limits
from connections.models.integrations.tokens import Scope
from connections.people import tokens
from tests.conftest import make_user
from tests.people.conftest import World
from tests.people.test_scope_walk import COMMAND, parts
from tests.support.access_table import METHODS, ROLES, read, sign, written
from tests.support.addresses import address, patterns

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/access-table.md"
NOT_OURS = ("/static/", "/i18n/")
SENT = {"reason": "x", "action": "stop_selected", "_selected_action": "1"}
MEASURED: dict[str, dict[str, list[str]]] = {}


def ours() -> list[str]:
    return [pattern for pattern in patterns() if not pattern.startswith(NOT_OURS)]


def shown(pattern: str) -> str:
    return pattern.replace("|", "/")


def somebody(role: str) -> User | None:
    if role == "nobody":
        return None
    if role == "superuser":
        return User.objects.create_superuser("somebody")
    return make_user("somebody", None if role == "no role" else role)


def signs(client: Client, url: str, headers: dict[str, str]) -> list[str]:
    found = []
    for method in METHODS:
        cookies = copy.deepcopy(client.cookies)
        as_json: dict[str, Any] = {"content_type": "application/json"} if url.startswith("/api/") else {}
        given: dict[str, Any] = {"headers": headers, **(as_json if method != "GET" else {})}
        with transaction.atomic():
            send = {"GET": client.get, "POST": client.post, "PUT": client.put}[method]
            answer = send(url, {} if method == "GET" else SENT, **given)
            found.append(sign(answer))
            transaction.set_rollback(True)  # what one request does must not change what the next one meets
        client.cookies = cookies
    return found


def test_the_document_lists_every_address_and_no_other() -> None:
    assert sorted(read(DOCUMENT.read_text())) == sorted(map(shown, ours()))


@pytest.mark.slow
@pytest.mark.once  # the scope walk asks every address on both databases
@pytest.mark.parametrize("role", ROLES)
def test_the_panel_answers_each_role_as_the_document_says(
    client: Client, world: World, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST", 10**6)
    client.raise_request_exception = False
    headers: dict[str, str] = {}
    if person := somebody(role):
        client.force_login(person)
        token = tokens.make(person, name="t", scopes=list(Scope), days=30, by=None, origin=COMMAND)[1]
        headers = {"Authorization": f"Bearer {token}"}
    measured = {}
    for pattern in ours():
        url = address(pattern, next(iter(parts(world, pattern))))
        measured[shown(pattern)] = signs(client, url, {} if pattern.startswith("/admin/") else headers)
    if os.environ.get("WRITE_ACCESS_TABLE"):
        for one, found in measured.items():
            MEASURED.setdefault(one, {})[role] = found
        if role == ROLES[-1]:
            DOCUMENT.write_text(written(MEASURED))
        return
    told = {one: found[role] for one, found in read(DOCUMENT.read_text()).items()}
    differing = {one: (found, told.get(one)) for one, found in measured.items() if told.get(one) != found}
    assert differing == {}
