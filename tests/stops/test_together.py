"""Two operators at one desk: taking a run over, leaving a note, pausing everything."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User

from connections.models import AuditEvent, Connection, SendingPause, StopItem, StopRun, Worker
from connections.models.accounts import lock_accounts
from connections.stops import control, pause_all
from connections.stops.control import NotAllowed
from connections.stops.worker.claim import claim, lock_runs, pairs_with_work
from connections.stops.worker.withdraw import skip_what_is_not_allowed
from tests.conftest import make_user
from tests.support.runs import WEB, living_worker, start_run

pytestmark = [pytest.mark.both, pytest.mark.django_db]
MakeConnection = Callable[..., Connection]


@pytest.fixture
def lead(alice: User) -> User:
    """May steer everybody's runs."""
    user = make_user("lena", "Operators")
    user.user_permissions.add(Permission.objects.get(codename="manage_runs"))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def run(alice: User, make_connection: MakeConnection) -> StopRun:
    return start_run(alice, make_connection(), make_connection())


def sent_lines(worker: Worker, run: StopRun) -> list[dict[str, object]]:
    """What would be announced of the run now."""
    account = lock_accounts([run.items.all()[0].account_id]).popitem()[1]
    runs = lock_runs([run.pk])
    _claims, entries = claim(account, [*runs.values()], worker, 1)
    return [{"actor": one.actor and one.actor.get_username(), **one.facts} for one in entries]


def test_what_is_still_queued_is_sent_by_the_rights_of_who_took_over(lead: User, run: StopRun) -> None:
    control.take_over(run, lead, WEB)
    (line,) = sent_lines(living_worker(), run)
    assert (line["actor"], line["requested_by"]) == ("lena", "alice")
    told = json.loads(AuditEvent.objects.get(action="run.taken_over").body)
    assert (told["actor"], told["taken_from"]) == ("lena", "alice")


def test_a_run_goes_on_though_its_first_person_has_left(alice: User, lead: User, run: StopRun) -> None:
    control.take_over(run, lead, WEB)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    skip_what_is_not_allowed([run.pk])
    assert (run.items.queued().count(), [*lock_runs([run.pk])]) == (2, [run.pk])


def test_what_the_taker_may_not_stop_is_skipped(lead: User, run: StopRun) -> None:
    control.take_over(run, lead, WEB)
    lead.groups.clear()
    lead.user_permissions.clear()
    skip_what_is_not_allowed([run.pk])
    assert set(run.items.values_list("state", flat=True)) == {"skipped"}


def test_it_takes_a_permission_and_is_done_once(alice: User, lead: User, run: StopRun) -> None:
    with pytest.raises(NotAllowed):
        control.take_over(run, make_user("oscar", "Operators"), WEB)
    with pytest.raises(NotAllowed, match="yours already"):
        control.take_over(run, alice, WEB)
    control.take_over(run, lead, WEB)
    with pytest.raises(NotAllowed, match="yours already"):
        control.take_over(run, lead, WEB)


def test_a_note_stands_at_the_run_and_in_the_history(alice: User, run: StopRun) -> None:
    control.note(run, alice, WEB, "  Plant 7 calls back at 06:00  ")
    assert (run.note, run.note_by) == ("Plant 7 calls back at 06:00", "alice")
    assert "Plant 7 calls back" in AuditEvent.objects.get(action="run.noted").body


def test_while_all_sending_is_paused_nothing_is_claimed(lead: User, run: StopRun) -> None:
    assert pause_all.pause_all(lead, WEB, "upgrade") == 0
    assert (pairs_with_work(), lock_runs([run.pk])) == ([], {})
    pause_all.resume_all(lead, WEB)
    assert (len(pairs_with_work()), [*lock_runs([run.pk])]) == (1, [run.pk])
    actions = AuditEvent.objects.filter(action__startswith="sending.").order_by("seq")
    assert [*actions.values_list("action", flat=True)] == ["sending.paused", "sending.resumed"]


def test_all_sending_is_paused_once_with_a_reason_by_who_may(alice: User, lead: User) -> None:
    with pytest.raises(NotAllowed, match="Steer everybody"):
        pause_all.pause_all(alice, WEB, "upgrade")
    with pytest.raises(NotAllowed, match="Say why"):
        pause_all.pause_all(lead, WEB, "  ")
    pause_all.pause_all(lead, WEB, "upgrade")
    with pytest.raises(NotAllowed, match="already"):
        pause_all.pause_all(lead, WEB, "again")
    assert SendingPause.objects.count() == 1


def test_it_says_how_many_answers_are_awaited(lead: User, run: StopRun) -> None:
    StopItem.objects.filter(pk=run.items.all()[0].pk).update(state="sending", worker=living_worker())
    assert pause_all.pause_all(lead, WEB, "upgrade") == 1
