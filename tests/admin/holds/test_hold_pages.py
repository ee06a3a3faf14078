"""The pages of holds: who sees and steers what, and what is said where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from connections.audit.origin import Origin
from connections.holds.begin import Wish, begin
from connections.models import Connection, Hold, HoldClock, HoldMember, HoldReturn, Measure, ServiceWays
from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.measures import MeasureKind, MeasureState, UndoState
from connections.models.holding.members import Witness
from connections.stops import plan

pytestmark = pytest.mark.django_db
LIST = "/admin/connections/hold/"


@pytest.fixture
def lead(alice: User) -> User:
    names = ("hold_watch", "hold_recut", "hold_links", "hold_services")
    alice.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return User.objects.get(pk=alice.pk)


@pytest.fixture
def desk(client: Client, lead: User) -> Client:
    client.force_login(lead)
    return client


@pytest.fixture
def hold(lead: User, make_connection: Callable[..., Connection]) -> Hold:
    make_connection(device_name="Pump 7", opened_by="dana.k@example.com")
    return begin(lead, Wish(Level.LINKS, "laptop stolen", "INC-7"), Connection.objects.all(), Origin("web"))


def page(hold: Hold) -> str:
    return f"{LIST}{hold.pk}/change/"


def text(answer: object) -> str:
    return " ".join(answer.content.decode().split())  # type: ignore[attr-defined]


def measure(hold: Hold, **facts: object) -> Measure:
    found: Measure = hold.measures.get(kind=MeasureKind.LINK)
    Measure.objects.filter(pk=found.pk).update(**facts)
    return found


def test_a_hold_says_what_is_closed_and_that_measures_stay_when_the_panel_dies(desk: Client, hold: Hold) -> None:
    shown = text(desk.get(page(hold)))
    assert "Closed 0 of 7 ways back" in shown
    assert "what is switched off stays off" in shown
    assert "laptop stolen" in shown
    assert "INC-7" in shown


def test_a_clock_without_a_list_proves_nothing(desk: Client, hold: Hold) -> None:
    account = hold.members.get().account
    clock = HoldClock.objects.create(hold=hold, account=account, witness=Witness.EVENTS)
    shown = text(desk.get(page(hold)))
    assert "Nothing is proved yet" in shown
    assert "no connection in remote.it" not in shown
    HoldClock.objects.filter(pk=clock.pk).update(lists=2)
    assert "no connection in remote.it" in text(desk.get(page(hold)))


def test_no_page_of_holds_says_prevented(desk: Client, hold: Hold) -> None:
    member = hold.members.get()
    reach = f"{LIST}reach/{member.account_id}/{member.service_key}/"
    for address in (LIST, page(hold), reach):
        assert "prevent" not in text(desk.get(address)).lower()


def test_list_and_overview_tell_what_is_not_yet_restored(desk: Client, hold: Hold) -> None:
    measure(hold, state=MeasureState.SET, before=True, undo=UndoState.QUEUED, undo_why="device is not active")
    Hold.objects.update(ended_at=timezone.now(), ended_how=HoldEnd.DEADLINE)
    for address in (LIST, "/admin/"):
        shown = text(desk.get(address))
        assert "Not yet restored: Pump 7" in shown
        assert "device is not active" in shown


def test_a_person_leaves_a_value_with_a_reason(desk: Client, hold: Hold) -> None:
    left = measure(hold, state=MeasureState.SET, before=True, undo=UndoState.QUEUED)
    Hold.objects.update(ended_at=timezone.now(), ended_how=HoldEnd.DEADLINE)
    address = f"{LIST}{hold.pk}/measures/{left.pk}/leave/"
    assert "This field is required" in text(desk.post(address, {"reason": ""}))
    desk.post(address, {"reason": "the device was scrapped"})
    left.refresh_from_db()
    assert (left.undo, left.undo_why) == (UndoState.GIVEN_UP, "the device was scrapped")


def test_the_next_level_is_offered_after_three_come_backs_and_never_taken(desk: Client, hold: Hold) -> None:
    member = hold.members.get()
    for number in range(3):
        HoldReturn.objects.create(
            hold=hold, member=member, session_key=str(number), opened_by="dana.k@example.com", seen_at=timezone.now()
        )
    assert "dana.k@example.com came back 3 times to" in text(desk.get(page(hold)))
    desk.post(f"{LIST}{hold.pk}/decline/")
    assert "came back 3 times to" not in text(desk.get(page(hold)))
    hold.refresh_from_db()
    assert hold.level == Level.LINKS


def test_a_level_is_raised_with_a_reason(desk: Client, hold: Hold) -> None:
    desk.post(f"{LIST}{hold.pk}/raise/", {"level": "services", "reason": "they keep coming"})
    hold.refresh_from_db()
    assert hold.level == Level.SERVICES
    assert hold.measures.count() == 2


def test_a_deadline_is_extended_and_a_hold_ended_with_a_reason(desk: Client, hold: Hold) -> None:
    before = hold.deadline_at
    desk.post(f"{LIST}{hold.pk}/extend/", {"minutes": "60", "reason": "not done"})
    hold.refresh_from_db()
    assert hold.deadline_at == before + timedelta(hours=1)
    desk.post(f"{LIST}{hold.pk}/end/", {"reason": ""})
    assert Hold.objects.on().exists()
    desk.post(f"{LIST}{hold.pk}/end/", {"reason": "key replaced"})
    hold.refresh_from_db()
    assert hold.ended_how == HoldEnd.WITHDRAWN


def test_a_stranger_neither_sees_nor_ends_it(client: Client, bob: User, hold: Hold) -> None:
    client.force_login(bob)
    assert client.get(page(hold)).status_code == 404
    assert client.post(f"{LIST}{hold.pk}/end/", {"reason": "why"}).status_code == 404
    assert Hold.objects.on().exists()


def test_without_the_permission_of_its_level_a_hold_is_not_ended(desk: Client, lead: User, hold: Hold) -> None:
    lead.user_permissions.clear()
    assert desk.post(f"{LIST}{hold.pk}/end/", {"reason": "why"}).status_code == 403
    assert Hold.objects.on().exists()


def test_what_to_undo_by_hand_can_be_downloaded(desk: Client, hold: Hold) -> None:
    answer = desk.get(f"{LIST}{hold.pk}/undo.txt")
    assert answer["Content-Disposition"] == f'attachment; filename="hold-{hold.pk}-undo.txt"'
    assert hold.members.get().device_address in text(answer)


def test_the_ways_tell_the_open_ones_first_and_never_an_address_of_a_link(desk: Client, hold: Hold) -> None:
    member = hold.members.get()
    ServiceWays.objects.create(
        account_id=member.account_id, service_key=member.service_key, read_at=timezone.now(), enabled=True, link=False,
        has_link=True, owner="owner@example.com", shares=[["dana.k@example.com", ""]], members=[], networks=[],
        sessions=[],
    )  # fmt: skip
    shown = text(desk.get(f"{LIST}reach/{member.account_id}/{member.service_key}/"))
    assert "2 of 7 ways are open, 1 are not known" in shown
    assert shown.index("Share of the device") < shown.index("Public link")


def test_confirming_can_keep_it_stopped(desk: Client, lead: User, make_connection: Callable[..., Connection]) -> None:
    make_connection(opened_by="dana.k@example.com")
    draft = plan.draft(lead, Connection.objects.all(), {"by": "selection"})
    address = f"/admin/connections/stoprun/{draft.key}/confirm/"
    assert "And keep it stopped" in text(desk.get(address))
    said = {"key": draft.key, "reason": "stolen", "after": "keep", "level": "recut", "quiet": "5", "deadline": "30"}
    answer = desk.post(address, said)
    hold = Hold.objects.get()
    assert answer["Location"] == page(hold)
    assert (hold.first_run, hold.quiet) == (draft, timedelta(minutes=5))
    draft.refresh_from_db()
    assert draft.state == "started"


def test_who_may_not_hold_is_not_asked(client: Client, bob: User, make_connection: Callable[..., Connection]) -> None:
    bob.user_permissions.add(Permission.objects.get(codename="stop_connection"))
    client.force_login(bob)
    make_connection()
    draft = plan.draft(User.objects.get(pk=bob.pk), Connection.objects.all(), {"by": "selection"})
    address = f"/admin/connections/stoprun/{draft.key}/confirm/"
    assert "And keep it stopped" not in text(client.get(address))
    client.post(address, {"key": draft.key, "reason": "stolen", "after": "keep", "level": "recut"})
    assert not Hold.objects.exists()


def test_a_connection_says_that_it_is_held(desk: Client, hold: Hold) -> None:
    one = Connection.objects.get()
    shown = text(desk.get(f"/admin/connections/connection/{one.pk}/change/"))
    assert f"hold {hold.pk}: close links" in shown
    assert HoldMember.objects.get().service_key == one.device_address.lower()
