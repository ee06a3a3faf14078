"""Whether the database has the tables of this version, and of no other."""

from __future__ import annotations

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from remoteit_admin import outage

APP = "connections"


def why_another() -> str:
    """The sentence that says what to do about it; "" when the database fits.

    Raises django.db.OperationalError when the database can't be asked.
    """
    loader = MigrationLoader(connection)
    applied = set(loader.applied_migrations)
    later = sorted(name for app, name in applied - set(loader.disk_migrations or ()) if app == APP)
    if later:
        return _(
            "The database is one of a later version (%s is not known here): start that version, or restore a backup "
            "from before it."
        ) % ", ".join(later)
    return outage.NOT_MIGRATED if set(loader.graph.nodes) - applied else ""
