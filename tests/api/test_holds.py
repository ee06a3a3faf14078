"""A program holds what a search matches, once, and ends it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import Permission, User

from connections.models import AuditEvent, Connection, Hold
from tests.api.conftest import MakeToken, Program

Make = Callable[..., Connection]
HOLD = {"match": "device:plant-7*", "level": "watch", "reason": "key leaked"}


def may_hold(user: User) -> None:
    user.user_permissions.add(*Permission.objects.filter(codename__in=("hold_watch", "hold_recut")))


def test_a_hold_is_begun_once_for_each_key_and_ended(alice: User, make_token: MakeToken, make_connection: Make) -> None:
    may_hold(alice)
    make_connection(device_name="plant-7 gateway")
    program = Program(make_token(alice)[1])
    assert program.post("/holds", HOLD).json()["code"] == "key_required"
    first = program.post("/holds", HOLD, key="one")
    assert first.status_code == 202, first.json()
    hold = first.json()
    assert (hold["state"], hold["level"]) == ("on", "watch")
    assert program.post("/holds", HOLD, key="one").json()["id"] == hold["id"]
    assert program.get("/holds").json()["items"][0]["id"] == hold["id"]
    assert Hold.objects.count() == 1
    assert AuditEvent.objects.filter(action="hold.requested", body__contains='"token":"night-script"').exists()
    for _time in range(2):
        ended = program.post(f"/holds/{hold['id']}/end", {"reason": "over"})
        assert (ended.status_code, ended.json()["ended_how"]) == (200, "withdrawn")


def test_who_may_not_hold_begins_nothing(bob: User, make_token: MakeToken, make_connection: Make) -> None:
    make_connection(device_name="plant-7 gateway")
    answer = Program(make_token(bob)[1]).post("/holds", HOLD, key="one")
    assert answer.status_code == 403
    assert not Hold.objects.exists()


def test_a_narrower_token_holds_what_it_names_alone(alice: User, make_token: MakeToken, make_connection: Make) -> None:
    may_hold(alice)
    make_connection(device_name="plant-7 gateway")
    program = Program(make_token(alice, narrower="device:plant-7*")[1])
    assert program.post("/holds", HOLD, key="one").status_code == 403
    assert program.post("/holds", {**HOLD, "match": "nofield:x"}, key="two").status_code == 403
