"""What a folder needs before the panel can run in it: tables, collected files, somebody who can sign in."""

from __future__ import annotations

import os
import secrets
from itertools import chain, count

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connections

from remoteit_admin import outage
from remoteit_admin.launch.failure import LaunchError


def prepare() -> None:
    """Bring tables and collected files up to date. Raises LaunchError, with Django's or the database's words."""
    try:
        django.setup()
        call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
        call_command("collectstatic", interactive=False, verbosity=0)
    except (ImproperlyConfigured, CommandError, OSError) as error:
        raise LaunchError(f"The panel can't start: {error}") from error
    except Exception as error:
        if not (why := outage.why(error)):
            raise
        raise LaunchError(why) from error
    connections.close_all()


def first_administrator() -> tuple[str, str | None]:
    """The name of an administrator, and the password if they were made just now: it is stored nowhere in the clear.

    One is made where nobody is left who can give permissions: there is no active superuser.
    """
    from django.contrib.auth import get_user_model

    users = get_user_model().objects
    try:
        administrator = users.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if administrator:
            return administrator.get_username(), None
        taken = {*users.values_list("username", flat=True)}
        name = next(name for name in chain(["admin"], map("admin{}".format, count(2))) if name not in taken)
        return name, _make(name)
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
