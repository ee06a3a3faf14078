"""Whether somebody who is signed in sends a request, told by its head alone: before any of its body is read."""

from __future__ import annotations

import re
import time

from django.contrib.auth import get_user
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse, parse_cookie
from django.utils import timezone

from connections.people import tokens
from connections.web.session_end import is_over

AUTHORIZATION = re.compile(rb"\r\nauthorization:[ \t]*bearer[ \t]+([^\r\n]*)", re.IGNORECASE)
COOKIE = re.compile(rb"\r\ncookie:([^\r\n]*)", re.IGNORECASE)


def is_signed_in(head: bytes) -> bool:
    """Whether a cookie in `head` is that of a session that goes on, or a program's token opens something.

    Raises DatabaseError.
    """
    request = HttpRequest()
    request.COOKIES = parse_cookie(b";".join(COOKIE.findall(head)).decode("latin-1"))
    request_started.send(None, environ={})  # as for a request that goes through Django: its signals see to the database
    try:
        if found := AUTHORIZATION.search(head):
            return tokens.opens(found[1].decode("latin-1").strip(), timezone.now())
        SessionMiddleware(lambda request: HttpResponse()).process_request(request)
        return get_user(request).is_authenticated and not is_over(request.session, int(time.time()))
    finally:
        request_finished.send(None)
