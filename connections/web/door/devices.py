"""Where somebody is signed in: written down at the sign-in, listed for them, and ended one by one or all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.models.door.factors import SignedIn
from connections.people.lines import named
from connections.web.origin import UNKNOWN, web_origin
from connections.web.sessions import digest

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

    from connections.audit.origin import Origin


def began(sender: object, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """Somebody signed in. Their session gets its row with the answer, under the key that it has now."""
    if request is None or not request.session.session_key:
        return
    origin = web_origin(request)
    SignedIn.objects.update_or_create(
        session=digest(request.session.session_key),
        defaults={"user": user, "address": origin.client_ip or UNKNOWN, "device": origin.user_agent},
    )


def of(user: User) -> list[SignedIn]:
    """The sessions of `user` that go on, the newest first; what is told of those that are over is forgotten."""
    going_on = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    SignedIn.objects.filter(user=user).exclude(session__in=going_on).delete()
    return list(SignedIn.objects.filter(user=user))


def end(user: User, actor: User | None, origin: Origin, *, only: int | None = None, but: str = "") -> int:
    """End the sessions of `user`: all, the one with the key `only`, or all but the one with the key `but`.

    Returns how many were ended.
    """
    rows = SignedIn.objects.filter(user=user).exclude(session=digest(but) if but else "")
    if only is not None:
        rows = rows.filter(pk=only)
    with transaction.atomic():
        keys = list(rows.values_list("session", flat=True))
        ended = Session.objects.filter(session_key__in=keys).delete()[0]
        SignedIn.objects.filter(session__in=keys).delete()
        if ended:
            append([Entry("user.sessions_ended", origin, actor=actor, facts={**named(user), "count": ended})])
    return ended
