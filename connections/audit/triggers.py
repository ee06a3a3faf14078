"""Triggers that refuse to change or remove a line of the history, on SQLite and PostgreSQL.

SQLite drops a table's triggers when a migration rebuilds it, so they are made again after every migrate.
"""

from __future__ import annotations

from django.db import connections

from connections.models import AuditEvent

TABLE = AuditEvent._meta.db_table
REFUSAL = "the history is append-only"

# `INSERT OR REPLACE` would rewrite a row past UPDATE and DELETE triggers, so an insert over a row is refused too.
SAME_ROW = f"SELECT 1 FROM {TABLE} WHERE seq = NEW.seq OR hash = NEW.hash"  # noqa: S608 - our own table's name
SQLITE = {
    "audit_no_update": f"BEFORE UPDATE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    "audit_no_delete": f"BEFORE DELETE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    "audit_no_replace": (
        f"BEFORE INSERT ON {TABLE} WHEN EXISTS ({SAME_ROW}) BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    ),
}
POSTGRESQL = {
    "audit_no_change": f"BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "audit_no_truncate": f"BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
}
POSTGRESQL_FUNCTION = (
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
)


def wanted(using: str = "default") -> dict[str, str]:
    return POSTGRESQL if connections[using].vendor == "postgresql" else SQLITE


def missing(using: str = "default") -> list[str]:
    """The names of the triggers that should be there and are not (on PostgreSQL also: those that are disabled)."""
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgenabled IN ('O', 'A')", [TABLE]
            )
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        present = {name for (name,) in cursor.fetchall()}
    return [name for name in wanted(using) if name not in present]


def install(using: str = "default") -> None:
    """Make the triggers that are missing."""
    absent = missing(using)
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION)
        for name in absent:
            cursor.execute(f"CREATE TRIGGER {name} {wanted(using)[name]}")


def remove(using: str = "default") -> None:
    """Drop the triggers: for a test database that has to be emptied, and for nothing else."""
    on_table = f" ON {TABLE}" if connections[using].vendor == "postgresql" else ""
    with connections[using].cursor() as cursor:
        for name in wanted(using):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")
