"""Who may what, where the permission was given under its older names or as a whole."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User

from connections.models import Connection
from connections.models.rights import PARTS, PERMISSIONS, held_by, may
from tests.conftest import make_user

pytestmark = pytest.mark.django_db


def give(name: str, *codenames: str) -> User:
    user = make_user(name)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("whole", PARTS)
def test_the_whole_gives_each_of_its_older_parts(whole: str) -> None:
    person = give("dana", whole)
    assert all(may(person, part.partition(".")[2]) for part in PARTS[whole])


@pytest.mark.parametrize("whole", PARTS)
def test_all_older_parts_are_the_whole(whole: str) -> None:
    parts = [part.partition(".")[2] for part in PARTS[whole]]
    assert may(give("dana", *parts), whole)
    assert not may(give("erin", *parts[1:]), whole)


def test_who_may_only_look_at_accounts_still_may_only_look() -> None:
    person = give("dana", "view_account")
    assert may(person, "view_account")
    assert not may(person, "change_account")
    assert held_by(person) == {"connections.view_account"}


def test_a_name_that_is_none_is_no_silent_no(bob: User) -> None:
    with pytest.raises(KeyError):
        may(bob, "stop_conections")


def test_nobody_and_somebody_who_left_may_nothing(admin_user: User) -> None:
    admin_user.is_active = False
    assert not any(may(one, name) for one in (AnonymousUser(), admin_user) for name in PERMISSIONS)


@pytest.mark.parametrize(
    ("permission", "which"),
    [("stop_connection", "stoppable_by"), ("open_connection", "openable_by"), ("hold_recut", "holdable_by")],
)
def test_what_one_may_do_is_among_what_one_sees(permission: str, which: str, make_connection: object) -> None:
    connection = make_connection()  # type: ignore[operator]
    for name, codenames, found in (
        ("dana", (permission, "view_connection"), [connection]),
        ("erin", (permission,), []),
        ("frank", ("view_connection",), []),
    ):
        assert list(getattr(Connection.objects, which)(give(name, *codenames))) == found
