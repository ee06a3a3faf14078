"""What stands in the table of sessions opens no session, and what is over is deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from connections.tasks import delete_expired_sessions
from connections.web.sessions import SessionStore, digest
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LIST = "/admin/connections/connection/"


@pytest.fixture
def cookie(client: Client, alice: User) -> str:
    """The session's cookie of somebody who has signed in."""
    assert client.login(username="alice", password=PASSWORD)
    assert client.get(LIST).status_code == 200
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def opens(value: str) -> bool:
    visitor = Client()
    visitor.cookies[settings.SESSION_COOKIE_NAME] = value
    return visitor.get(LIST).status_code == 200


def test_the_cookie_opens_the_panel_and_the_table_does_not(cookie: str) -> None:
    stored = Session.objects.get().session_key
    assert opens(cookie)
    assert stored == digest(cookie) != cookie
    assert not opens(stored)


def test_a_raw_key_of_an_earlier_version_opens_nothing(cookie: str) -> None:
    Session.objects.update(session_key=cookie)
    assert not opens(cookie)


def test_signing_out_ends_it(client: Client, cookie: str) -> None:
    client.post("/admin/logout/")
    assert not opens(cookie)
    assert not Session.objects.exists()


def test_a_change_stays_in_the_same_row(cookie: str) -> None:
    session = SessionStore(cookie)
    session["seen"] = 1
    session.save()
    assert SessionStore(cookie)["seen"] == 1
    assert Session.objects.count() == 1


def test_what_is_over_is_deleted(cookie: str) -> None:
    delete_expired_sessions.call_local()
    assert Session.objects.exists()
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    delete_expired_sessions.call_local()
    assert not Session.objects.exists()
