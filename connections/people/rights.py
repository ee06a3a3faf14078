"""Who may administer whom: the one place where that is decided. A right to administer is no right to everything.

Whoever is no superuser neither sees nor gives what they lack, touches nobody who may do more, and leaves their own
rights alone. Django's own forms ask only whether somebody may change users, or groups, at all.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q

from connections.models.rights import ON_CONNECTIONS, PERMISSIONS, all_labels, held_by
from connections.models.scope import is_bounded, is_within

if TYPE_CHECKING:
    from django.db.models import QuerySet


def offered() -> QuerySet[Permission]:
    """The permissions that mean something here."""
    labels = [label.split(".") for label in all_labels()]
    of_apps = (Q(content_type__app_label=app, codename=name) for app, name in labels)
    return Permission.objects.filter(reduce(or_, of_apps)).select_related("content_type")


def by_label(permissions: QuerySet[Permission]) -> dict[str, Permission]:
    """`permissions`, each by the form in which the history names it: `app.codename`."""
    return {_name(one): one for one in permissions}


def offered_by_label() -> dict[str, Permission]:
    return by_label(offered())


def named(permissions: QuerySet[Permission], held: QuerySet[Permission]) -> QuerySet[Permission]:
    """Those of `permissions` that have a name of today, and under older names those that are `held` already."""
    return permissions.filter(Q(codename__in=PERMISSIONS) | Q(pk__in=held.values("pk")))


def may_give(actor: User) -> QuerySet[Permission]:
    """The permissions that `actor` may give and take: those they have themselves; a superuser, all that are offered."""
    held = held_by(actor)
    return offered().filter(pk__in=[one.pk for one in offered() if _name(one) in held])


def may_give_alone(actor: User) -> QuerySet[Permission]:
    """Those that `actor` may give to one person beside their groups: it has no bounds, so theirs must have none."""
    given = may_give(actor)
    return given.exclude(codename__in=ON_CONNECTIONS) if is_bounded(actor, *ON_CONNECTIONS) else given


def groups_within(actor: User) -> QuerySet[Group]:
    """The groups that give nothing which `actor` lacks, and nothing where it does not count for `actor`."""
    found = Group.objects.exclude(permissions__in=_lacking(actor))
    if not is_bounded(actor, *ON_CONNECTIONS):
        return found
    return found.filter(pk__in=[group.pk for group in found.prefetch_related("scope_rules") if is_within(group, actor)])


def may_see_person(actor: User, person: User) -> bool:
    """Whether `actor`, who may see users, may see the page of `person`: a superuser's is for superusers."""
    return actor.is_superuser or not person.is_superuser


def may_change_person(actor: User, person: User) -> bool:
    """Whether `actor`, who may change users, may change `person`, password included: nobody who may do more."""
    return actor.is_superuser or person == actor or _is_within(actor, person)


def may_change_rights_of(actor: User, person: User) -> bool:
    """Whether `actor`, who may change users, may give to and take from `person`: not to themselves."""
    return actor.is_superuser or (person != actor and _is_within(actor, person))


def may_change_group(actor: User, group: Group) -> bool:
    """Whether `actor`, who may change groups, may change or delete `group`: none that gives more, nor one of theirs."""
    if actor.is_superuser:
        return True
    return groups_within(actor).filter(pk=group.pk).exclude(user=actor).exists()


def people_in_reach(actor: User) -> QuerySet[User]:
    """Those whom `actor` may change, as `may_change_person` says: everybody who may do no more. With themselves."""
    if actor.is_superuser:
        return User.objects.all()
    return User.objects.exclude(pk__in=User.objects.filter(_beyond(actor)).values("pk")) | User.objects.filter(
        pk=actor.pk
    )


def is_last_superuser(person: User) -> bool:
    """Whether nobody but `person` is a superuser who can sign in.

    Runs in the transaction of a change and locks the superusers: two who take it from each other at the same moment
    do so one after the other.
    """
    able = User.objects.select_for_update(no_key=True).filter(is_superuser=True, is_active=True, is_staff=True)
    return [one.pk for one in able.order_by("pk") if one.has_usable_password()] == [person.pk]


def _is_within(actor: User, person: User) -> bool:
    return not User.objects.filter(_beyond(actor), pk=person.pk).exists()


def _beyond(actor: User) -> Q:
    """Who may do more than `actor`, asked of the database: who is not active may nothing, and may be made so again."""
    beyond = Q(is_superuser=True) | Q(user_permissions__in=_lacking(actor)) | Q(groups__permissions__in=_lacking(actor))
    if is_bounded(actor, *ON_CONNECTIONS):
        # What somebody has by themselves has no bounds.
        beyond |= Q(user_permissions__in=offered().filter(codename__in=ON_CONNECTIONS))
        beyond |= Q(groups__in=Group.objects.exclude(pk__in=groups_within(actor).values("pk")))
    return beyond


def _lacking(actor: User) -> list[Permission]:
    held = held_by(actor)
    return [one for one in offered() if _name(one) not in held]


def _name(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"
