"""Sessions whose table opens nothing: a row is found by a digest of the key that the cookie holds."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from connections.db.writable import why_not_writable

log = logging.getLogger(__name__)

DIGITS = 40
"""As many as the column of Django's table holds: 160 bits of the SHA-256."""


def digest(key: str) -> str:
    """What the table keeps of a session's key. The key is as random as the digest is long, so nobody can guess back."""
    return hashlib.sha256(key.encode()).hexdigest()[:DIGITS]


class SessionStore(db.SessionStore):
    """Django's, by digest. Rows of raw keys, which an earlier version wrote, are found by no cookie."""

    def _get_session_from_db(self) -> Session | None:
        found = Session.objects.filter(
            session_key=digest(self.session_key or ""), expire_date__gt=timezone.now()
        ).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(digest(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        row.session_key = digest(row.session_key)
        return row

    def save(self, must_create: bool = False) -> None:
        """As Django's; but what is stored stays as it was where the database takes no write.

        A page that only reads would end in an error otherwise, and say nothing of what the database says.
        """
        try:
            super().save(must_create)
        except UpdateError:
            if not self.exists(self.session_key or ""):
                raise  # the session was ended meanwhile
            log.warning("A session could not be stored: %s", why_not_writable() or "the database was not there")

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(digest(key))
