from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from connections.audit.origin import Origin
from connections.models import AuditEvent, Connection, StopItem, StopRun
from connections.stops import expired, plan
from connections.stops.plan import CannotStart

pytestmark = [pytest.mark.both, pytest.mark.django_db]
MakeConnection = Callable[..., Connection]
WEB = Origin("web")


def start(run: StopRun, user: User, reason: str = "incident") -> StopRun:
    return plan.start(run.key, user, reason=reason, origin=WEB)


def test_a_draft_asks_nothing_and_is_no_run_yet(alice: User, make_connection: MakeConnection) -> None:
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    assert (run.state, run.items.get().state) == ("draft", "queued")
    assert not AuditEvent.objects.exists()


def test_the_frozen_list_is_told_by_its_hash(alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    expected = hashlib.sha256(f"default\t{one.device_address}\t{one.connection_id}\n".encode()).hexdigest()
    assert run.list_sha256 == expected


@pytest.mark.parametrize(
    ("status", "why"), [("stopping", "other_run"), ("stopped", "not_active"), ("ended", "not_active")]
)
def test_what_cannot_be_stopped_is_skipped_and_says_why(
    alice: User, make_connection: MakeConnection, status: str, why: str
) -> None:
    make_connection(status=status)
    item = plan.draft(alice, Connection.objects.all(), {}).items.get()
    assert (item.state, item.skipped_why) == ("skipped", why)


def test_an_unknown_connection_can_be_stopped_again(alice: User, make_connection: MakeConnection) -> None:
    make_connection(status="unknown")
    assert plan.draft(alice, Connection.objects.all(), {}).items.get().state == "queued"


def test_what_another_run_has_queued_is_skipped(alice: User, admin_user: User, make_connection: MakeConnection) -> None:
    make_connection()
    start(plan.draft(alice, Connection.objects.all(), {}), alice)
    assert plan.draft(admin_user, Connection.objects.all(), {}).items.get().skipped_why == "other_run"


def test_somebody_else_s_draft_takes_nothing_away(
    alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    make_connection()
    plan.draft(alice, Connection.objects.all(), {})
    assert plan.draft(admin_user, Connection.objects.all(), {}).items.get().state == "queued"


def test_a_person_who_sees_nothing_drafts_nothing(make_connection: MakeConnection, db: None) -> None:
    make_connection()
    nobody = User.objects.create_user("nobody")
    assert not plan.draft(nobody, Connection.objects.all(), {}).items.exists()


def test_starting_writes_who_why_and_how_many(alice: User, make_connection: MakeConnection) -> None:
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    plan.start(run.key, alice, reason=" leaked key ", ticket="INC-1", origin=Origin("web", client_ip="198.51.100.7"))
    body = AuditEvent.objects.get(action="stop.requested").body
    for part in ('"reason":"leaked key"', '"ticket":"INC-1"', '"count":1', '"client_ip":"198.51.100.7"'):
        assert part in body


def test_the_same_key_twice_starts_one_run(alice: User, make_connection: MakeConnection) -> None:
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    assert start(run, alice) == start(run, alice, reason="twice")
    assert AuditEvent.objects.filter(action="stop.requested").count() == 1
    assert StopRun.objects.get().reason == "incident"


def test_the_same_key_drafts_once(alice: User, make_connection: MakeConnection) -> None:
    make_connection()
    first = plan.draft(alice, Connection.objects.all(), {}, key="once")
    assert plan.draft(alice, Connection.objects.all(), {}, key="once") == first
    assert StopItem.objects.count() == 1


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_it_does_not_start_without_a_reason(alice: User, make_connection: MakeConnection, reason: str) -> None:
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    with pytest.raises(CannotStart, match="reason"):
        start(run, alice, reason)


def test_it_does_not_start_somebody_else_s_draft(alice: User, bob: User, make_connection: MakeConnection) -> None:
    make_connection()
    run = plan.draft(bob, Connection.objects.all(), {})
    with pytest.raises(CannotStart, match="no such list of yours"):
        start(run, alice)


@pytest.mark.parametrize("kept", ["", "view_connection", "stop_connection"])
def test_it_does_not_start_for_a_user_who_lost_a_permission(
    alice: User, make_connection: MakeConnection, kept: str
) -> None:
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    alice.groups.clear()
    alice.user_permissions.set(Permission.objects.filter(codename=kept))
    with pytest.raises(CannotStart, match="that takes the permission"):
        start(run, User.objects.get(pk=alice.pk))


def test_it_does_not_start_a_list_that_is_too_old(alice: User, make_connection: MakeConnection) -> None:
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    StopRun.objects.update(frozen_at=timezone.now() - plan.DRAFT_LIFETIME - timedelta(seconds=1))
    with pytest.raises(CannotStart, match="older than"):
        start(run, alice)


def test_it_does_not_start_a_list_of_nothing(alice: User, make_connection: MakeConnection) -> None:
    make_connection(status="stopped")
    run = plan.draft(alice, Connection.objects.all(), {})
    with pytest.raises(CannotStart, match="None of these"):
        start(run, alice)


def test_expired_drafts_are_removed_and_runs_stay(alice: User, make_connection: MakeConnection) -> None:
    make_connection()
    kept = start(plan.draft(alice, Connection.objects.all(), {}), alice)
    plan.draft(alice, Connection.objects.all(), {})
    StopRun.objects.update(created_at=timezone.now() - 2 * expired.KEPT)
    assert expired.delete_expired_drafts() == 1
    assert list(StopRun.objects.all()) == [kept]
