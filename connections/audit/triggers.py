"""Triggers that refuse to change or remove a line of the history or a checkpoint, on SQLite and PostgreSQL.

SQLite drops a table's triggers when a migration rebuilds it, so they are made again after every migrate.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

from connections.models import AuditCheckpoint, AuditEvent

TABLE = AuditEvent._meta.db_table
TABLES = {"audit": TABLE, "checkpoint": AuditCheckpoint._meta.db_table}
REFUSAL = "the history is append-only"

# `INSERT OR REPLACE` would rewrite a row past UPDATE and DELETE triggers, so an insert over a row is refused too. A
# checkpoint that is there already is left as it is: two processes may sign the same line.
SAME_ROW = {
    "audit": f"SELECT 1 FROM {TABLE} WHERE seq = NEW.seq OR hash = NEW.hash",  # noqa: S608 - our own table's name
    "checkpoint": f"SELECT 1 FROM {TABLES['checkpoint']} WHERE seq = NEW.seq",  # noqa: S608 - our own table's name
}
WHEN_REPLACED = {"audit": f"RAISE(ABORT, '{REFUSAL}')", "checkpoint": "RAISE(IGNORE)"}
SQLITE = {
    f"{name}_no_{verb.lower()}": f"BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for name, table in TABLES.items()
    for verb in ("UPDATE", "DELETE")
} | {
    f"{name}_no_replace": (
        f"BEFORE INSERT ON {table} WHEN EXISTS ({SAME_ROW[name]}) BEGIN SELECT {WHEN_REPLACED[name]}; END"
    )
    for name, table in TABLES.items()
}
POSTGRESQL = {
    f"{name}_no_change": f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
    for name, table in TABLES.items()
} | {
    f"{name}_no_truncate": f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    for name, table in TABLES.items()
}
POSTGRESQL_BODY = f" BEGIN RAISE EXCEPTION '{REFUSAL}'; END "
POSTGRESQL_FUNCTION = (
    f"CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $${POSTGRESQL_BODY}$$"
)
# Those that refuse as ours do: enabled, without a condition, before whole rows (27: UPDATE and DELETE) or the statement
# (34: TRUNCATE), by a function with our text.
POSTGRESQL_GOOD = """
SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE pg_table_is_visible(tgrelid) AND relname = ANY(%s) AND tgenabled IN ('O', 'A') AND tgqual IS NULL
AND tgattr = '' AND tgtype = CASE WHEN tgname LIKE '%%\\_no\\_truncate' THEN 34 ELSE 27 END AND prosrc = %s
"""


def wanted(using: str = "default") -> dict[str, str]:
    """The triggers by name, of the tables that are there: before its first migration none is."""
    triggers = POSTGRESQL if connections[using].vendor == "postgresql" else SQLITE
    present = set(connections[using].introspection.table_names())
    return {name: text for name, text in triggers.items() if TABLES[name.partition("_")[0]] in present}


def missing(using: str = "default") -> list[str]:
    """The names of the triggers that should be there and are not, or not as we make them, or are disabled."""
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            cursor.execute(POSTGRESQL_GOOD, [list(TABLES.values()), POSTGRESQL_BODY])
            good = {name for (name,) in cursor.fetchall()}
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            good = {name for name, sql in cursor.fetchall() if sql == f"CREATE TRIGGER {name} {SQLITE.get(name)}"}
    return [name for name in wanted(using) if name not in good]


def install(using: str = "default") -> None:
    """Make the triggers that are missing."""
    absent = missing(using)
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION)
        for name in absent:
            _drop(cursor, name, using)
            cursor.execute(f"CREATE TRIGGER {name} {wanted(using)[name]}")


def remove(using: str = "default") -> None:
    """Drop the triggers: for a test database that has to be emptied, and for nothing else."""
    with connections[using].cursor() as cursor:
        for name in wanted(using):
            _drop(cursor, name, using)


def _drop(cursor: Any, name: str, using: str) -> None:
    on_table = f" ON {TABLES[name.partition('_')[0]]}" if connections[using].vendor == "postgresql" else ""
    cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")
