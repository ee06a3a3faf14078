"""What a folder needs before the panel can run in it: tables, collected files, somebody who can sign in."""

from __future__ import annotations

import os
import secrets

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from remoteit_admin.launch.failure import LaunchError


def prepare() -> None:
    """Bring tables and collected files up to date. Raises LaunchError, with Django's own words, when it can't."""
    try:
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
    except (ImproperlyConfigured, CommandError, DatabaseError, OSError) as error:
        raise LaunchError(f"The panel can't start: {error}") from error
    connections.close_all()


def first_administrator() -> tuple[str, str | None]:
    """The name of an administrator, and the password if they were made just now: it is stored nowhere in the clear."""
    from django.contrib.auth import get_user_model

    users = get_user_model().objects
    try:
        if not users.exists():
            return "admin", _make("admin")
        administrator = users.filter(is_superuser=True, is_active=True).order_by("pk").first()
        return administrator.get_username() if administrator else "NAME", None
    finally:
        connections.close_all()


def _make(name: str) -> str:
    """Make the administrator `name`, as `createsuperuser` does and with its line, and return the password."""
    password = secrets.token_urlsafe(12)
    os.environ["DJANGO_SUPERUSER_PASSWORD"] = password
    try:
        call_command("createsuperuser", username=name, email="", interactive=False, verbosity=0)
    finally:
        del os.environ["DJANGO_SUPERUSER_PASSWORD"]
    return password
