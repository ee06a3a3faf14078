"""For some seconds after the click a run can be taken back whole: on touch screens, for many, or as one chooses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from connections.admin.runs.put_off import seconds_for
from connections.models import AuditEvent, Connection, Preferences, StopRun
from connections.stops import plan
from connections.stops.worker.claim import lock_runs, pairs_with_work

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]


@pytest.fixture
def draft(alice: User, make_connection: MakeConnection) -> StopRun:
    make_connection(device_name="Plant 7 gateway")
    return plan.draft(alice, Connection.objects.all(), {})


def confirm(client: Client, draft: StopRun, **more: str) -> HttpResponse:
    words = {"key": draft.key, "reason": "incident 7", "ticket": "INC-7"}
    return client.post(f"/admin/connections/stoprun/{draft.key}/confirm/", {**words, **more}, follow=True)  # type: ignore[return-value]


def test_on_a_touch_screen_nothing_is_sent_for_five_seconds(operator: Client, draft: StopRun) -> None:
    page = confirm(operator, draft, touch="1").content.decode()
    draft.refresh_from_db()
    assert (draft.state, pairs_with_work(), lock_runs([draft.pk])) == ("started", [], {})
    assert "Nothing has been sent yet." in page
    StopRun.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert [run_id for run_id, _account in pairs_with_work()] == [draft.pk]
    assert [*lock_runs([draft.pk])] == [draft.pk]


def test_with_a_mouse_a_few_are_sent_at_once(operator: Client, draft: StopRun) -> None:
    page = confirm(operator, draft)
    assert "Nothing has been sent yet" not in page.content.decode()
    assert len(pairs_with_work()) == 1


@pytest.mark.parametrize(
    ("chosen", "count", "touched", "seconds"),
    [(None, 6, False, 0), (None, 6, True, 5), (None, 101, False, 5), (0, 101, True, 0), (10, 1, False, 10)],
)
def test_how_long_is_the_persons_choice(
    alice: User, chosen: int | None, count: int, touched: bool, seconds: int
) -> None:
    Preferences.objects.create(user=alice, send_delay_s=chosen)
    assert seconds_for(alice, count, touched=touched) == seconds


def test_cancelling_in_time_says_that_nothing_was_sent(operator: Client, draft: StopRun) -> None:
    confirm(operator, draft, touch="1")
    page = operator.post(f"/admin/connections/stoprun/{draft.pk}/cancel/", follow=True).content.decode()
    assert "Nothing of this run was sent to remote.it." in page
    assert [*draft.items.values_list("state", flat=True)] == ["cancelled"]


def test_it_can_be_sent_now(operator: Client, draft: StopRun) -> None:
    confirm(operator, draft, touch="1")
    operator.post(f"/admin/connections/stoprun/{draft.pk}/send_now/")
    assert len(pairs_with_work()) == 1
    assert AuditEvent.objects.filter(action="run.sent_at_once").count() == 1


def test_the_first_line_tells_until_when_it_is_put_off(operator: Client, draft: StopRun) -> None:
    confirm(operator, draft, touch="1")
    assert '"not_before":"' in AuditEvent.objects.get(action="stop.requested").body


def test_the_reason_has_the_focus_and_the_devices_are_named_before_it(operator: Client, draft: StopRun) -> None:
    page = operator.get(f"/admin/connections/stoprun/{draft.key}/confirm/").content.decode()
    assert page.index("Plant 7 gateway") < page.index('name="reason"') < page.index("h-list")
    assert "autofocus" in page[page.index("<textarea") : page.index("</textarea>")]


def test_reasons_and_tickets_of_late_are_offered(operator: Client, draft: StopRun, alice: User) -> None:
    confirm(operator, draft)
    again = plan.draft(alice, Connection.objects.all(), {})
    page = operator.get(f"/admin/connections/stoprun/{again.key}/confirm/").content.decode()
    assert 'title="incident 7"' not in page  # nothing is left to stop, so nothing is asked
    Connection.objects.update(status="active")
    draft.items.update(state="cancelled")
    again = plan.draft(alice, Connection.objects.all(), {})
    page = operator.get(f"/admin/connections/stoprun/{again.key}/confirm/").content.decode()
    assert 'data-fill="id_reason" title="incident 7"' in page and 'data-fill="id_ticket" title="INC-7"' in page


def test_an_expired_form_keeps_what_was_typed_and_freezes_anew(
    operator: Client, draft: StopRun, make_connection: MakeConnection, alice: User
) -> None:
    make_connection()
    draft = plan.draft(alice, Connection.objects.order_by("pk"), {})
    StopRun.objects.filter(pk=draft.pk).update(frozen_at=timezone.now() - timedelta(hours=1))
    Connection.objects.filter(pk=draft.items.last().connection_id).update(status="ended")  # type: ignore[union-attr]
    page = confirm(operator, draft).content.decode()
    assert "Freeze the list anew" in page and "incident 7</textarea>" in page
    page = confirm(operator, draft, freeze="1").content.decode()
    assert "1 can&#x27;t be stopped any more and is skipped, 1 are left" in page or "is skipped" in page
    assert "incident 7</textarea>" in page and 'value="INC-7"' in page
    anew = StopRun.objects.latest("pk")
    assert (anew.pk > draft.pk, anew.items.count(), anew.items.queued().count()) == (True, 2, 1)
