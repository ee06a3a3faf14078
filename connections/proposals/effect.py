"""Making a change that was asked for: as the one of who asked, if they may still give it and nothing else changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, User
from django.utils.translation import gettext as _

from connections.audit.origin import Origin
from connections.models import Account, Proposal, ProtectedRule
from connections.models.door.proposals import Subject
from connections.models.rights import may
from connections.models.scope import PATTERNS, ScopeRule
from connections.people import directory, rights
from connections.people.lines import group_line, standing_of, standing_of_group, user_line
from connections.proposals import limits
from connections.proposals.rights import gives

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connections.audit.append import Entry


class CannotBeMade(Exception):
    """What was asked for is not as it was then. Nothing may stay of it. The message is fit for a person."""


def make(proposal: Proposal, now: datetime) -> list[Entry]:
    """Make the change, in the caller's transaction. Returns its lines, to be appended. Raises CannotBeMade."""
    return MAKERS[Subject(proposal.subject)](proposal, proposal.asked_by, now)


def _person(proposal: Proposal, actor: User, now: datetime) -> list[Entry]:
    person = User.objects.select_for_update(no_key=True).get(pk=proposal.key or 0)
    wish = proposal.wish
    if not (may(actor, "change_user") and rights.may_change_rights_of(actor, person)):
        raise CannotBeMade(_may_not(actor))
    if not person.is_active and "is_active" not in wish["flags"]:
        raise CannotBeMade(_("%s may not sign in any more.") % person.get_username())
    groups = _groups(wish, actor)
    stay = set(person.groups.values_list("name", flat=True)) - set(wish["groups_removed"])
    if why := directory.refuse_by_hand(person, {*stay, *wish["groups"]}):
        raise CannotBeMade(why)
    given = rights.by_label(rights.may_give_alone(actor))
    if not set(given).issuperset(wish["permissions"]) or ("is_superuser" in wish["flags"] and not actor.is_superuser):
        raise CannotBeMade(_may_not(actor))
    before = standing_of(person)
    person.groups.add(*groups)
    person.groups.remove(*Group.objects.filter(name__in=wish["groups_removed"]))
    person.user_permissions.add(*(given[name] for name in wish["permissions"]))
    for flag in wish["flags"]:
        setattr(person, flag, True)
    person.save(update_fields=wish["flags"])
    line = user_line(person, before, [], actor, _origin(proposal))
    return [line] if line else []


def _groups(wish: dict[str, Any], actor: User) -> list[Group]:
    """The roles that are given, which have to give what they gave when they were asked for."""
    found = list(rights.groups_within(actor).filter(name__in=wish["groups"]))
    if len(found) != len(wish["groups"]):
        raise CannotBeMade(_may_not(actor))
    for group in found:
        if gives(group) != wish["roles"].get(group.name):
            raise CannotBeMade(_("The role %s is not any more what it was when this was asked for.") % group.name)
    return found


def _role(proposal: Proposal, actor: User, now: datetime) -> list[Entry]:
    group = Group.objects.filter(pk=proposal.key or 0).first()
    if group is None:
        raise CannotBeMade(_("The role %s is not there any more.") % proposal.name)
    wish, before = proposal.wish, standing_of_group(group)
    given = rights.by_label(rights.may_give(actor))
    if not may(actor, "change_group") or not rights.may_change_group(actor, group):
        raise CannotBeMade(_may_not(actor))
    if not set(given).issuperset(wish.get("permissions", ())):
        raise CannotBeMade(_may_not(actor))
    group.permissions.add(*(given[name] for name in wish.get("permissions", ())))
    if "rules" in wish:
        if sorted(before.rules) != proposal.before["rules"]:
            raise CannotBeMade(_("The role %s is not any more what it was when this was asked for.") % group.name)
        _set_rules(group, wish["rules"])
    if not actor.is_superuser and not rights.groups_within(actor).filter(pk=group.pk).exists():
        raise CannotBeMade(_may_not(actor))
    line = group_line(group, before, actor, _origin(proposal))
    return [line] if line else []


def _set_rules(group: Group, rules: list[dict[str, Any]]) -> None:
    accounts = {rule["account_id"] for rule in rules} - {None}
    if Account.objects.filter(pk__in=accounts).count() != len(accounts):
        raise CannotBeMade(_("An account that its rules name is not there any more."))
    group.scope_rules.all().delete()
    parts = ("kind", "account_id", *PATTERNS)
    ScopeRule.objects.bulk_create([ScopeRule(group=group, **{name: rule[name] for name in parts}) for rule in rules])


def _ceiling(proposal: Proposal, actor: User, now: datetime) -> list[Entry]:
    group = Group.objects.filter(pk=proposal.key or 0).first()
    if proposal.key is not None and group is None:
        raise CannotBeMade(_("The role %s is not there any more.") % proposal.name)
    _refuse_without_roles(actor)
    numbers = (proposal.wish["per_run"], proposal.wish["per_hour"])
    return [limits.write_ceiling(group, numbers, actor, _origin(proposal), now)[1]]


def _protection(proposal: Proposal, actor: User, now: datetime) -> list[Entry]:
    _refuse_without_roles(actor)
    rule = ProtectedRule.objects.filter(pk=proposal.key or 0, ends_at=None).first()
    if rule is None:
        raise CannotBeMade(_("It protects nothing any more."))
    rule.ends_at = now
    rule.save(update_fields=("ends_at",))
    return [limits.protection_line(rule, actor, _origin(proposal))]


def _may_not(actor: User) -> str:
    return _("%s may not give this any more.") % actor.get_username()


def _refuse_without_roles(actor: User) -> None:
    if not may(actor, "manage_roles"):
        raise CannotBeMade(_may_not(actor))


def _origin(proposal: Proposal) -> Origin:
    return Origin(**proposal.origin)


MAKERS: dict[Subject, Callable[[Proposal, User, datetime], list[Entry]]] = {
    Subject.PERSON: _person,
    Subject.ROLE: _role,
    Subject.CEILING: _ceiling,
    Subject.PROTECTION: _protection,
}
