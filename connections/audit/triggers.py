"""Triggers that refuse every line of the history but the next, and to change or remove one, or a checkpoint.

SQLite drops a table's triggers when a migration rebuilds it, so they are made again after every migrate.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

from connections.models import AuditCheckpoint, AuditEvent, AuditHead

TABLE = AuditEvent._meta.db_table
TABLES = {"audit": TABLE, "checkpoint": AuditCheckpoint._meta.db_table}
HEAD = AuditHead._meta.db_table
REFUSAL = "the history is append-only"
NOT_NEXT = "the history is append-only: this is not its next line"

# `INSERT OR REPLACE` would rewrite a row past UPDATE and DELETE triggers, so an insert over a row is refused too. A
# checkpoint that is there already is left as it is: two processes may sign the same line.
SAME_ROW = {
    "audit": f"SELECT 1 FROM {TABLE} WHERE seq = NEW.seq OR hash = NEW.hash",  # noqa: S608 - our own table's name
    "checkpoint": f"SELECT 1 FROM {TABLES['checkpoint']} WHERE seq = NEW.seq",  # noqa: S608 - our own table's name
}
# The head moves once, after all lines of an append: each of them continues the head or the line before it. A check of
# each row costs SQLite two look-ups by key; PostgreSQL looks at all rows of a statement at once, when they are in.
SQLITE_NEXT = f"""BEFORE INSERT ON {TABLE} WHEN NOT EXISTS (
  SELECT 1 FROM {HEAD} AS head WHERE head.seq >= 0 AND NEW.seq > head.seq AND NEW.prev_hash = CASE NEW.seq
    WHEN head.seq + 1 THEN head.hash ELSE (SELECT before.hash FROM {TABLE} AS before WHERE before.seq = NEW.seq - 1) END
) BEGIN SELECT RAISE(ABORT, '{NOT_NEXT}'); END"""  # noqa: S608 - our own tables' names
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
SQLITE["audit_next_line"] = SQLITE_NEXT
POSTGRESQL = {
    f"{name}_no_change": f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
    for name, table in TABLES.items()
} | {
    f"{name}_no_truncate": f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    for name, table in TABLES.items()
}
POSTGRESQL["audit_next_line"] = (
    f"AFTER INSERT ON {TABLE} REFERENCING NEW TABLE AS given FOR EACH STATEMENT EXECUTE FUNCTION audit_next_line()"
)
POSTGRESQL_BODY = f" BEGIN RAISE EXCEPTION '{REFUSAL}'; END "
# The head by its schema: a temporary table of that name would be found first.
POSTGRESQL_NEXT_BODY = f"""
BEGIN
  IF EXISTS (
    SELECT 1 FROM (
      SELECT given.seq, given.prev_hash,
        lag(given.seq, 1, head.seq) OVER in_order AS last_seq, lag(given.hash, 1, head.hash) OVER in_order AS last_hash
      FROM given LEFT JOIN (SELECT seq, hash FROM {{schema}}.{HEAD} WHERE seq >= 0 ORDER BY id LIMIT 1) AS head ON TRUE
      WINDOW in_order AS (ORDER BY given.seq)
    ) AS line WHERE (seq = last_seq + 1 AND prev_hash = last_hash) IS NOT TRUE
  ) THEN RAISE EXCEPTION '{NOT_NEXT}'; END IF;
  RETURN NULL;
END
"""  # noqa: S608 - our own tables' names
# Those that refuse as ours do: enabled, without a condition, by a function with our text; before whole rows (27: UPDATE
# and DELETE) or the statement (34: TRUNCATE), or after the statement, of all its rows (4: INSERT).
POSTGRESQL_GOOD = """
SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE pg_table_is_visible(tgrelid) AND relname = ANY(%s) AND tgenabled IN ('O', 'A') AND tgqual IS NULL AND tgattr = ''
AND CASE
  WHEN tgname = 'audit_next_line' THEN tgtype = 4 AND tgnewtable = 'given' AND prosrc = %s
  WHEN tgname LIKE '%%\\_no\\_truncate' THEN tgtype = 34 AND prosrc = %s
  ELSE tgtype = 27 AND prosrc = %s
END
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
            bodies = _functions(cursor)
            refuse, next_line = bodies["audit_refuse"], bodies["audit_next_line"]
            cursor.execute(POSTGRESQL_GOOD, [list(TABLES.values()), next_line, refuse, refuse])
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
            for name, body in _functions(cursor).items():
                cursor.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
        for name in absent:
            _drop(cursor, name, using)
            cursor.execute(f"CREATE TRIGGER {name} {wanted(using)[name]}")


def remove(using: str = "default") -> None:
    """Drop the triggers: for a test database that has to be emptied, and for nothing else."""
    with connections[using].cursor() as cursor:
        for name in wanted(using):
            _drop(cursor, name, using)


def _functions(cursor: Any) -> dict[str, str]:
    """PostgreSQL's trigger functions: their text by name."""
    cursor.execute("SELECT quote_ident(current_schema())")
    [schema] = cursor.fetchone()
    return {"audit_refuse": POSTGRESQL_BODY, "audit_next_line": POSTGRESQL_NEXT_BODY.format(schema=schema)}


def _drop(cursor: Any, name: str, using: str) -> None:
    on_table = f" ON {TABLES[name.partition('_')[0]]}" if connections[using].vendor == "postgresql" else ""
    cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")
