"""One-time links: by one somebody sets their first password, or a new one. Nothing of a link is kept."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from connections.audit.append import Entry, append
from connections.models import AuditEvent
from connections.people.lines import named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.audit.origin import Origin

MADE, CHANGED = "user.link_made", "user.changed"
ENDING = {"is_superuser", *(f"{of}_{how}" for of in ("groups", "permissions") for how in ("added", "removed"))}
"""What a line of a change says where the change ended the person's links."""


class LinkTokens(PasswordResetTokenGenerator):
    """Signed over password, last sign-in, address and roles: each change of one of them ends every link.

    Whoever made a link for somebody who could do little can't come in by it once that person can do more.
    """

    key_salt = "connections.people.links"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        person = User.objects.get(pk=user.pk)
        roles = sorted(person.groups.values_list("pk", flat=True))
        rights = sorted(person.user_permissions.values_list("pk", flat=True))
        return f"{super()._make_hash_value(user, timestamp)}{person.is_superuser}{roles}{rights}"


tokens = LinkTokens()


def lifetime() -> timedelta:
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def make(person: User, by: User, origin: Origin) -> tuple[str, str]:
    """A link for `person`, as the two parts of its address, with its line; whoever opens it first sets the password.

    Of somebody without a password earlier links end. Runs in a transaction of its own.
    """
    with transaction.atomic():
        if not person.has_usable_password():
            person.set_unusable_password()  # another one of those: earlier links were signed over the last
            person.save(update_fields=("password",))
        append([Entry(MADE, origin, actor=by, facts=named(person))])
    return urlsafe_base64_encode(force_bytes(person.pk)), tokens.make_token(person)


def end_of_links(people: Iterable[User]) -> dict[int, datetime]:
    """Until when the newest link of each of `people` counts who has no password yet, by key."""
    waiting = {person.pk for person in people if not person.has_usable_password()}
    lines = AuditEvent.objects.without_folded(of_all=True).filter(
        action__in=(MADE, CHANGED), at__gt=timezone.now() - lifetime()
    )
    found = {}
    for at, action, body in lines.order_by("seq").values_list("at", "action", "body") if waiting else ():
        facts = json.loads(body)
        key = facts.get("user_id")
        if action == MADE and key in waiting:
            found[key] = at + lifetime()
        elif ENDING & facts.keys():
            found.pop(key, None)
    return found
