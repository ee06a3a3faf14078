"""No door starts a run beside the one UPDATE that asks for the second person: found by reading, and by trying."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from connections.models import Ceiling, Connection, StopItem, StopRun
from connections.models.rights import PERMISSIONS
from connections.stops import plan
from tests.conftest import make_user
from tests.house.test_arrows import MODULES
from tests.support.people import grant
from tests.support.runs import put, start_run

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
        client.post(f"/admin/connections/stoprun/{late.key}/confirm/", {"key": late.key, "reason": "incident"})
    assert tried > 60
    assert list(StopRun.objects.started()) == [done]
    assert not StopItem.objects.held().exists()


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
