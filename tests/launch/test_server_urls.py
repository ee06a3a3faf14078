"""DATABASE_URL and QUEUE_URL: read as they are written, or refused without any part of the password."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from remoteit_admin.environment import Environment
from remoteit_admin.invalid_setting import InvalidSetting
from tests.support.commands import ROOT


def database(url: str | None, folder: Path = Path("/")) -> dict[str, Any]:
    env = Environment({} if url is None else {"DATABASE_URL": url})
    return env.database_url("DATABASE_URL", "sqlite:///db.sqlite3", folder)


def queue(url: str | None, folder: Path = Path("/")) -> dict[str, Any]:
    env = Environment({} if url is None else {"QUEUE_URL": url})
    return env.queue_url("QUEUE_URL", "sqlite:///queue.sqlite3", folder)


@pytest.mark.parametrize(
    ("url", "file"),
    [
        (None, "db.sqlite3"),
        ("sqlite:///data/db.sqlite3", "data/db.sqlite3"),
        ("sqlite:///{folder}/a+b@c/db.sqlite3", "a+b@c/db.sqlite3"),
        ("sqlite:///{folder}/my%20panel/db.sqlite3", "my panel/db.sqlite3"),
    ],
)
def test_a_file_is_found_where_it_is_written(tmp_path: Path, url: str | None, file: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    url = url and url.format(folder=tmp_path)
    assert database(url, tmp_path) == {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / file}
    if url:
        assert queue(url, tmp_path) == {"huey_class": "huey.SqliteHuey", "filename": str(tmp_path / file)}


@pytest.mark.parametrize("read", [database, queue])
@pytest.mark.parametrize("place", ["sqlite:///nowhere/db.sqlite3", "sqlite:///a-file/db.sqlite3"])
def test_a_file_in_no_folder_is_refused(tmp_path: Path, read: Callable[..., object], place: str) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(InvalidSetting, match=f"in a folder that is there and can be written, not {tmp_path}/"):
        read(place, tmp_path)


@pytest.mark.parametrize("read", [database, queue])
def test_a_folder_is_no_file(tmp_path: Path, read: Callable[..., object]) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(InvalidSetting, match=f"not {tmp_path}/data, which is a folder"):
        read("sqlite:///data", tmp_path)


@pytest.mark.parametrize("read", [database, queue])
def test_a_name_is_as_long_as_sqlite_takes_it(tmp_path: Path, read: Callable[..., object]) -> None:
    deep = tmp_path / ("d" * 200) / ("d" * 200)
    read(f"sqlite:///{'x' * 247}", tmp_path)
    for folder, letters in ((tmp_path, 248), (tmp_path, 300), (deep, 100)):
        folder.mkdir(parents=True, exist_ok=True)
        with pytest.raises(InvalidSetting, match="the file's name has 247 bytes at most, and 504 with its folders"):
            read(f"sqlite:///{'x' * letters}", folder)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://panel:s%2Fc%3Fr%23t@db.example/panel", {"PASSWORD": "s/c?r#t", "HOST": "db.example"}),
        (
            "postgresql://panel:p@ss:word$1+1@db.example:5433/a+b",
            {"PASSWORD": "p@ss:word$1+1", "NAME": "a+b", "PORT": "5433"},
        ),
        ("postgres://panel:…@db.example/panel", {"PASSWORD": "…", "USER": "panel"}),
        ("postgres:///panel", {"HOST": "", "NAME": "panel"}),
        ("postgres://panel@[::1]:5432/panel", {"HOST": "::1", "PORT": "5432"}),
        ("postgres://panel@a.example:5432,b.example:5432/panel", {"HOST": "a.example,b.example", "PORT": "5432,5432"}),
        ("postgres://panel@[::1],B,c:5433/panel", {"HOST": "::1,B,c", "PORT": ",,5433"}),
        ("postgres:////var/run/postgresql/panel", {"HOST": "/var/run/postgresql", "NAME": "panel"}),
        ("postgres://u:p@%2Ftmp%2FX/db", {"HOST": "/tmp/X", "NAME": "db", "USER": "u", "PASSWORD": "p"}),
        ("postgres://%2Ftmp%2Fx:5433,%2Ftmp/db", {"HOST": "/tmp/x,/tmp", "PORT": "5433,"}),
        ("postgres://db.example//panel", {"HOST": "db.example", "NAME": "/panel"}),
        ("postgres://panel@db.example/panel?sslmode=require", {"OPTIONS": {"sslmode": "require"}}),
        (
            "postgres://panel@a.example,b.example:5433/panel?gssencmode=require&target_session_attrs=read-write",
            {"OPTIONS": {"gssencmode": "require", "target_session_attrs": "read-write"}},
        ),
        ("postgres://panel@db.example/panel?options=", {"OPTIONS": {"options": ""}}),
        ("postgres://panel@db.example/panel?DISABLE_SERVER_SIDE_CURSORS=True", {"DISABLE_SERVER_SIDE_CURSORS": True}),
    ],
)
def test_a_database_is_described_as_it_is_written(url: str, expected: dict[str, Any]) -> None:
    config = database(url)
    assert {name: config[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:geheim@queue.example:6379/0", {"connection": {"url": "redis://:geheim@queue.example:6379/0"}}),
        ("REDIS://Queue.example", {"connection": {"url": "redis://Queue.example"}}),
        ("PostgreSQL://db.example/panel", {"dsn": "postgresql://db.example/panel"}),
        ("rediss://queue.example", {"huey_class": "huey.PriorityRedisHuey"}),
        ("redis://queue.example/3?socket_timeout=0.5&protocol=3", {"huey_class": "huey.PriorityRedisHuey"}),
        ("rediss://queue.example?ssl_cert_reqs=none&ssl_check_hostname=no", {"huey_class": "huey.PriorityRedisHuey"}),
        ("postgres://panel:a%25b@db.example/panel", {"dsn": "postgres://panel:a%25b@db.example/panel"}),
    ],
)
def test_a_queue_is_described_as_it_is_written(url: str, expected: dict[str, Any]) -> None:
    config = queue(url)
    assert {name: config[name] for name in expected} == expected


ODD_PASSWORDS = [
    "s3c/ret?x",
    "s3c?ret",
    "s3c#ret",
    "12#s3cret",
    "12/s3cret",
    "s3c[ret",
    "s3c ret",
    "s3c\nret",
    "s3c\udcfcret",
]


@pytest.mark.parametrize("read", [database, queue])
@pytest.mark.parametrize("password", ODD_PASSWORDS)
def test_an_odd_password_is_refused_and_not_told(read: Callable[[str], object], password: str) -> None:
    for user_and_host in ("postgres://panel:{}@db.example/panel", *(["redis://:{}@queue.example/0"] * (read is queue))):
        with pytest.raises(InvalidSetting) as error:
            read(user_and_host.format(password))
        assert "s3c" not in str(error.value)
        assert "ret" not in str(error.value)
        assert "_URL has to be sqlite:///FILE" in str(error.value)


NO_OPTIONS = [
    "sslmode=s3cret",
    "sslmode=",
    "gssencmode=s3cret",
    "channel_binding=s3cret",
    "target_session_attrs=s3cret",
    "ssl_min_protocol_version=s3cret",
    "sslmode=require&sslrootcert=system",
    "service=s3cret",
    "hostaddr=s3cret",
    "keepalives_idle=s3cret",
    "tcp_user_timeout=1.5",
    "connect_timeout=",
]
NO_DATABASE = [
    "",
    "mysql://panel:s3cret@db.example/panel",
    "s3cret",
    "sqlite://db.sqlite3",
    "sqlite:///",
    "sqlite://:memory:",
    "sqlite:///:memory:",
    "sqlite:///s3cret#1.sqlite3",
    "sqlite:///s3cret?1.sqlite3",
    "sqlite:///s3cret%00",
    "postgres://panel:s3cret@db.example:99999/panel",
    "postgres://panel:s3cret@a.example:5432,b.example:0/panel",
    "postgres://panel:s3cret@db.example",
    "postgres://panel:s3cret@db.example/",
    "postgres://panel:s3cret@db.example:x/panel",
    "postgres://panel:s3cret@db.example/panel?sslmode",
    "postgres://panel:s3cret@db.example/panel?sslmod=s3cret",
    "postgres://panel:s3cret@db.example/panel?connect_timeout=s3cret",
    "postgres://panel:s3cret@db.example/panel?atomic_requests=True",
    f"postgres://panel:s3cret@db.example/{'x' * 64}",
    *(f"postgres://panel:s3cret@db.example/panel?{options}" for options in NO_OPTIONS),
]
NO_QUEUE = [
    *NO_DATABASE[:12],
    "redis://:s3cret@queue.example:x/0",
    "redis://:s3cret@queue.example/s3cret",
    "redis://:s3cret@queue.example/0?s3cret=1",
    "redis://:s3cret@queue.example/0?socket_timeout=s3cret",
    "redis://:s3cret@queue.example/0?socket_timeout=0",
    "redis://:s3cret@queue.example/0?retry_on_timeout=s3cret",
    "redis://:s3cret@queue.example/0?encoding=s3cret",
    "redis://:s3cret@queue.example/0?decode_responses=True",
    "redis://:s3cret@queue.example/0?db=",
    "rediss://:s3cret@queue.example/0?ssl_cert_reqs=s3cret",
    "postgres://panel:s3cret%@db.example/panel",
    "postgres://panel:s3cret@db.example/panel?s3cret=1",
    *(f"postgres://panel:s3cret@db.example/panel?{options}" for options in NO_OPTIONS),
]


@pytest.mark.parametrize(
    ("read", "url"), [*((database, url) for url in NO_DATABASE), *((queue, url) for url in NO_QUEUE)]
)
def test_what_is_no_address_of_a_server_is_refused(read: Callable[[str], object], url: str) -> None:
    with pytest.raises(InvalidSetting) as error:
        read(url)
    assert "_URL has to be" in str(error.value)
    assert "s3cret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_what_the_client_does_not_take_is_named() -> None:
    with pytest.raises(InvalidSetting, match=r"; PostgreSQL's client does not take its sslmode\.$"):
        database("postgres://panel@db.example/panel?sslmode=nonsense")


@pytest.mark.parametrize(
    ("read", "place"),
    [(database, "postgres://db.example/panel?{}"), (queue, "postgres://db.example/panel?{}"), (queue, "redis://a/?{}")],
)
def test_an_option_stands_there_once(read: Callable[[str], object], place: str) -> None:
    option = "socket_timeout" if place.startswith("redis") else "connect_timeout"
    with pytest.raises(InvalidSetting, match=f"with each option once; its {option} stands there twice"):
        read(place.format(f"{option}=6&{option}=5"))
    with pytest.raises(InvalidSetting) as error:
        read(place.format(f"{option}=s3cret&{option}=5"))
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("read", [database, queue])
@pytest.mark.parametrize("option", ["user", "password", "host", "port", "dbname"])
def test_what_stands_before_them_is_no_option_again(read: Callable[[str], object], option: str) -> None:
    with pytest.raises(InvalidSetting, match=f"its {option} stands there twice"):
        read(f"postgres://panel:a@db.example:5432/panel?{option}=1")


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:p%40@%2Ftmp%2FX/db",
        "postgres://%2Ftmp%2Fx:5433,[::1],b.example:5434/d+b?connect_timeout=5",
        "postgres://u@/a%2Fb?host=%2Ftmp",
        "postgresql://a,b:5433/db",
    ],
)
def test_a_database_is_where_libpq_finds_it(url: str) -> None:
    config = database(url)
    words = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    read = {keyword: config[word] for word, keyword in words.items() if config[word]}
    assert {**read, **config["OPTIONS"]} == conninfo_to_dict(url)


def test_the_number_of_a_database_of_redis_stands_there_once() -> None:
    with pytest.raises(InvalidSetting, match="its db stands there twice"):
        queue("redis://queue.example/3?db=4")


def test_options_reach_the_client_as_they_are_written() -> None:
    options = {"application_name": "²", "password": "007"}
    assert database("postgres://db.example/panel?application_name=²&password=007")["OPTIONS"] == options


def test_what_the_environment_adds_is_named_as_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "nonsense")
    with pytest.raises(InvalidSetting, match="does not take the sslmode that the environment or a service file gives"):
        database("postgres://panel@db.example/panel")


def test_a_service_is_one_that_its_file_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "services").write_text("[panel]\nhost=a.example,b.example\nport=5433,5434\ndbname=panel\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    assert database("postgres:///?service=panel")["OPTIONS"] == {"service": "panel"}
    assert database("postgres://db.example:5433/?service=panel")["HOST"] == "db.example"
    with pytest.raises(InvalidSetting, match="does not take its service"):
        database("postgres:///?service=another")


SERVICES = """
[away]\nhost=a\nhostaddr=127.0.0.1\nport={port}\ndbname=panel
[two]\nhost=a,b\nhostaddr=127.0.0.1,::1\ndbname=panel
[one-for-two]\nhost=a\nhostaddr=127.0.0.1,::1\ndbname=panel
[port]\nhost=a\nport=99999\ndbname=panel
[keepalives]\nhost=a\nkeepalives_interval=often\ndbname=panel
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """One that SERVICES and PGPORT name."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        port = listening.getsockname()[1]
        (tmp_path / "services").write_text(SERVICES.format(port=port))
        monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
        monkeypatch.setenv("PGPORT", str(port))
        yield listening


@pytest.mark.parametrize("read", [database, queue])
def test_nothing_is_asked_of_the_server(
    read: Callable[[str], object], server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    read("postgres:///?service=away")
    read("postgres://a,b/panel?hostaddr=127.0.0.1,127.0.0.1")
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    read("postgres://db.example/panel")
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("read", [database, queue])
def test_what_a_service_file_gives_is_read_as_libpq_reads_it(read: Callable[[str], object]) -> None:
    read("postgres:///?service=two")
    for service, wrong in (("one-for-two", "hostaddr"), ("port", "port"), ("keepalives", "keepalives_interval")):
        with pytest.raises(InvalidSetting, match=f"the {wrong} that the environment or a service file gives it"):
            read(f"postgres:///?service={service}")


def test_as_many_addresses_as_hosts_are_given() -> None:
    with pytest.raises(InvalidSetting, match="does not take its hostaddr"):
        database("postgres://a,b/panel?hostaddr=127.0.0.1")


def test_no_cursor_outlives_its_statement_since_a_pooler_knows_none() -> None:
    show = "from remoteit_admin.settings import DATABASES; print(DATABASES['default']['DISABLE_SERVER_SIDE_CURSORS'])"
    env = {**os.environ, "DATABASE_URL": "postgres://panel@db.example/panel", "SECRET_KEY": os.urandom(30).hex()}
    told = subprocess.run([sys.executable, "-c", show], cwd=ROOT, env=env, check=True, capture_output=True)
    assert told.stdout.strip() == b"True"


@pytest.mark.both
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL's own settings")
@pytest.mark.django_db
def test_who_is_frozen_in_a_transaction_holds_nobody_up_for_long() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("20s",)
