"""The button that has the lists read out of turn."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.live.schedule import due_accounts
from connections.models import Account, Connection
from tests.support.pages import text_of
from tests.support.runs import living_worker

LIST = "/admin/connections/connection/"


def test_read_now_makes_the_lists_due_and_leads_back(client: Client, bob: User, listed: Connection) -> None:
    Account.objects.update(list_due_at=timezone.now() + timedelta(seconds=20))
    living_worker()
    client.force_login(bob)
    page = client.post(f"{LIST}read/?status=ended", follow=True)
    assert page.redirect_chain == [(f"{LIST}?status=ended", 302)]
    assert "1 list is read next." in text_of(page)
    assert due_accounts() == [Account.objects.get()]


def test_read_now_says_when_there_is_no_worker(operator: Client, listed: Connection) -> None:
    assert "No worker is running: it waits for one." in text_of(operator.post(f"{LIST}read/", follow=True))


def test_read_now_leaves_a_paused_account_alone(operator: Client, listed: Connection) -> None:
    Account.objects.update(held_at=timezone.now(), list_due_at=None)
    operator.post(f"{LIST}read/")
    assert Account.objects.get().list_due_at is None


def test_read_now_takes_the_permission_to_see(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("newcomer", is_staff=True))
    assert client.post(f"{LIST}read/").status_code == 403


def test_read_now_is_no_link(operator: Client, listed: Connection) -> None:
    assert operator.get(f"{LIST}read/").status_code == 405
