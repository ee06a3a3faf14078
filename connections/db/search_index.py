"""The indexes by which names, ids and addresses are searched, which Django's models have no words for.

SQLite: FTS5 of three letters in a row over the folded names, which triggers keep. PostgreSQL: pg_trgm with GIN. Both
are made after every migrate where they are missing: a migration that rebuilds the table on SQLite takes its triggers.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connections, transaction

TABLE = "connections_connection"
INDEX = "connections_names"
# Which letters stand where is looked at in the column itself: without it the index is half as large.
SQLITE_INDEX = (
    f"CREATE VIRTUAL TABLE {INDEX} USING fts5(folded, content='{TABLE}', content_rowid='id', "
    "tokenize='trigram case_sensitive 1', detail='none')"
)
FORGET = f"INSERT INTO {INDEX} ({INDEX}, rowid, folded) VALUES ('delete', OLD.id, OLD.folded)"  # noqa: S608 - our own table's name
KEEP = f"INSERT INTO {INDEX} (rowid, folded) VALUES (NEW.id, NEW.folded)"  # noqa: S608 - our own table's name
SQLITE_TRIGGERS = {
    "names_inserted": f"AFTER INSERT ON {TABLE} BEGIN {KEEP}; END",
    "names_deleted": f"AFTER DELETE ON {TABLE} BEGIN {FORGET}; END",
    "names_changed": (f"AFTER UPDATE OF folded ON {TABLE} WHEN OLD.folded <> NEW.folded BEGIN {FORGET}; {KEEP}; END"),
}
SQLITE_INDEXES = {"connection_by_upper_address": f"ON {TABLE} (UPPER(device_address))"}
POSTGRESQL_INDEXES = {
    "connection_by_upper_address": f"ON {TABLE} (UPPER(device_address) text_pattern_ops)",
    "connection_by_key_start": f"ON {TABLE} (connection_key varchar_pattern_ops)",
}
POSTGRESQL_NAMES = {"connection_by_names": f"ON {TABLE} USING gin (folded gin_trgm_ops)"}
TRIGRAMS = "CREATE EXTENSION IF NOT EXISTS pg_trgm"


def install(using: str = "default") -> None:
    """Make what is missing. Without the right to make pg_trgm, PostgreSQL goes without the index of names."""
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        if "folded" not in {one.name for one in connection.introspection.get_table_description(cursor, TABLE)}:
            return  # before its migration, or on the way back
        if connection.vendor == "postgresql":
            _make_indexes(cursor, POSTGRESQL_INDEXES)
            try:
                with transaction.atomic(using):
                    cursor.execute(TRIGRAMS)
                    _make_indexes(cursor, POSTGRESQL_NAMES)
            except DatabaseError:
                return  # `check` says so, and what then takes long
        else:
            _make_indexes(cursor, SQLITE_INDEXES)
            try:
                _install_sqlite(cursor)
            except DatabaseError:
                return  # an SQLite without trigrams


def missing(using: str = "default") -> list[str]:
    """The names of what should be there and is not."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            wanted = {*POSTGRESQL_INDEXES, *POSTGRESQL_NAMES}
            cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = %s", [TABLE])
        else:
            wanted = {*SQLITE_INDEXES, *SQLITE_TRIGGERS, INDEX}
            cursor.execute("SELECT name FROM sqlite_master")
        return sorted(wanted - {name for (name,) in cursor.fetchall()})


def _make_indexes(cursor: Any, indexes: dict[str, str]) -> None:
    for name, text in indexes.items():
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {name} {text}")


def _install_sqlite(cursor: Any) -> None:
    cursor.execute("SELECT name FROM sqlite_master")
    present = {name for (name,) in cursor.fetchall()}
    if {INDEX, *SQLITE_TRIGGERS} <= present:
        return
    if INDEX not in present:
        cursor.execute(SQLITE_INDEX)
    for name, text in SQLITE_TRIGGERS.items():
        cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        cursor.execute(f"CREATE TRIGGER {name} {text}")
    # What was written while a trigger was missing stands in no index.
    cursor.execute(f"INSERT INTO {INDEX} ({INDEX}) VALUES ('rebuild')")  # noqa: S608 - our own table's name
