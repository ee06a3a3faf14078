"""Whether the database can hold every letter."""

from __future__ import annotations

from django.db import connections

UTF8 = ("UTF8", "UTF-8", "UNICODE")


def why_not_every_letter(using: str = "default") -> str:
    """Why the database `using` can't hold all of Unicode; "" when it can. Raises OperationalError: it does not answer.

    SQLite always can. A PostgreSQL in SQL_ASCII keeps any bytes, but counts them for letters, and knows no names' case.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        for whose, setting in (
            ("The database", "server_encoding"),
            ("The connection to the database", "client_encoding"),
        ):
            cursor.execute(f"SHOW {setting}")
            (encoding,) = cursor.fetchone()
            if encoding not in UTF8:
                return (
                    f"{whose} has the encoding {encoding}, which can't hold what remote.it may say: it has to be UTF8."
                )
    return ""
