"""One-time links: by one somebody sets their first password, or a new one. Nothing of a link is kept."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
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

    from django.contrib.auth.models import User

    from connections.audit.origin import Origin

MADE = "user.link_made"


class LinkTokens(PasswordResetTokenGenerator):
    """Signed over the password, the last sign-in and the address: each change of one of them ends every link."""

    key_salt = "connections.people.links"


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
    lines = AuditEvent.objects.without_folded(of_all=True).filter(action=MADE, at__gt=timezone.now() - lifetime())
    found = {}
    for at, body in lines.order_by("seq").values_list("at", "body") if waiting else ():
        if (key := json.loads(body).get("user_id")) in waiting:
            found[key] = at + lifetime()
    return found
