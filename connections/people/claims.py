"""What an identity provider says of a person, read strictly: absent is not empty, and what is no list is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SUBJECT_LENGTH = 255
NAME_LENGTH = 150
MOST_GROUPS = 20_000
NAMES = ("preferred_username", "email", "sub")
"""By which of these somebody is called here: the first that is there."""


class Refused(Exception):
    """Nobody is signed in by these claims, and nothing was changed. The message is fit for a person."""


@dataclass(frozen=True)
class Said:
    """What claims say. `roles`: names of roles that the map gives for `groups`, of those that there are here."""

    subject: str
    name: str
    email: str
    groups: frozenset[str]
    roles: frozenset[str]
    not_here: frozenset[str] = frozenset()
    """Roles that the map names and that are none here."""


def read(claims: Mapping[str, Any], groups_claim: str, mapped: Mapping[str, frozenset[str]]) -> Said:
    """What `claims` give. `mapped`: a group of the directory -> names of roles here. Raises Refused."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or len(subject) > SUBJECT_LENGTH:
        raise Refused(_("The identity provider does not say who you are: “sub” is missing or no text."))
    groups = _groups(claims, groups_claim)
    wished = frozenset(role for group in groups for role in mapped.get(group, ()))
    here = frozenset(Group.objects.filter(name__in=wished).values_list("name", flat=True))
    email = claims.get("email", "")
    return Said(subject, _name(claims), email if _is_email(email) else "", groups, here, wished - here)


def _groups(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    if name not in claims:
        if name in (claims.get("_claim_names") or {}):
            raise Refused(
                _("You are in more groups than the identity provider sends at once (“%s”). It has to send fewer.")
                % name
            )
        raise Refused(
            _("The identity provider sends no “%s”, so it isn't known which roles are yours. Nothing was changed.")
            % name
        )
    groups = claims[name]
    if not isinstance(groups, list) or not all(isinstance(one, str) for one in groups):
        raise Refused(_("What the identity provider sends as “%s” is no list of names. Nothing was changed.") % name)
    if len(groups) > MOST_GROUPS:
        raise Refused(_("The identity provider sends more than %d groups. Nothing was changed.") % MOST_GROUPS)
    return frozenset(groups)


def _name(claims: Mapping[str, Any]) -> str:
    name = next((found for one in NAMES if isinstance(found := claims.get(one), str) and found), "")
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError:
        raise Refused(_("“%s” can't be a user name here: letters, digits and @ . + - _ alone.") % name[:80]) from None
    if len(name) > NAME_LENGTH:
        raise Refused(_("The name that the identity provider sends is longer than %d characters.") % NAME_LENGTH)
    return name


def _is_email(text: Any) -> bool:
    return isinstance(text, str) and "@" in text and len(text) <= User._meta.get_field("email").max_length  # type: ignore[operator]
