"""System checks: what has to be right before the panel may be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections

from connections.audit import signing, triggers
from connections.db import search_index
from connections.db.encoding import why_not_every_letter


@register(Tags.database)
def history_is_append_only(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    # No error: migrate, which makes them again, would refuse to run.
    return [
        checks.Warning(
            f"The history can be changed: trigger {name} is missing or was changed.",
            hint="Run `python manage.py migrate`, which makes it again, then `python manage.py verify_audit`.",
            id="connections.W001",
        )
        for using in databases or ()
        if triggers.TABLE in connections[using].introspection.table_names()
        for name in triggers.missing(using)
    ]


@register(Tags.database)
def names_are_indexed(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    hint = (
        "Run `python manage.py migrate`, which makes it. On PostgreSQL the role needs CREATE on the database, or "
        "somebody who has it runs `CREATE EXTENSION pg_trgm` there first."
    )
    return [
        checks.Warning(f"A search by name reads every record: {name} is missing.", hint=hint, id="connections.W003")
        for using in databases or ()
        if search_index.TABLE in connections[using].introspection.table_names()
        for name in search_index.missing(using)
    ]


# Not one of `Tags.database`, which `check` leaves out: what passes it has to be able to start.
@register(Tags.compatibility)
def database_holds_every_letter(**kwargs: Any) -> list[CheckMessage]:
    try:
        why = why_not_every_letter()
    except OperationalError:
        return []  # away, which is told by who needs it
    hint = "Make it anew with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0` and load its dump into that."
    return [Error(why, hint=hint, id="connections.E005")] if why else []


@register(Tags.security)
def files_are_private(**kwargs: Any) -> list[CheckMessage]:
    return [
        checks.Warning(
            f"{path} can be read by other users of this machine.",
            hint=f"It holds secrets, of people or of the panel: chmod 600 {path}",
            id="connections.W002",
        )
        for path in private_files()
        if path.exists() and path.stat().st_mode & 0o077
    ]


def private_files() -> list[Path]:
    """The files of this host that nobody else may read, whether they are there or not."""
    databases = [str(settings.HUEY.get("filename", ""))]
    databases += [str(one["NAME"]) for one in settings.DATABASES.values() if one["ENGINE"].endswith("sqlite3")]
    stored = [Path(name + end) for name in filter(None, databases) for end in ("", "-wal", "-shm", "-journal")]
    return [settings.BASE_DIR / ".env", signing.key_file(), settings.DATA_FOLDER / "sandbox.json", *stored]


@register(Tags.security)
def signing_key_is_one(**kwargs: Any) -> list[CheckMessage]:
    try:
        signing.trusted_keys()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="connections.E003")]
    except signing.NoSigningKey:
        pass  # its file belongs to the worker alone
    return []
