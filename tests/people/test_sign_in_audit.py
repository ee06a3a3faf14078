"""Who signed in, who tried to, and who signed out: told by the history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.test import Client

from connections.audit.origin import command_origin
from connections.models import AuditEvent, AuditHead
from connections.web import sign_ins
from connections.web.origin import printable
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


@pytest.fixture(autouse=True)
def sign_ins_are_told() -> Iterator[None]:
    sign_ins.connect()
    yield
    user_logged_in.disconnect(dispatch_uid="audit.signed_in")


def sign_in(client: Client, name: str, password: str = PASSWORD, **headers: str) -> None:
    client.post(LOGIN, {"username": name, "password": password}, headers=headers)


def told() -> dict[str, Any]:
    """The one line that the history has."""
    return dict(json.loads(AuditEvent.objects.get().body))


def test_a_sign_in_is_told_with_who_and_from_where(client: Client, alice: User) -> None:
    sign_in(client, "alice", **{"User-Agent": "Firefox/140.0"})
    line = told()
    assert (line["action"], line["actor"], line["origin"]) == ("user.signed_in", "alice", "web")
    assert (line["client_ip"], line["user_agent"]) == ("127.0.0.1", "Firefox/140.0")
    assert AuditEvent.objects.get().actor == alice


def test_nobody_is_signed_in_when_the_line_can_not_be_written(client: Client, alice: User) -> None:
    AuditHead.objects.all().delete()
    with pytest.raises(AuditHead.DoesNotExist):
        sign_in(client, "alice")
    assert "_auth_user_id" not in client.session


def test_a_failed_sign_in_is_told_with_the_name_and_never_the_password(client: Client, alice: User) -> None:
    sign_in(client, "alice", "hunter2-hunter2")
    line = told()
    assert (line["action"], line["name"], line["actor"]) == ("user.sign_in_failed", "alice", "alice")
    assert "hunter2" not in AuditEvent.objects.get().body


def test_a_name_that_nobody_has_is_told_and_belongs_to_nobody(client: Client) -> None:
    sign_in(client, "mallory")
    assert told()["name"] == "mallory"
    assert AuditEvent.objects.get().actor is None


def test_a_person_who_left_can_not_sign_in_and_that_is_told(client: Client, alice: User) -> None:
    User.objects.update(is_active=False)
    sign_in(client, "alice")
    assert (told()["action"], told()["actor"]) == ("user.sign_in_failed", "alice")


def test_a_right_password_of_somebody_who_may_not_enter_is_told(client: Client) -> None:
    User.objects.create_user("guest", password=PASSWORD)
    sign_in(client, "guest")
    assert (told()["action"], told()["why"]) == ("user.sign_in_failed", "not staff")


def test_a_script_that_tries_a_password_is_told_with_the_system_user(alice: User) -> None:
    assert authenticate(username="alice", password="wrong") is None
    line = told()
    assert (line["origin"], line["system_user"]) == ("command", command_origin().system_user)


def test_the_name_tried_is_bounded_and_on_one_line(client: Client) -> None:
    client.post(LOGIN, {"username": "\x1b[31m" + "m\u202eallory" * 40, "password": "x"})
    name = told()["name"]
    assert name.startswith("[31mmallorymallory")
    assert len(name) == 150


def test_a_sign_out_is_told(client: Client, alice: User) -> None:
    client.force_login(alice)
    AuditEvent.objects.all()._raw_delete("default")
    client.post("/admin/logout/")
    assert (told()["action"], told()["actor"]) == ("user.signed_out", "alice")


def test_a_sign_out_of_nobody_is_none(client: Client) -> None:
    client.post("/admin/logout/")
    assert not AuditEvent.objects.exists()


def test_a_user_agent_is_cut(client: Client, alice: User) -> None:
    sign_in(client, "alice", **{"User-Agent": "x" * 300})
    assert told()["user_agent"] == "x" * 199 + "…"


@pytest.mark.parametrize(
    ("text", "shown"), [("a\tb\nc", "a b c"), ("a\x00b\x7f", "ab"), ("\ud800x", "x"), ("  Kühl  ", "Kühl"), ("", "")]
)
def test_what_anybody_may_send_is_kept_on_one_line(text: str, shown: str) -> None:
    assert printable(text, 10) == shown
