"""What a folder needs before the panel can run in it: tables, collected files, somebody who can sign in."""

from __future__ import annotations

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
            password = secrets.token_urlsafe(12)
            users.create_superuser("admin", password=password)
            return "admin", password
        administrator = users.filter(is_superuser=True, is_active=True).order_by("pk").first()
        return administrator.get_username() if administrator else "NAME", None
    finally:
        connections.close_all()
