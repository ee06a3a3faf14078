"""Somebody can sign in after a start: an administrator is made where there is none."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User

from remoteit_admin.launch.first_start import first_administrator
from tests.stops.test_drain import lines

pytestmark = pytest.mark.django_db(transaction=True)


def test_there_is_one_after_the_first_start() -> None:
    name, password = first_administrator()
    user = authenticate(username=name, password=password)
    assert user is not None
    assert user.is_superuser


def test_one_who_is_there_is_named_and_gets_no_new_password(admin_user: User) -> None:
    assert first_administrator() == ("admin", None)
    assert User.objects.count() == 1


def test_operators_alone_get_an_administrator_and_the_history_says_so(alice: User) -> None:
    name, password = first_administrator()
    assert (name, bool(password)) == ("admin", True)
    [line] = lines("user.added")
    assert (line["user"], line["is_superuser"], line["origin"]) == ("admin", True, "command")


def test_beside_one_who_was_deactivated_another_is_made_under_a_free_name(admin_user: User) -> None:
    User.objects.update(is_active=False)
    User.objects.create_user("admin2")
    name, password = first_administrator()
    assert (name, bool(password)) == ("admin3", True)
    assert not User.objects.get(pk=admin_user.pk).is_active
