"""The bell: what is not read stands in every page's head, and read is another thing than open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.models import Alarm, Connection, Notice, StopRun
from tests.support.pages import text_of
from tests.support.runs import start_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(alice: User, make_connection: Callable[..., Connection]) -> StopRun:
    return start_run(alice, make_connection())


@pytest.fixture
def notice(alice: User, run: StopRun) -> Notice:
    now = timezone.now()
    alarm = Alarm.objects.create(kind="came_back", key=f"run {run.pk}", run=run, since=now)
    facts = {"run": run.pk, "count": 2}
    return Notice.objects.create(user=alice, kind="came_back", seq=1, at=now, alarm=alarm, run=run, facts=facts)


def test_every_page_says_how_many_are_not_read(operator: Client, notice: Notice) -> None:
    assert "Notices, not read: 1" in text_of(operator.get(reverse("preferences")))


def test_the_menu_leads_with_what_is_open(operator: Client, notice: Notice) -> None:
    page = text_of(operator.get(reverse("notices_menu")))
    assert f"Open: something is left to do Not read: 2 connections came back after run {notice.run_id} open" in page


def test_looking_at_it_marks_it_read_and_leaves_it_open(operator: Client, notice: Notice) -> None:
    answer = operator.post(reverse("notices_read"), {"pk": notice.pk})
    assert answer["Location"] == reverse("admin:connections_stoprun_change", args=[notice.run_id])
    notice.refresh_from_db()
    assert (notice.read_at is not None, notice.is_open) == (True, True)
    assert "open" in text_of(operator.get(reverse("notices"), {"show": "open"}))


def test_all_are_read_up_to_the_newest_that_was_shown(operator: Client, notice: Notice, alice: User) -> None:
    later = Notice.objects.create(user=alice, kind="worker", seq=2, at=timezone.now())
    operator.post(reverse("notices_read"), {"up_to": notice.pk})
    assert list(Notice.objects.unread()) == [later]


def test_nobody_reads_those_of_another(client: Client, bob: User, notice: Notice) -> None:
    client.force_login(bob)
    answer = client.post(reverse("notices_read"), {"pk": notice.pk})
    assert answer["Location"] == reverse("notices")
    assert not Notice.objects.exclude(read_at=None).exists()
    assert "came back after" not in text_of(client.get(reverse("notices")))


def test_one_whose_cause_is_gone_says_when_it_was_over(operator: Client, notice: Notice) -> None:
    Alarm.objects.update(cleared_at=timezone.now())
    assert "over by itself" in text_of(operator.get(reverse("notices")))
    assert "Nothing is open" in text_of(operator.get(reverse("notices"), {"show": "open"}))
