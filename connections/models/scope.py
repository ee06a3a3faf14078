"""On what a group's permissions count: its rules, and the condition on connections that comes of them.

A group without rules gives its permissions on everything. Rules of SEE bound whatever the group gives; rules of ACT
bound, of what it lets somebody see, what it lets them stop, open and hold. Who is in several groups may what any of
them gives, each within its own rules. A permission that somebody has by themselves, and a superuser's, has no bounds.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connections.models.accounts import Account
from connections.models.rights import ON_CONNECTIONS, codenames
from connections.models.sight.within import Says, Within

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connections.models.rights import Person

SEES = "view_connection"
PATTERNS = {"device": "device_name", "service": "service_name", "opener": "opened_by"}
"""The patterns of a rule, each with the column of a connection that it is about."""
NOTHING = Q(pk__in=())


class ScopeRule(models.Model):
    """One line of what a group may see, or may act on: connections that fit all that it says."""

    class ServiceKind(models.TextChoices):
        """What a service speaks."""

        SSH = "ssh", "SSH"
        WEB = "web", _("web (HTTP, HTTPS)")
        RDP = "rdp", "RDP"
        VNC = "vnc", "VNC"
        SMB = "smb", _("files (SMB)")

    class Kind(models.TextChoices):
        SEE = "see", _("may see")
        ACT = "act", _("may stop, open and hold")

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="scope_rules")
    kind = models.CharField(_("what it is about"), max_length=3, choices=Kind.choices, default=Kind.SEE)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    device = models.CharField(_("device"), max_length=200, blank=True)
    service = models.CharField(_("service"), max_length=200, blank=True)
    service_kind = models.CharField(_("kind of service"), max_length=3, choices=ServiceKind.choices, blank=True)
    opener = models.CharField(_("opened by"), max_length=254, blank=True)

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ("kind", "pk")
        default_permissions = ()

    def __str__(self) -> str:
        """As the history keeps it: `see account=default device=Plant 7*`; `see *` for everything."""
        if self.is_everything:
            return f"{self.kind} *"
        says = {"account": self.account.name if self.account else ""}
        says |= {"device": self.device, "service": self.service, "kind": self.service_kind, "opener": self.opener}
        return " ".join([self.kind, *(f"{name}={text}" for name, text in says.items() if text)])

    def clean(self) -> None:
        for name in PATTERNS:
            pattern = getattr(self, name).strip()
            if not pattern.isprintable():
                raise ValidationError({name: _("A pattern holds no character that can't be seen.")})
            # Nothing but stars is anything, as an empty one is: there is one way to say it.
            setattr(self, name, "" if pattern and not pattern.strip("*") else pattern)

    @property
    def is_everything(self) -> bool:
        return self.account_id is None and not any(getattr(self, name) for name in (*PATTERNS, "service_kind"))

    def says(self) -> Says:
        """What it says of a connection."""
        return Says(self.account_id, self.device, self.service, KINDS.get(self.service_kind, ()), self.opener)

    def condition(self, prefix: str = "") -> Q:
        """The connections that it is about. `prefix`: the way from the asked rows to the connection."""
        return Q() if self.is_everything else Q(Within((((self.says(),),),), prefix))

    def is_within(self, other: ScopeRule) -> bool:
        """Whether it plainly says no more than `other`: what `other` says, it says too."""
        says = ("account_id", "service_kind", *PATTERNS)
        return all(getattr(other, name) in (None, "", getattr(self, name)) for name in says)


KINDS: Mapping[str, tuple[int, ...]] = {
    "ssh": (28,),
    "web": (7, 8, 10, 30, 33, 42),
    "rdp": (5,),
    "vnc": (4,),
    "smb": (34,),
}
"""The kinds of service by remote.it's numbers for what they speak, as the vendor's desktop application has them."""


class Reach:
    """What one group's rules bound. `see` and `act`: its rules of each kind; without one, everything."""

    def __init__(self, rules: Iterable[ScopeRule]) -> None:
        found = list(rules)
        self.see = _bounding(found, ScopeRule.Kind.SEE)
        self.act = _bounding(found, ScopeRule.Kind.ACT)

    def rules(self, permission: str) -> list[list[ScopeRule]]:
        """The lists of rules of which each has to let a connection through."""
        lists = [self.see] if permission == SEES else [self.see, self.act]
        return [rules for rules in lists if rules]

    def is_within(self, other: Reach) -> bool:
        """Whether it plainly reaches no further than `other`."""
        pairs = ((self.see, other.see), (self.act, other.act))
        return all(
            not outer or (inner and all(any(rule.is_within(bound) for bound in outer) for rule in inner))
            for inner, outer in pairs
        )


@dataclass(frozen=True)
class Grants:
    """Which permissions somebody has `alone`, and of each of their groups which it gives, and its bounds."""

    alone: frozenset[str]
    by_group: list[tuple[frozenset[str], Reach]]


def reaches_of(person: Person, permission: str) -> list[Reach] | None:
    """The bounds of the groups by which `person`, who has `permission`, has it; None: it has none."""
    grants = None if getattr(person, "is_superuser", False) else _grants(person)
    if grants is None or permission in grants.alone:
        return None
    found = [reach for given, reach in grants.by_group if permission in given]
    return None if any(not reach.rules(permission) for reach in found) else found


def condition(person: Person, permission: str, prefix: str = "") -> Q | None:
    """The connections on which `permission`, which `person` has, counts; None: on all.

    `prefix`: the way from the asked rows to the connection, such as `connection__`.
    """
    reaches = reaches_of(person, permission)
    if reaches is None:
        return None
    alternatives = tuple(
        tuple(tuple(rule.says() for rule in rules) for rules in reach.rules(permission)) for reach in reaches
    )
    return Q(Within(alternatives, prefix)) if alternatives else NOTHING


def is_bounded(person: Person, *permissions: str) -> bool:
    """Whether one of `permissions` (to see, when none is named), which `person` has, does not count on everything."""
    return any(reaches_of(person, permission) is not None for permission in permissions or (SEES,))


def is_within(group: Group, person: Person) -> bool:
    """Whether `group` plainly gives nothing where it does not count for `person`."""
    own = Reach(group.scope_rules.all())
    for permission in codenames(group.permissions.all()) & {*ON_CONNECTIONS}:
        reaches = reaches_of(person, permission)
        if reaches is not None and not any(own.is_within(reach) for reach in reaches):
            return False
    return True


def _grants(person: Any) -> Grants | None:
    """None without any rule. Asked once for an instance, as Django asks once for the permissions of a person."""
    if not hasattr(person, "_grants"):
        person._grants = _read_grants(person)
    grants: Grants | None = person._grants
    return grants


def _read_grants(person: Any) -> Grants | None:
    rules: dict[int, list[ScopeRule]] = defaultdict(list)
    for rule in ScopeRule.objects.filter(group__user=person.pk):
        rules[rule.group_id].append(rule)
    if not rules:
        return None
    groups = Group.objects.filter(user=person.pk).prefetch_related("permissions__content_type")
    return Grants(
        codenames(Permission.objects.filter(user=person.pk).select_related("content_type")),
        [(codenames(group.permissions.all()), Reach(rules[group.pk])) for group in groups],
    )


def _bounding(rules: list[ScopeRule], kind: ScopeRule.Kind) -> list[ScopeRule]:
    of_kind = [rule for rule in rules if rule.kind == kind]
    return [] if any(rule.is_everything for rule in of_kind) else of_kind
