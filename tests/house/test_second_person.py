"""No door starts a run beside the one UPDATE that asks for the second person: found by reading, and by trying."""

from __future__ import annotations

import ast
import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from connections.api.api import api
from connections.models import Ceiling, Connection, Measure, StopItem, StopRun
from connections.models.integrations.tokens import Scope
from connections.models.rights import PERMISSIONS
from connections.people import tokens
from connections.stops import plan
from tests.conftest import make_user
from tests.house.test_arrows import MODULES, ours
from tests.support.people import grant
from tests.support.runs import WEB, put, start_run

ONE_PLACE = {"connections.stops.plan"}


def test_one_module_alone_writes_that_a_run_is_started() -> None:
    """Whoever names `started` or `STARTED` as a value to be written: keyword, attribute or dictionary."""
    assert {name for name, path in MODULES.items() if _writes_started(ast.parse(path.read_text()))} == ONE_PLACE


def _writes_started(tree: ast.AST) -> bool:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = ("update", "create", "update_same", "bulk_create", "get_or_create", "update_or_create", "StopRun")
    written = (word for call in calls if _name(call.func) in names for word in call.keywords)
    assigned = (node for node in ast.walk(tree) if isinstance(node, ast.Assign))
    return any(word.arg == "state" and _is_started(word.value) for word in written) or any(
        _is_started(value) for node in assigned for value in ast.walk(node.value) if _sets_state(node)
    )


def _sets_state(node: ast.Assign) -> bool:
    targets = (part for target in node.targets for part in ast.walk(target))
    return any(isinstance(part, ast.Attribute) and part.attr == "state" for part in targets)


def _is_started(node: ast.AST) -> bool:
    text = ast.unparse(node)
    return text in ("RunState.STARTED", "'started'", "RunState.STARTED.value")


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def addresses(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every address of the panel as a pattern, with the names of what it takes."""
    for pattern in resolver.url_patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, path)
        elif isinstance(pattern, URLPattern):
            yield path, list(pattern.pattern.converters)


@pytest.mark.django_db
def test_no_page_of_the_panel_starts_what_needs_a_second_person(
    admin_user: User, make_connection: Callable[..., Connection]
) -> None:
    """Every address is sent a form that would stop, by somebody who may everything and is above their ceiling."""
    person = make_user("may-everything", "Operators")
    grant(person, *(name for name in PERMISSIONS if name != "break_glass"))
    again, connection = make_connection(), make_connection()
    done = start_run(person, again)
    put(again, "refused")
    Ceiling.objects.create(per_run=0, made_by=admin_user)
    draft = plan.draft(person, Connection.objects.filter(pk=connection.pk), {})
    client = Client()
    client.force_login(person)
    tried = 0
    for path, takes in addresses(get_resolver()):
        for pk in {done.pk, connection.pk, draft.pk}:
            address = "/" + _filled(path, takes, pk, draft.key)
            client.post(address, _stopping(draft, connection), follow=False)
            tried += 1
    for late in StopRun.objects.drafts().filter(user=person):
        confirm = f"/admin/connections/stoprun/{late.key}/confirm/"
        client.post(confirm, {"key": late.key, "reason": "incident", "after": "keep", "level": "links"})
        for _tab in range(2):
            client.post(confirm, {"key": late.key, "reason": "incident"})
    assert tried > 60
    assert not Measure.objects.exists()
    assert list(StopRun.objects.started()) == [done]
    assert not StopItem.objects.held().exists()


STOPPING = {"stops.plan", "stops.control", "stops.approvals", "holds.begin", "holds.wishes"}
COMMANDS = {
    "connections.management.commands.stop_connections": {"reason": "incident"},
    "connections.management.commands.hold_connections": {"reason": "incident", "level": "links"},
}
STARTS_NOTHING = {"connections.management.commands.pause_all"}


def test_every_command_that_stops_is_known_here() -> None:
    verbs = {f"connections.{verb}" for verb in STOPPING}
    commands = {name for name in MODULES if name.startswith("connections.management.commands.") and ours(name) & verbs}
    assert commands == {*COMMANDS, *STARTS_NOTHING}


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_starts_what_needs_a_second_person(
    command: str, alice: User, admin_user: User, make_connection: Callable[..., Connection]
) -> None:
    grant(alice, "hold_links", "hold_recut", "hold_watch")
    Ceiling.objects.create(per_run=0, made_by=admin_user)
    connection = make_connection()
    with contextlib.suppress(CommandError):
        call_command(command.rpartition(".")[2], connection.connection_id, user="alice", **COMMANDS[command])
    assert StopRun.objects.drafts().filter(approval__state="waiting").exists()
    assert not StopRun.objects.started().exists()
    assert not Measure.objects.exists()


@pytest.mark.django_db
def test_no_operation_of_the_api_starts_what_needs_a_second_person(
    admin_user: User, make_connection: Callable[..., Connection]
) -> None:
    """Every POST that the API describes is sent what would stop, with a token for everything."""
    person = make_user("may-everything", "Operators")
    grant(person, *(name for name in PERMISSIONS if name != "break_glass"))
    again = make_connection()
    make_connection()
    done = start_run(person, again)
    put(again, "refused")
    Ceiling.objects.create(per_run=0, made_by=admin_user)
    _token, secret = tokens.make(person, name="all", scopes=list(Scope), days=1, by=None, origin=WEB)
    asked = {}
    for path, operations in api.get_openapi_schema()["paths"].items():
        if "post" not in operations:
            continue
        for body in ({}, {"reason": "incident", "match": "status:active"}):
            levels = [{"level": "recut"}, {"level": "links"}] if path.endswith("/holds") else [{}]
            for number, level in enumerate(levels):
                answer = Client().post(
                    path.replace("{key}", str(done.pk)),
                    json.dumps({**body, **level}),
                    content_type="application/json",
                    headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": f"{path}{len(body)}{number}"},
                )
                asked[path] = answer.status_code
    assert {"/api/v1/runs", "/api/v1/runs/{key}/rerun", "/api/v1/holds"} <= set(asked)
    assert StopRun.objects.drafts().filter(approval__state="waiting").count() >= 3
    assert list(StopRun.objects.started()) == [done]
    assert not Measure.objects.exists()


def _filled(path: str, takes: list[str], pk: int, key: str) -> str:
    for name in takes:
        for converter in ("int", "slug", "str", "path"):
            path = path.replace(f"<{converter}:{name}>", key if name == "key" else str(pk))
        path = path.replace(f"<{name}>", str(pk))
    return path.replace("^", "").replace("$", "")


def _stopping(draft: StopRun, connection: Connection) -> dict[str, Any]:
    return {
        "key": draft.key if draft.state == "draft" else "k" * 20,
        "reason": "incident",
        "ticket": "INC-1",
        "action": "stop_selected",
        "index": "0",
        "_selected_action": [str(connection.pk)],
        "confirm": "1",
    }


@pytest.mark.django_db
def test_the_command_says_that_it_waits_and_ends_with_3(
    alice: User, admin_user: User, make_connection: Callable[..., Connection]
) -> None:
    Ceiling.objects.create(per_run=0, made_by=admin_user)
    name = make_connection().connection_id
    with pytest.raises(CommandError, match="waits for a second person") as ended:
        call_command("stop_connections", name, user="alice", reason="incident")
    assert ended.value.returncode == 3
    assert not StopRun.objects.started().exists()
