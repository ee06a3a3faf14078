"""Somebody who sees half, and somebody who sees nothing, walk every address: what they don't see isn't there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from connections.audit.origin import Origin
from connections.models import AuditEvent
from connections.models.integrations.tokens import ApiToken, Scope
from connections.people import tokens
from tests.conftest import make_user
from tests.people.conftest import HIDDEN, World, sees_half
from tests.support.addresses import address, patterns

COMMAND = Origin("command", system_user="root")
UNASKED = ("/admin/logout/", "/admin/jsi18n/", "/static/", "/i18n/")
QUERIES = ("", "?status=all", f"?q=status%3Aall+{HIDDEN[:4]}", "?outcome=all", "?group=device", "?group=account")
ABOUT = ("connection", "run", "line", "actor", "group", "about")


def parts(world: World, pattern: str) -> Iterator[dict[str, str]]:
    """What may stand in the parts of `pattern`: things in sight, and out of it."""
    of = {
        "admin/people/": tuple(User.objects.order_by("pk").values_list("pk", flat=True)[:2]),
        "auth/user": tuple(User.objects.order_by("pk").values_list("pk", flat=True)[:2]),
        "auth/group": tuple(Group.objects.order_by("pk").values_list("pk", flat=True)[:1]),
        "connections/hold/reach": (world.hidden.account_id, world.seen.account_id),
        "connections/connection": (world.hidden.pk, world.seen.pk),
        "connections/stoprun": (world.hidden_run.pk, world.shared_run.pk),
        "connections/account": (world.hidden.account_id, world.seen.account_id),
        "connections/approval": (world.approval.pk,),
        "connections/hold": (world.hold.pk,),
        "connections/apitoken": tuple(ApiToken.objects.order_by("-pk").values_list("pk", flat=True)[:1]) or (1,),
        "connections/auditevent": (AuditEvent.objects.filter(run=world.hidden_run).values_list("pk", flat=True)[0],),
        "v1/connections": (world.hidden.pk, world.seen.pk),
        "v1/runs": (world.hidden_run.pk, world.shared_run.pk),
        "v1/holds": (world.hold.pk,),
    }
    pks = next((pks for model, pks in of.items() if model in pattern), (1, world.hidden.pk))
    keys = {"hold/reach": world.hidden.device_address, "stoprun": world.hidden_run.key}
    key = next((key for part, key in keys.items() if part in pattern), "")
    member, measure = world.hold.members.order_by("pk")[0], world.hold.measures.order_by("pk")[0]
    for pk in pks:
        yield {
            **dict.fromkeys(("pk", "id", "object_id", "account"), str(pk)),
            **{"key": key or str(pk), "member": str(member.pk), "measure": str(measure.pk)},
            **{"uidb64": "MQ", "token": "1-2"},
            **{"app_label": "connections", "url": "nowhere", "rest": "v1/nowhere", "content_type_id": "1"},
        }


def answers(client: Client, world: World, person: User) -> Iterator[tuple[str, Any]]:
    """Each address with its answer to `person`, who is signed in, or to their token."""
    text = tokens.make(person, name="t", scopes=list(Scope), days=30, by=None, origin=COMMAND)[1]
    # The pages last: some of them end what a token may.
    for pattern in sorted(patterns(), key=lambda one: one.startswith("/admin/")):
        given = {} if pattern.startswith("/admin/") else {"Authorization": f"Bearer {text}"}
        for found in parts(world, pattern):
            try:
                url = address(pattern, found)
            except KeyError as missing:
                pytest.fail(f"{pattern}: the walk has nothing for {missing}")
            if url.startswith(UNASKED):
                continue
            for query in QUERIES if pattern.endswith(("/connection/", "/stoprun/", "/change/", "/refresh/")) else ("",):
                answer = client.get(url + query, headers=given)
                assert answer.status_code not in (401, 429), url  # who is not let in meets nothing anywhere
                yield f"GET {url}{query}", answer
            sent = {"reason": "x", "action": "stop_selected", "_selected_action": "1"}
            as_json = {"content_type": "application/json"} if given else {}
            yield f"POST {url}", client.post(url, sent, headers=given, **as_json)
    for name in ABOUT:
        for pk in (world.hidden.pk, world.hidden_run.pk, world.shared_run.pk, 1):
            url = f"/admin/connections/auditevent/?{name}={pk}"
            yield f"GET {url}", client.get(url)


def body(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode(errors="replace")).lower()


def failed(answer: Any) -> bool:
    return bool(answer.status_code >= 500)


@pytest.mark.slow
def test_who_sees_half_meets_the_other_half_nowhere(client: Client, world: World) -> None:
    dana = sees_half()
    client.force_login(dana)
    client.raise_request_exception = False
    told = [where for where, answer in answers(client, world, dana) if HIDDEN in body(answer) or failed(answer)]
    assert told == []


@pytest.mark.slow
def test_who_sees_nothing_meets_nothing(client: Client, world: World) -> None:
    nobody = make_user("nobody")
    client.force_login(nobody)
    client.raise_request_exception = False
    met = ((where, body(answer), failed(answer)) for where, answer in answers(client, world, nobody))
    assert [where for where, text, fails in met if HIDDEN in text or "seen dev" in text or fails] == []


@pytest.mark.django_db
def test_the_list_a_run_the_history_and_the_overview_name_the_seen_half_alone(client: Client, world: World) -> None:
    client.force_login(sees_half())
    run = f"/admin/connections/stoprun/{world.shared_run.pk}/change/?outcome=all"
    pages = ("/admin/connections/connection/?status=all", run, "/admin/connections/auditevent/", "/admin/")
    shown = {page: body(client.get(page)) for page in pages}
    assert [page for page, text in shown.items() if HIDDEN in text] == []
    assert [page for page in pages[:2] if "seen device" not in shown[page]] == []
