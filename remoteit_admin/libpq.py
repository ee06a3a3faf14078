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
NO_MODE = "none-of-libpq"
"""As sslmode: libpq refuses it after host, hostaddr and port, and before it looks for any server."""
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
    message, used = _begin({**parameters, "sslmode": NO_MODE})
    if NO_MODE not in message:
        return _whose(message, parameters)
    for name in NUMBERS:
        if (name in parameters or used[name]) and not WHOLE.fullmatch(used[name]):
            return f"{_called(name, parameters)}, which is a whole number"
    if not all(map(_is_address, filter(None, used["hostaddr"].split(",")))):
        return _called("hostaddr", parameters)
    message, _ = _begin({**parameters, **_nowhere(used)})
    return "" if LOOKED_FOR_IT in message else _whose(message, parameters)


def _begin(parameters: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """What libpq says when it begins to connect, and the parameters that it has then, "" for those without a value."""
    connection = PGconn.connect_start(make_conninfo(**parameters).encode())
    message = connection.error_message.decode(errors="replace")
    used = {option.keyword.decode(): (option.val or b"").decode(errors="replace") for option in connection.info}
    connection.finish()
    return message, used


def _nowhere(used: Mapping[str, str]) -> dict[str, str]:
    """In place of what libpq has `used`: the same number of places, and nothing is at any of them.

    hostaddr is empty and not left out: then a service file or PGHOSTADDR would give it, and libpq would connect there.
    """
    places = (used["host"] or used["hostaddr"]).count(",") + 1
    nowhere = {"host": ",".join([NOWHERE] * places), "hostaddr": "", "port": used["port"]}
    if used["gssencmode"] == "require":
        nowhere["gssencmode"] = "disable"  # what a socket can't do may well be asked of a server
    return nowhere


def _whose(message: str, parameters: Mapping[str, str]) -> str:
    words = re.findall("[a-z_]+", message)
    named = "hostaddr" if "hostaddr" in words else next((word for word in words if word in keywords()), "")
    return _called(named, parameters) if named else "its parameters"


def _called(name: str, parameters: Mapping[str, str]) -> str:
    return f"its {name}" if name in parameters else f"the {name} that the environment or a service file gives it"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
