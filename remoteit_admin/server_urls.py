"""Addresses of the database and of the queue. They may hold a password: no message repeats them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from remoteit_admin.folders import can_be_written
from remoteit_admin.hosts import HIGHEST_PORT
from remoteit_admin.invalid_setting import InvalidSetting

SQLITE = "sqlite:///FILE"
POSTGRES = "postgres://USER:PASSWORD@HOST/NAME"
REDIS = "redis://:PASSWORD@HOST:6379/0"
POSTGRES_SCHEMES = ("postgres", "postgresql")
HOST = re.compile(r"([^:\[\]]*|\[[0-9a-fA-F:.]+\])(?::([0-9]{1,5}))?")
NO_URL_HAS = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]|%00")
ROLE, CURSORS = "assume_role", "DISABLE_SERVER_SIDE_CURSORS"
"""Options that are Django's and not libpq's."""
DJANGO_WORDS = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
LONGEST_NAME = 63
LONGEST_FILE, LONGEST_PATH = 247, 504
"""In bytes: SQLite writes 8 more for the file beside it, where a file system takes 255 and SQLite 512."""
SECONDS = r"(?=[0-9.]*[1-9])[0-9]{1,6}(\.[0-9]{1,6})?"
YES_OR_NO = r"(?i:true|false|yes|no|t|f|y|n|1|0)"
REDIS_OPTIONS = {
    **dict.fromkeys(("socket_timeout", "socket_connect_timeout"), SECONDS),
    **dict.fromkeys(("socket_keepalive", "retry_on_timeout", "ssl_check_hostname"), YES_OR_NO),
    **dict.fromkeys(("health_check_interval", "max_connections", "db"), "[0-9]{1,6}"),
    **dict.fromkeys(("client_name", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"), ".+"),
    "ssl_cert_reqs": "none|optional|required",
    "protocol": "2|3",
}
"""Those that can be written as text and that Huey can live with, each with its form: redis-py takes any at first."""


def database(name: str, url: str, folder: Path) -> dict[str, Any]:
    """Django's entry in DATABASES for the setting `name`, whose value is `url`.

    `sqlite:///FILE`, relative to `folder`, or `postgres://…`; after `?` stand options of libpq, or Django's
    `assume_role` and `DISABLE_SERVER_SIDE_CURSORS=True`. Raises InvalidSetting.
    """
    parts = _split(name, url, f"{SQLITE} or {POSTGRES}", ("sqlite", *POSTGRES_SCHEMES))
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": _file(name, parts, folder)}
    places, options = _places(parts), _options(name, parts.query)
    _require_each_once(name, POSTGRES, [*places, *options])
    if "dbname" not in places and "service" not in options:
        raise InvalidSetting(f"{name} has to be {POSTGRES}; the NAME of the database is missing.")
    if len(places.get("dbname", "")) > LONGEST_NAME:
        raise InvalidSetting(f"{name} has to be {POSTGRES}; a database's NAME has {LONGEST_NAME} letters at most.")
    asked = {option: value for option, value in options.items() if option not in (ROLE, CURSORS)}
    _require_libpq_takes(name, {**places, **asked})
    config: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        **{word: places.get(keyword, "") for word, keyword in DJANGO_WORDS.items()},
    }
    if CURSORS in options:
        config[CURSORS] = options.pop(CURSORS) == "True"
    return {**config, "OPTIONS": options}


def queue(name: str, url: str, folder: Path) -> dict[str, Any]:
    """Huey's settings for the setting `name`, whose value is `url`.

    `sqlite:///FILE`, relative to `folder`, `redis://…` or `postgres://…`. Raises InvalidSetting.
    """
    expected = f"{SQLITE}, {REDIS} or {POSTGRES}"
    parts = _split(name, url, expected, ("sqlite", "redis", "rediss", *POSTGRES_SCHEMES))
    if parts.scheme == "sqlite":
        return {"huey_class": "huey.SqliteHuey", "filename": str(_file(name, parts, folder))}
    url = f"{parts.scheme}{url[len(parts.scheme) :]}"  # in small letters, which alone the clients know
    if parts.scheme in POSTGRES_SCHEMES:
        _require_libpq_takes(name, _read_by_libpq(name, url, parts))
        return {"huey_class": "huey.PostgresHuey", "dsn": url}
    _require_redis_reads(name, url, parts)
    return {"huey_class": "huey.PriorityRedisHuey", "connection": {"url": url}}


def _split(name: str, url: str, expected: str, schemes: tuple[str, ...]) -> SplitResult:
    if not url:
        raise InvalidSetting(f"{name} has to be {expected}, not empty.")
    if NO_URL_HAS.search(url):
        raise InvalidSetting(f"{name} has to be {expected}, without blanks and control characters.")
    odd_password = InvalidSetting(
        f"{name} has to be {expected}; a password's / is written as %2F, ? as %3F, # as %23, [ as %5B and ] as %5D."
    )
    try:
        parts = urlsplit(url)
    except ValueError:
        raise odd_password from None
    if parts.scheme not in schemes:
        raise InvalidSetting(f"{name} has to be {expected}.")
    if parts.scheme == "sqlite":
        return parts
    hosts = [HOST.fullmatch(host) for host in parts.netloc.rpartition("@")[2].split(",")]
    if "@" in parts.path + parts.query or "#" in url or not all(hosts):
        raise odd_password
    if not all(1 <= int(host[2] or 1) <= HIGHEST_PORT for host in hosts if host):
        raise InvalidSetting(f"{name} has to be {expected}; a port is a number from 1 to {HIGHEST_PORT}.")
    return parts


def _file(name: str, parts: SplitResult, folder: Path) -> Path:
    path = unquote(parts.path.removeprefix("/"))
    if parts.netloc or path in ("", ":memory:"):
        raise InvalidSetting(f"{name} has to be {SQLITE}, with three slashes and a file; sqlite:////FILE is absolute.")
    if parts.query or parts.fragment:
        raise InvalidSetting(f"{name} has to be {SQLITE} and nothing more; in its name write ? as %3F and # as %23.")
    file = folder / path
    if len(os.fsencode(file.name)) > LONGEST_FILE or len(os.fsencode(file)) > LONGEST_PATH:
        raise InvalidSetting(
            f"{name} has to be {SQLITE}; the file's name has {LONGEST_FILE} bytes at most, "
            f"and {LONGEST_PATH} with its folders."
        )
    if not can_be_written(file.parent):
        raise InvalidSetting(f"{name} has to be {SQLITE} in a folder that is there and can be written, not {file}.")
    if file.is_dir():
        raise InvalidSetting(f"{name} has to be {SQLITE}, not {file}, which is a folder.")
    return file


def _places(parts: SplitResult) -> dict[str, str]:
    """What stands before `?` for PostgreSQL, by libpq's keywords; nothing empty.

    As libpq reads it, and a socket's folder also as it is: postgres:////FOLDER/NAME.
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
    """
    login, _, servers = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    found = [match for server in servers.split(",") if (match := HOST.fullmatch(server))]
    host, port = (",".join(words) for words in zip(*((one[1].strip("[]"), one[2] or "") for one in found), strict=True))
    folder, slash, name = parts.path.removeprefix("/").rpartition("/")
    if servers or not folder:
        folder, name = host, f"{folder}{slash}{name}"
    written = {"user": user, "password": password, "host": folder, "port": port.strip(",") and port, "dbname": name}
    return {keyword: unquote(value) for keyword, value in written.items() if value}


def _options(name: str, query: str) -> dict[str, str]:
    """What stands after `?`, as text: what is asked of libpq here is what it gets later."""
    from remoteit_admin import libpq

    try:
        options = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise InvalidSetting(f"{name} has to be {POSTGRES}; after ? stand options, NAME=value, joined by &.") from None
    known = libpq.keywords() | {ROLE}
    for option, value in options:
        if option not in known and (option, value) != (CURSORS, "True"):
            raise InvalidSetting(f"{name} has to be {POSTGRES}; after ? stand options that PostgreSQL's client knows.")
    _require_each_once(name, POSTGRES, (option for option, _ in options))
    return dict(options)


def _require_each_once(name: str, expected: str, options: Iterable[str]) -> None:
    """One client takes the first of two, another the last; the names are those that a client knows."""
    for option, times in Counter(options).items():
        if times > 1:
            raise InvalidSetting(
                f"{name} has to be {expected}, with each option once; its {option} stands there twice."
            )


def _require_libpq_takes(name: str, parameters: Mapping[str, Any]) -> None:
    from remoteit_admin import libpq

    given = {option: str(value) for option, value in parameters.items() if value is not None}
    if why := libpq.why_refused(given):
        raise InvalidSetting(f"{name} has to be {POSTGRES}; PostgreSQL's client does not take {why}.")


def _read_by_libpq(name: str, url: str, parts: SplitResult) -> Mapping[str, Any]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        read = conninfo_to_dict(url)
    except ProgrammingError:
        raise InvalidSetting(
            f"{name} has to be {POSTGRES}; a % is written as %25, and after ? stand options of PostgreSQL's client."
        ) from None
    options = parse_qsl(parts.query, keep_blank_values=True)
    _require_each_once(name, POSTGRES, [*_places(parts), *(option for option, _ in options)])
    return read


def _require_redis_reads(name: str, url: str, parts: SplitResult) -> None:
    import redis

    if not re.fullmatch(r"/?|/[0-9]{1,4}", parts.path):
        raise InvalidSetting(f"{name} has to be {REDIS}; after the host stands the number of a database.")
    options = parse_qsl(parts.query, keep_blank_values=True)
    for option, value in options:
        if option not in REDIS_OPTIONS:
            raise InvalidSetting(f"{name} has to be {REDIS}; after ? stand options: {', '.join(REDIS_OPTIONS)}.")
        if not re.fullmatch(REDIS_OPTIONS[option], value):
            raise InvalidSetting(f"{name} has to be {REDIS}; Redis's client does not take its {option}.")
    number = ["db"] if parts.path.strip("/") else []
    _require_each_once(name, REDIS, [*number, *(option for option, _ in options)])
    try:
        pool = redis.ConnectionPool.from_url(url)
        pool.connection_class(**pool.connection_kwargs)  # it connects nowhere yet
    except (ValueError, TypeError, redis.RedisError):
        raise InvalidSetting(f"{name} has to be {REDIS}; its client can't be made of it.") from None
