"""E-mail: what a person wants to be told of leaves by a real SMTP server, once, and again where that is not taken."""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from email import policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from connections.models import AuditEvent, Connection, Delivery, Notice, Preferences
from connections.notices import alarms, courier, people
from connections.notices.endings import tell_endings
from connections.notices.outbox import fill
from remoteit_admin import addresses, email_url
from remoteit_admin.invalid_setting import InvalidSetting
from tests.notices.test_courier import Here
from tests.support.pages import text_of
from tests.support.runs import put, start_run
from tests.support.servers import free_port

pytestmark = pytest.mark.django_db


class Inbox:
    """A mail server that keeps what it is given. `answer`: what it says to each, "" for yes."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.answer = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer:
            return self.answer
        self.got.append(email.message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"


@pytest.fixture
def inbox(settings: Settings, alice: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    found = Inbox()
    port = free_port()
    server = Controller(found, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.PUBLIC_URL = "https://panel.example"
    monkeypatch.setattr(courier.connection, "close", lambda: None)
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")
    fill(people.CHANNEL)
    try:
        yield found
    finally:
        server.stop()


def come_back(alice: User, make_connection: Callable[..., Connection]) -> int:
    """A run of which one came back and one was refused."""
    run = start_run(alice, make_connection(), make_connection())
    newcomer = make_connection()
    first, second = run.items.select_related("connection")
    put(first.connection, "stopped", verdict="came_back", came_back_as=newcomer.connection_id)
    put(second.connection, "refused", verdict="still_alive")
    return run.pk


def turn() -> None:
    tell_endings()
    alarms.watch()
    for _time in range(3):
        courier.carry(Here())  # type: ignore[arg-type]


def test_one_message_tells_of_a_run_with_its_link_and_its_line(
    inbox: Inbox, alice: User, make_connection: Callable[..., Connection]
) -> None:
    run = come_back(alice, make_connection)
    turn()
    (mail,) = inbox.got
    line = AuditEvent.objects.filter(action="alarm.raised").earliest("seq")
    assert (mail["To"], mail["Subject"]) == (
        "alice@example.com",
        f"[remoteit-admin] 1 connection came back after run {run}",
    )
    assert f"https://panel.example/admin/connections/stoprun/{run}/change/" in mail.get_content()
    assert line.hash in mail.get_content()


def test_what_was_told_is_told_as_over(inbox: Inbox, alice: User, make_connection: Callable[..., Connection]) -> None:
    run = come_back(alice, make_connection)
    turn()
    Connection.objects.update(status="ended")
    turn()
    assert inbox.got[-1]["Subject"] == f"[remoteit-admin] Over: 1 connection came back after run {run}"


def test_a_server_that_is_busy_gets_it_again_and_one_that_refuses_does_not(
    inbox: Inbox, alice: User, make_connection: Callable[..., Connection]
) -> None:
    come_back(alice, make_connection)
    inbox.answer = "451 come back later"
    turn()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status, delivery.said) == ("waiting", 451, "come back later")
    Delivery.objects.update(due_at=timezone.now())
    inbox.answer = "550 no such person"
    turn()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.said) == ("given_up", 2, "no such person")


def test_who_wants_none_gets_none(inbox: Inbox, alice: User, make_connection: Callable[..., Connection]) -> None:
    Preferences.objects.create(user=alice, told_by={"email": []})
    come_back(alice, make_connection)
    turn()
    assert (inbox.got, Delivery.objects.count()) == ([], 0)


def test_a_person_chooses_and_has_a_test_sent(inbox: Inbox, operator: Client, alice: User) -> None:
    operator.post(reverse("notices_told"), {"email": ["ended", "nonsense"]})
    assert Preferences.objects.get(user=alice).told_by == {"browser": [], "email": ["ended"], "sound": []}
    operator.post(reverse("notices_test_email"))
    turn()
    assert "This is a test." in inbox.got[0].get_content()
    assert "accepted by the mail server" in text_of(operator.get(reverse("notices_told")))


def test_an_open_page_hears_what_is_new_and_keeps_no_session_alive(operator: Client, alice: User) -> None:
    session = operator.session
    before = session["session_seen"] = int(timezone.now().timestamp()) - 300
    session.save()
    first = operator.get(reverse("notices_feed")).json()
    assert first == {"newest": 0, "unread": 0, "notices": []}
    Notice.objects.create(user=alice, kind="came_back", seq=1, at=timezone.now(), facts={"run": 7, "count": 1})
    found = operator.get(reverse("notices_feed"), {"after": 0}).json()
    assert [(one["words"], one["browser"], one["sound"]) for one in found["notices"]] == [
        ("1 connection came back after run 7", True, True)
    ]
    assert operator.session["session_seen"] == before


@pytest.mark.parametrize(
    "text",
    ["mail.example", "smtp://u:secret@mail.example/?from=a@b.example", "smtps://mail.example", "ftp://x/?from=a@b"],
)
def test_a_mail_server_that_can_not_be_meant_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        email_url.settings_of("EMAIL_URL", text)
    assert "secret" not in str(refused.value)


def test_a_mail_server_with_starttls_is_understood() -> None:
    found = email_url.settings_of("EMAIL_URL", "smtp+tls://u:p%40ss@mail.example/?from=panel@example.com")
    assert (found["EMAIL_PORT"], found["EMAIL_HOST_PASSWORD"], found["EMAIL_USE_TLS"]) == (587, "p@ss", True)


def test_the_address_of_a_ticket_has_one_place_for_it() -> None:
    assert addresses.ticket("TICKET_URL", "https://t.example/{ticket}") == "https://t.example/{ticket}"
    for text in ("https://t.example/", "javascript:{ticket}"):
        with pytest.raises(InvalidSetting):
            addresses.ticket("TICKET_URL", text)
