"""Users made and passwords changed from the command line: told by the history as the panel's own changes are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from connections.audit.origin import command_origin
from connections.models import AuditEvent, AuditHead
from tests.conftest import PASSWORD
from tests.support.commands import manage

NEW_PASSWORD = "battery staple horse"


def told() -> dict[str, Any]:
    """The one line that the history has, without its time."""
    body = dict(json.loads(AuditEvent.objects.get().body))
    del body["at"]
    return body


def make_administrator(monkeypatch: pytest.MonkeyPatch, name: str = "root") -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", NEW_PASSWORD)
    call_command("createsuperuser", username=name, email="root@example.com", interactive=False, verbosity=0)


@pytest.mark.django_db
def test_a_new_administrator_is_told_with_the_system_user(monkeypatch: pytest.MonkeyPatch) -> None:
    make_administrator(monkeypatch)
    assert told() == {
        "action": "user.added",
        "origin": "command",
        "system_user": command_origin().system_user,
        "user": "root",
        "user_id": User.objects.get(username="root").pk,
        "is_active": True,
        "is_staff": True,
        "is_superuser": True,
    }


@pytest.mark.django_db
def test_nobody_is_made_without_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    AuditHead.objects.all().delete()
    with pytest.raises(AuditHead.DoesNotExist):
        make_administrator(monkeypatch)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_name_that_is_taken_is_no_line(monkeypatch: pytest.MonkeyPatch, alice: User) -> None:
    with pytest.raises(CommandError, match="already taken"):
        make_administrator(monkeypatch, "alice")
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_only_the_command_s_own_users_get_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    make_administrator(monkeypatch)
    User.objects.create_user("later")
    assert AuditEvent.objects.count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_password_is_told_without_it(alice: User) -> None:
    ended = type_password(NEW_PASSWORD, NEW_PASSWORD)
    assert (ended.returncode, told()) == (
        0,
        {
            "action": "user.password_changed",
            "origin": "command",
            "system_user": command_origin().system_user,
            "user": "alice",
            "user_id": alice.pk,
            "usable": True,
        },
    )
    assert User.objects.get(pk=alice.pk).check_password(NEW_PASSWORD)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_password_that_was_not_changed_is_no_line(alice: User) -> None:
    assert type_password("one", "other", "one", "other", "one", "other").returncode == 1
    assert not AuditEvent.objects.exists()
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_a_password_is_not_changed_without_a_line(alice: User) -> None:
    AuditHead.objects.all().delete()
    assert type_password(NEW_PASSWORD, NEW_PASSWORD).returncode == 1
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


def type_password(*lines: str) -> Any:
    """Run `changepassword alice` and type `lines`. In a session of its own: it asks a terminal where there is one."""
    return manage("changepassword", "alice", stdin="\n".join([*lines, ""]).encode(), start_new_session=True)
