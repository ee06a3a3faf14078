"""The page on which ceilings are set."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.audit.origin import Origin
from connections.models import AuditEvent, Ceiling
from connections.proposals.decisions import take_effect
from connections.proposals.limits import Saved, set_ceiling
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
WEB = Origin("web")


def give(admin: User, per_run: int | None, group: Group | None = None) -> Saved:
    return set_ceiling(group, per_run=per_run, per_hour=None, actor=admin, origin=WEB)


def in_force() -> list[int | None]:
    return [one.per_run for one in Ceiling.objects.in_force(timezone.now())]


def test_a_lower_ceiling_counts_at_once_and_the_history_tells_it(admin_user: User) -> None:
    give(admin_user, 500)
    assert in_force() == [500]
    assert AuditEvent.objects.get(action="ceiling.changed").actor == admin_user


def after_a_day() -> list[int | None]:
    later = timezone.now() + timedelta(hours=25)
    take_effect(later)
    return [one.per_run for one in Ceiling.objects.in_force(later)]


@pytest.mark.parametrize("more", [501, None])
def test_a_higher_one_counts_after_a_day(admin_user: User, more: int | None) -> None:
    give(admin_user, 500)
    assert give(admin_user, more).waits
    assert in_force() == [500]
    assert after_a_day() == [more]


def test_a_lower_one_takes_back_what_was_to_count_later(admin_user: User) -> None:
    give(admin_user, 500)
    give(admin_user, 900)
    give(admin_user, 100)
    assert after_a_day() == [100]


def test_of_two_numbers_the_lower_one_counts_at_once(admin_user: User) -> None:
    set_ceiling(None, per_run=500, per_hour=500, actor=admin_user, origin=WEB)
    set_ceiling(None, per_run=100, per_hour=900, actor=admin_user, origin=WEB)
    now = Ceiling.objects.in_force(timezone.now())[0]
    assert (now.per_run, now.per_hour) == (100, 500)


def test_the_page_sets_the_ceiling_of_a_role(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    role, page = Group.objects.get(name="Operators"), reverse("admin:connections_approval_ceilings")
    sent = {"which": str(role.pk), f"role{role.pk}-group": str(role.pk), f"role{role.pk}-per_run": "50"}
    answer = client.post(page, sent, follow=True)
    assert "Saved. It counts from now on." in text_of(answer)
    assert Ceiling.objects.get().group == role


def test_a_wrong_number_is_refused_at_its_field(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    page = reverse("admin:connections_approval_ceilings")
    assert "Nothing was changed." in text_of(client.post(page, {"which": "", "all-per_run": "-1"}))
    assert not Ceiling.objects.exists()


def test_who_may_not_manage_roles_sets_none(operator: Client) -> None:
    assert operator.post(reverse("admin:connections_approval_ceilings"), {"all-per_run": "1"}).status_code == 403
