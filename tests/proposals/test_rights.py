"""A change of who may do what, where a second person is required: what takes away counts, what gives waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.audit.append import append
from connections.models import AuditEvent, Ceiling, Notice, Proposal, ScopeRule
from connections.notices import alarms, people
from connections.notices.outbox import fill
from connections.people.lines import password_line, standing_of, user_line
from connections.proposals import decisions
from connections.proposals.limits import set_ceiling
from connections.stops.approvals import CannotDecide, Proof
from connections.words.telling.notices import sentence
from tests.conftest import make_user
from tests.support.pages import text_of
from tests.support.people import grant
from tests.support.runs import WEB

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(db: None) -> User:
    user = make_user("lead", "Operators")
    grant(user, "approve_runs")
    return user


@pytest.fixture
def required(admin_user: User) -> None:
    Ceiling.objects.create(group=None, per_run=100, made_by=admin_user)


@pytest.fixture
def admin_page(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


def change(client: Client, person: User, *roles: str, **more: Any) -> Any:
    pks = list(Group.objects.filter(name__in=roles).values_list("pk", flat=True))
    form = {"name": "", "email": person.email, "may_sign_in": "on", "roles": pks, "reason": "on call", **more}
    return client.post(reverse("person_change", args=[person.pk]), form, follow=True)


def roles_of(person: User) -> set[str]:
    return set(person.groups.values_list("name", flat=True))


def yes(proposal: Proposal, person: User, *, seen: str = "") -> None:
    proof = Proof("passkey", timezone.now())
    decisions.confirm(proposal, person, seen=seen or proposal.sha256, proof=proof, origin=WEB)


def waiting() -> Proposal:
    return Proposal.objects.waiting().get()


def test_where_nobody_has_to_be_asked_a_role_counts_at_once(admin_page: Client, bob: User) -> None:
    change(admin_page, bob, "Operators")
    assert roles_of(bob) == {"Operators"}
    assert not Proposal.objects.exists()


def test_a_role_that_is_given_waits_and_one_that_is_taken_is_gone(
    admin_page: Client, alice: User, required: None
) -> None:
    page = change(admin_page, alice, "Leads")
    assert roles_of(alice) == set()
    assert "What it gives waits for a second person" in text_of(page)
    assert waiting().wish["groups"] == ["Leads"]
    assert '"groups_removed":["Operators"]' in AuditEvent.objects.get(action="user.changed").body


def test_a_yes_makes_the_change_as_that_of_who_asked(
    admin_page: Client, admin_user: User, bob: User, lead: User, required: None
) -> None:
    change(admin_page, bob, "Leads")
    yes(waiting(), lead)
    assert roles_of(bob) == {"Leads"}
    assert AuditEvent.objects.get(action="user.changed").actor == admin_user
    assert AuditEvent.objects.get(action="change.confirmed").actor == lead


def test_what_nobody_denies_counts_after_a_day(admin_page: Client, bob: User, required: None) -> None:
    change(admin_page, bob, "Leads")
    assert decisions.take_effect(timezone.now() + timedelta(hours=23)) == 0
    assert decisions.take_effect(timezone.now() + timedelta(hours=25)) == 1
    assert roles_of(bob) == {"Leads"}


def test_what_is_denied_never_counts(admin_page: Client, bob: User, lead: User, required: None) -> None:
    change(admin_page, bob, "Leads")
    proposal = waiting()
    with pytest.raises(CannotDecide, match="Say why"):
        decisions.deny(proposal, lead, note=" ", origin=WEB)
    decisions.deny(proposal, lead, note="not on call", origin=WEB)
    assert decisions.take_effect(timezone.now() + timedelta(hours=25)) == 0
    assert roles_of(bob) == set()


def test_neither_who_asked_nor_who_gains_decides(
    admin_page: Client, admin_user: User, lead: User, required: None
) -> None:
    change(admin_page, lead, "Operators", "Leads")
    for person, why in ((admin_user, "yourself"), (lead, "to yourself")):
        with pytest.raises(CannotDecide, match=why):
            yes(waiting(), person)


def test_who_got_the_right_from_the_requester_a_while_ago_does_not_decide(
    admin_page: Client, admin_user: User, bob: User, required: None
) -> None:
    friend = make_user("friend")
    before = standing_of(friend)
    grant(friend, "approve_runs")
    line = user_line(friend, before, [], admin_user, WEB)
    assert line
    append([line])
    change(admin_page, bob, "Leads")
    with pytest.raises(CannotDecide, match="within the last 24 hours"):
        yes(waiting(), friend)


def test_who_got_a_password_from_the_requester_does_not_decide(
    admin_page: Client, admin_user: User, bob: User, lead: User, required: None
) -> None:
    append([password_line(lead, admin_user, WEB)])
    change(admin_page, bob, "Leads")
    with pytest.raises(CannotDecide, match="or a password, within the last 24 hours"):
        yes(waiting(), lead)


def test_what_waits_is_told_at_once_to_who_can_decide_and_the_decision_to_who_asked(
    admin_page: Client, admin_user: User, alice: User, bob: User, lead: User, required: None
) -> None:
    fill(people.CHANNEL)
    change(admin_page, bob, "Leads")
    assert told(lead) == ["admin wishes to give bob more rights: a second person decides"]
    decisions.deny(waiting(), lead, note="not on call", origin=WEB)
    assert told(admin_user) == ["lead denied your wish to give bob more rights"]
    assert told(alice) == []
    assert not Notice.objects.of(lead).open().exists()


def told(user: User) -> list[str]:
    """What stands in the bell of `user` after one turn of the courier."""
    alarms.watch()
    fill(people.CHANNEL)
    return [sentence(one.kind, one.facts) for one in Notice.objects.filter(user=user).order_by("pk")]


def test_of_two_who_decide_the_second_is_told(admin_page: Client, bob: User, lead: User, required: None) -> None:
    change(admin_page, bob, "Leads")
    first, second = waiting(), waiting()
    yes(first, lead)
    with pytest.raises(CannotDecide, match="a moment ago"):
        yes(second, lead)


def test_a_requester_who_lost_the_right_gives_nothing_any_more(
    admin_page: Client, admin_user: User, bob: User, lead: User, required: None
) -> None:
    change(admin_page, bob, "Leads")
    User.objects.filter(pk=admin_user.pk).update(is_superuser=False)
    with pytest.raises(CannotDecide, match="may not give this any more"):
        yes(waiting(), lead)
    decisions.take_effect(timezone.now() + timedelta(hours=25))
    assert Proposal.objects.get().state == "lapsed"
    assert roles_of(bob) == set()


def test_a_role_that_became_another_one_is_not_given(admin_page: Client, bob: User, lead: User, required: None) -> None:
    night = Group.objects.create(name="Night")
    change(admin_page, bob, "Night")
    night.permissions.add(Permission.objects.get(codename="manage_people"))
    with pytest.raises(CannotDecide, match="not any more what it was"):
        yes(waiting(), lead)


def test_a_role_that_gives_more_waits_for_those_who_are_in_it(
    admin_page: Client, admin_user: User, alice: User, bob: User, required: None
) -> None:
    group = Group.objects.get(name="Operators")
    more = [*group.permissions.values_list("pk", flat=True), Permission.objects.get(codename="manage_runs").pk]
    page = reverse("admin:auth_group_change", args=[group.pk])
    assert "Say why" in text_of(admin_page.post(page, {"name": "Operators", "permissions": more}))
    admin_page.post(page, {"name": "Operators", "permissions": more, "reason": "nights"})
    assert not group.permissions.filter(codename="manage_runs").exists()
    grant(bob, "approve_runs")
    grant(alice, "approve_runs")
    with pytest.raises(CannotDecide, match="to yourself"):
        yes(waiting(), alice)
    yes(waiting(), bob)
    assert group.permissions.filter(codename="manage_runs").exists()


def test_a_scope_that_is_made_wider_waits_and_one_that_is_made_narrower_counts(
    admin_page: Client, alice: User, lead: User, required: None
) -> None:
    group = Group.objects.get(name="Operators")
    lead.groups.clear()
    rule = ScopeRule.objects.create(group=group, device="Plant 7*")
    page = reverse("admin:auth_group_change", args=[group.pk])
    form = {"name": "Operators", "permissions": list(group.permissions.values_list("pk", flat=True)), "reason": "x"}
    rules = {"scope_rules-TOTAL_FORMS": "1", "scope_rules-INITIAL_FORMS": "1", "scope_rules-0-id": str(rule.pk),
             "scope_rules-0-group": str(group.pk), "scope_rules-0-kind": "see"}  # fmt: skip
    admin_page.post(page, {**form, **rules, "scope_rules-0-device": "Plant*"})
    assert [one.device for one in group.scope_rules.all()] == ["Plant 7*"]
    yes(waiting(), lead)
    assert [one.device for one in group.scope_rules.all()] == ["Plant*"]
    rules["scope_rules-0-id"] = str(group.scope_rules.get().pk)
    admin_page.post(page, {**form, **rules, "scope_rules-0-device": "Plant*", "scope_rules-0-service": "ssh"})
    assert [one.service for one in group.scope_rules.all()] == ["ssh"]
    assert not Proposal.objects.waiting().exists()


def test_a_role_whose_ceiling_binds_is_not_taken_at_once_from_who_could_still_stop(
    admin_page: Client, admin_user: User, alice: User
) -> None:
    alice.groups.add(Group.objects.get(name="Leads"))
    set_ceiling(Group.objects.get(name="Operators"), per_run=5, per_hour=None, actor=admin_user, origin=WEB)
    change(admin_page, alice, "Leads")
    assert roles_of(alice) == {"Operators", "Leads"}
    assert waiting().wish["groups_removed"] == ["Operators"]


def test_who_is_new_comes_without_the_role_until_somebody_says_yes(
    admin_page: Client, lead: User, required: None
) -> None:
    role = Group.objects.get(name="Operators").pk
    form = {"name": "Dana", "email": "dana@example.com", "role": role, "first": "link"}
    assert "Say why" in text_of(admin_page.post(reverse("person_add"), form))
    admin_page.post(reverse("person_add"), {**form, "reason": "new"})
    dana = User.objects.get(username="dana@example.com")
    assert roles_of(dana) == set()
    yes(waiting(), lead)
    assert roles_of(dana) == {"Operators"}


def test_deactivating_counts_at_once_and_letting_in_again_waits(
    admin_page: Client, alice: User, required: None
) -> None:
    change(admin_page, alice, "Operators", may_sign_in="")
    assert not User.objects.get(pk=alice.pk).is_active
    change(admin_page, User.objects.get(pk=alice.pk), "Operators")
    assert not User.objects.get(pk=alice.pk).is_active
    assert waiting().wish["flags"] == ["is_active"]


def test_the_page_shows_from_what_to_what_and_confirms(
    admin_page: Client, bob: User, lead: User, required: None
) -> None:
    change(admin_page, bob, "Leads")
    proposal, client = waiting(), Client()
    client.force_login(lead)
    page = reverse("admin:connections_approval_change_page", args=[proposal.pk])
    shown = text_of(client.get(page))
    for words in ("admin wishes to give bob more rights", "on call", "Leads", "Decide as the second person"):
        assert words in shown
    assert "1 waits for a second person" in text_of(client.get(reverse("admin:connections_approval_changelist")))
    client.post(reverse("admin:connections_approval_change_confirm", args=[proposal.pk]), {"seen": proposal.sha256})
    assert roles_of(bob) == {"Leads"}


def test_an_old_proof_is_asked_for_again_before_a_yes(
    admin_page: Client, bob: User, lead: User, required: None
) -> None:
    change(admin_page, bob, "Leads")
    client = Client()
    client.force_login(lead)
    session = client.session
    session["proof"] = ["password", 1]
    session.save()
    address = reverse("admin:connections_approval_change_confirm", args=[waiting().pk])
    assert "to confirm that admin may give bob more rights" in text_of(client.post(address, {"seen": waiting().sha256}))
    assert roles_of(bob) == set()


def test_the_overview_says_to_who_can_decide_that_it_waits(
    admin_page: Client, admin_user: User, bob: User, lead: User, required: None
) -> None:
    change(admin_page, bob, "Leads")
    client = Client()
    client.force_login(lead)
    assert "admin wishes to give bob more rights" in text_of(client.get("/admin/"))
    assert "admin wishes to give bob more rights" not in text_of(admin_page.get("/admin/"))


def test_who_can_t_decide_and_did_not_ask_finds_nothing(
    admin_page: Client, alice: User, bob: User, required: None
) -> None:
    change(admin_page, bob, "Leads")
    client = Client()
    client.force_login(alice)
    for name in ("page", "confirm", "deny", "withdraw"):
        address = reverse(f"admin:connections_approval_change_{name}", args=[waiting().pk])
        assert (client.get(address) if name == "page" else client.post(address)).status_code == 404
