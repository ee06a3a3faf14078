"""The list of open sessions, of the login and of its organisations, and whether it can be relied on as complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connections.remoteit.answers import Cause
from connections.remoteit.graphql import Result, read_result
from connections.remoteit.wire.replies import Reply, is_id, is_word, storable
from connections.remoteit.wire.transport import CallError

SESSION = "{ id timestamp state user { email } target { id name application device { name } } endpoint { proxy } }"
OWN_SESSIONS = f"""\
query OwnSessions {{
  login {{
    id
    sessions {SESSION}
    membership {{ organization {{ name account {{ id }} }} }}
  }}
}}
"""

#: What is longer is no address that anybody could send or keep.
LONGEST_ADDRESS = 23

LARGEST_KIND = 2**31 - 1

#: A session as a row of a list gives it: what ``Session`` has, in that order, without its ``accounts``.
Row = tuple[str, str, str, str, str, str, bool, str, int | None]
Ask = Callable[[str, Mapping[str, Any]], Reply]


@dataclass(frozen=True, slots=True)
class Session:
    """One open session. ``opened_at`` is the API's own text, ISO 8601.

    ``proxy`` is False for a peer-to-peer session, which is no proxy connection. ``accounts`` are the ids of those whose
    lists show it: the login, an organisation, or both. ``service_kind``: remote.it's number for what the service speaks
    (its ``application``), None where it does not say.
    """

    id: str
    service_address: str
    service_name: str
    device_name: str
    opened_by: str
    opened_at: str
    proxy: bool
    state: str
    service_kind: int | None
    accounts: tuple[str, ...]


@dataclass(frozen=True)
class SessionList:
    """One reading of all lists. Only a complete one proves that a session which isn't in it is gone.

    ``took_ms`` is in milliseconds. ``accounts`` are the ids whose lists were read whole: the scope of what it proves.
    ``clock_off_s``: by how many seconds this machine's clock is ahead of the API's, None when no answer told.
    """

    complete: bool
    why_incomplete: str
    cause: Cause
    status: int | None
    took_ms: int
    retry_after: str | None = None
    sessions: tuple[Session, ...] = ()
    accounts: tuple[str, ...] = ()
    clock_off_s: int | None = None


class _Reading:
    """What was read so far: sessions by id, for one that two lists show is one session."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.accounts: list[str] = []
        self.problems: list[str] = []
        self.cause = Cause.NONE
        self.last: Reply | None = None
        self.status: int | None = None

    def ask(self, ask: Ask, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the login's part of an answer; {} when there is none."""
        try:
            reply = ask(query, variables)
        except CallError as error:
            self.status, self.cause, self.last = error.status, error.cause, None
            self.problems.append(error.reason)
            return {}
        result: Result = read_result(reply)
        self.status, self.last = reply.status, reply
        if result.problem:
            self.problems.append(result.problem)
            self.cause = result.cause
        login = result.data.get("login")
        if not isinstance(login, dict):
            if not result.problem:
                self.problems.append("The answer has no login")
            return {}
        return login

    def take(self, whose: str, account: str, rows: Any) -> None:
        """Take one account's list in, and say what of it is missing."""
        if not isinstance(rows, list):
            self.problems.append(f"The list of {whose} is missing")
            return
        for row in filter(None, rows):
            self.add(row, account)
        if lacking := rows.count(None):
            self.problems.append(f"{lacking} of {len(rows)} sessions of {whose} came without a part that is needed")
        else:
            self.accounts.append(account)

    def add(self, row: Row, account: str) -> None:
        key = row[0].lower()
        known = self.sessions.get(key)
        if known is None:
            self.sessions[key] = Session(*row, (account,))
        elif account not in known.accounts:
            self.sessions[key] = replace(known, accounts=(*known.accounts, account))


def read_sessions(ask: Ask) -> SessionList:
    """List the sessions of the login, then those of its organisations in one more query, if it has any.

    ``ask`` sends a query with its variables, and raises CallError; in its answers' lists every row went through
    ``row_of``. Source: remoteit-api reference, section 2.4.
    """
    reading = _Reading()
    login = reading.ask(ask, OWN_SESSIONS, {})
    if login:
        own = _id_of(login)
        if not own:
            reading.problems.append("The login came without its id")
        reading.take("the login", own, login.get("sessions"))
        organisations = _organisations(login, reading)
        if organisations:
            _read_organisations(ask, reading, organisations)
    return SessionList(
        complete=not reading.problems,
        why_incomplete="; ".join(reading.problems),
        cause=reading.cause,
        status=reading.status,
        took_ms=0,
        retry_after=reading.last.retry_after if reading.last else None,
        sessions=tuple(reading.sessions.values()),
        accounts=tuple(reading.accounts),
        clock_off_s=reading.last.clock_off_s if reading.last else None,
    )


def organisations_query(count: int) -> str:
    """Return the query for the sessions of so many accounts, whose ids are the variables a0, a1, …"""
    names = ", ".join(f"$a{number}: String!" for number in range(count))
    parts = "\n".join(f"    a{number}: account(id: $a{number}) {{ sessions {SESSION} }}" for number in range(count))
    return f"query OrganisationSessions({names}) {{\n  login {{\n{parts}\n  }}\n}}\n"


def _read_organisations(ask: Ask, reading: _Reading, organisations: dict[str, str]) -> None:
    ids = list(organisations)
    variables = {f"a{number}": account for number, account in enumerate(ids)}
    login = reading.ask(ask, organisations_query(len(ids)), variables)
    for name, account in variables.items():
        part = login.get(name)
        reading.take(organisations[account], account, part.get("sessions") if isinstance(part, dict) else None)


def _organisations(login: dict[str, Any], reading: _Reading) -> dict[str, str]:
    """Return the names of the organisations that the login belongs to, by the id of their account."""
    memberships = login.get("membership")
    if not isinstance(memberships, list):
        reading.problems.append("The list of organisations is missing")
        return {}
    found = {_id_of(one, "organization", "account"): _text(one, "organization", "name") for one in memberships}
    if found.pop("", None) is not None:
        reading.problems.append("An organisation came without the id of its account")
    # An organisation's owner may be among its members: that list was read already.
    found.pop(str(login.get("id", "")), None)
    return found


def row_of(session: Any) -> Row | None:
    """Return what a list's ``session`` says; None when a part is missing that it takes to tell.

    Without a user it is an anonymous visitor's (remoteit-api reference, section 2.4); names may be missing too. An id
    or an address that can't be one, of blanks or too long, is as good as missing.
    """
    try:
        id_, target, proxy = session["id"], session["target"], session["endpoint"]["proxy"]
        address, opened_at, state = target["id"], session["timestamp"], session["state"]
    except (KeyError, TypeError):
        return None
    is_whole = (
        is_id(id_)
        and is_word(address)
        and len(address) <= LONGEST_ADDRESS
        and isinstance(proxy, bool)
        and _has_text(opened_at)
        and _has_text(state)
    )
    if not is_whole:
        return None
    device_name, opened_by = _text(target, "device", "name"), _text(session, "user", "email")
    names = (_text(target, "name"), device_name, opened_by)
    return (id_, address, *names, storable(opened_at), proxy, storable(state), _kind(target.get("application")))


def _kind(value: Any) -> int | None:
    """The number of a kind of service; what no column has room for is none."""
    return value if type(value) is int and 0 <= value <= LARGEST_KIND else None


def _has_text(value: Any) -> bool:
    return isinstance(value, str) and not value.isspace() and value != ""


def _id_of(value: Any, *path: str) -> str:
    """Return the id at the end of ``path``, "" when there is none that can be one."""
    found = _text(value, *path, "id")
    return found if is_id(found) else ""


def _text(value: Any, *path: str) -> str:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return storable(value) if isinstance(value, str) else ""
