"""A session's two ends: so long after the last request, and so long after the sign-in whatever was asked since."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase

from connections.models import DirectoryPerson

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

BEGUN, SEEN, LONGEST = "session_begun", "session_seen", "session_longest"
DIRECTORY_S = 3600
"""Who comes from an identity provider goes there again: what it has taken away meanwhile is gone within an hour."""
BY_ITSELF = "/admin/notices/feed/"
"""What every open page asks for, hidden or not: nobody is there for that."""
WRITTEN_EVERY_S = 60
"""A list that refreshes itself must not write to the database with each request."""


def session_end(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Behind the middleware that knows who is signed in: end the session of who was away, or here, too long."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            _look(request)
        return get_response(request)

    return middleware


def begin(sender: object, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """Note when somebody signed in, in the write that a sign-in makes anyway."""
    if request is not None:
        request.session[BEGUN] = request.session[SEEN] = int(time.time())
        request.session.pop(LONGEST, None)
        if DirectoryPerson.objects.filter(user=user).exists():
            request.session[LONGEST] = DIRECTORY_S


def _look(request: HttpRequest) -> None:
    now, session = int(time.time()), request.session
    if is_over(session, now):
        # Without `logout`, which would tell of a person who signed out.
        try:
            session.flush()
        except DatabaseError as error:  # its row stays, and is over at every later request, too
            log.warning("A session that is over could not be deleted: %s", error)
        request.user = AnonymousUser()
    elif request.path_info == BY_ITSELF:
        return
    elif BEGUN not in session or now - session.get(SEEN, now) >= WRITTEN_EVERY_S:
        session[BEGUN], session[SEEN] = session.get(BEGUN, now), now


def is_over(session: SessionBase, now: int) -> bool:
    """Whether one of its two ends has come by `now`, seconds since 1970."""
    begun, seen = int(session.get(BEGUN, now)), int(session.get(SEEN, now))
    longest = int(session.get(LONGEST, settings.SESSION_COOKIE_AGE))
    return now - begun >= longest or now - seen >= settings.SESSION_IDLE_SECONDS
