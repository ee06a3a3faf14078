"""PostgreSQL's client library, asked what it makes of a connection's parameters, without any server."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo, PGconn

WHOLE = re.compile(r"-?[0-9]{1,9}")
NUMBERS = (
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
"""Whole numbers that libpq reads only when a server has answered."""
NOWHERE = "/dev/null"
"""As the folder of a server's socket: nothing can ever be in it."""
LOOKED_FOR_IT = ".s.PGSQL."
"""How a socket is called. It stands in the message of who has taken all parameters and then found no server."""


def keywords() -> set[str]:
    """The names of all parameters that libpq knows."""
    return {option.keyword.decode() for option in Conninfo.get_defaults()}


def why_refused(parameters: Mapping[str, str]) -> str:
    """Whose value libpq does not take, for the end of a sentence; "" when it takes all. It repeats no value.

    `parameters`: those of a connection, by libpq's keywords. What a service file and PG… variables add is asked, too.
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    """
    for name in NUMBERS:
        if name in parameters and not WHOLE.fullmatch(parameters[name]):
            return f"its {name}, which is a whole number"
    if not all(map(_is_address, filter(None, parameters.get("hostaddr", "").split(",")))):
        return "its hostaddr"
    message = _refusal(parameters)
    if not message:
        return ""
    known = keywords()
    named = next((word for word in re.findall("[a-z_]+", message) if word in known), "")
    if named and named not in parameters:
        return f"the {named} that the environment or a service file gives it"
    return f"its {named or 'parameters'}"


def _refusal(parameters: Mapping[str, str]) -> str:
    """What libpq says when it begins to connect; "" when it came so far as to look for the server."""
    places = parameters.get("host", "").count(",") + 1
    asked: dict[str, str] = {
        **{name: value for name, value in parameters.items() if name != "hostaddr"},
        "host": ",".join([NOWHERE] * places),
        "port": parameters.get("port") or "5432",
    }
    if asked.get("gssencmode", "require") == "require":
        asked["gssencmode"] = "disable"  # what a socket can't do may well be asked of a server
    connection = PGconn.connect_start(make_conninfo(**asked).encode())
    message = connection.error_message.decode(errors="replace")
    connection.finish()
    return "" if LOOKED_FOR_IT in message else message


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
