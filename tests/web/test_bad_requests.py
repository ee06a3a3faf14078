"""What no browser sends by itself: it gets a sentence, and never a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from math import ceil
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client, RequestFactory

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import Connection
from connections.stops import plan
from tests.support.addresses import address, patterns

pytestmark = [pytest.mark.usefixtures("served"), pytest.mark.django_db]
LONG_NUMBER = "9" * 20
HOSTILE = [
    *("", "\x00", "a\x00b", LONG_NUMBER, f"-{LONG_NUMBER}", "0", "-1", "1", "nan", "1e999", "٣", "²", "é", "\ud800"),
    *(
        "x" * 5000,
        "[]",
        "{}",
        "' or 1=1 --",
        "%",
        "_",
        "\\",
        "\r\n",
        "__class__",
        "0001-01-01",
        "9999-12-31T23:59:59+14:00",
    ),
    *("0000-00-00", "2026-11-30T25:61", "../../etc/passwd", "javascript:alert(1)", "true", "None", "1,2", "<b>"),
]
CHARSETS = [
    "utf-7",
    "utf-16",
    "rot13",
    "hex",
    "idna",
    "zlib",
    "punycode",
    "undefined",
    "latin-1",
    "utf-8-sig",
    "base64",
]
OF_THE_ADMIN = [
    *(
        "_to_field",
        "_popup",
        "_changelist_filters",
        "_facets",
        "o",
        "ot",
        "p",
        "q",
        "all",
        "e",
        "next",
        "action",
        "index",
    ),
    *(
        "_selected_action",
        "select_across",
        "id",
        "id__exact",
        "pk",
        "pk__in",
        "username",
        "username__contains",
        "groups",
    ),
    *("is_active__exact", "date_joined__gte", "name", "name__isnull", "run", "actor", "line", "before", "from", "to"),
    *(
        "account",
        "status",
        "device",
        "connection",
        "group",
        "term",
        "app_label",
        "model_name",
        "field_name",
        "key",
        "reason",
    ),
    *(
        "permissions",
        "user_permissions",
        "password",
        "object_id",
        "verdict",
        "state",
        "since",
        "until",
        "page",
        "csrfmiddlewaretoken",
    ),
]


KINDS = [
    "",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
]
COOKIES = ["django_language", "messages", "sessionid", "other"]


class Fields(HTMLParser):
    """The fields of a page's forms with the values that a browser would send."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("input", "select", "textarea", "button") and given.get("name"):
            self.values.setdefault(str(given["name"]), given.get("value") or "x")


@pytest.fixture
def parts(admin_user: User, alice: User, make_connection: Callable[..., Connection]) -> dict[str, str]:
    """Something that there is for each part of an address."""
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    append([Entry("list.started", Origin("web"), actor=alice)])
    return {
        "pk": str(Connection.objects.get().pk),
        "object_id": str(alice.pk),
        "uidb64": "MQ",
        "token": "1-2",
        "id": str(alice.pk),
        "key": run.key,
        "content_type_id": "1",
        "app_label": "auth",
        "url": "nothing-here",
        "rest": "v1/connections",
        **dict.fromkeys(("account", "member", "measure", "rule", "factor", "session"), "1"),
    }


def bad_request(chance: Random, pattern: str, parts: dict[str, str], fields: dict[str, str]) -> dict[str, Any]:
    """A request for `pattern`: its page's own form with some of its fields, or fields of other pages, gone wrong."""
    names = [*OF_THE_ADMIN, *fields]

    def wrong() -> dict[str, str]:
        return {chance.choice(names): chance.choice(HOSTILE) for _ in range(chance.randrange(4))}

    return {
        "path": address(pattern, {name: chance.choice([true, true, *HOSTILE]) for name, true in parts.items()})
        if chance.random() < 0.3
        else address(pattern, parts),
        "method": chance.choice(["GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "OPTIONS"]),
        "query": wrong(),
        "form": {**fields, **wrong()},
        "kind": chance.choice(KINDS),
        "charset": chance.choice(CHARSETS) if chance.random() < 0.05 else "",
        "cookies": {chance.choice(COOKIES): chance.choice(HOSTILE)} if chance.random() < 0.2 else {},
        "signed_in": chance.random() < 0.8,
    }


def ask(client: Client, wish: dict[str, Any]) -> tuple[int, str]:
    """Send what `wish` describes, as gunicorn would; the status, and the words. Whatever it did is taken back."""
    from remoteit_admin.wsgi import application  # it asks the database, which a test alone may

    kind = wish["kind"] + (f"; charset={wish['charset']}" if wish["charset"] else "")
    body = encoded(wish["form"], wish["kind"]) if wish["method"] in ("POST", "PUT") else b""
    path = f"{quote(wish['path'], errors='surrogatepass')}?{urlencode(wish['query'], errors='surrogatepass')}"
    cookies = [f"{one.key}={one.value}" for one in client.cookies.values()] if wish["signed_in"] else []
    cookies += [f'{name}="{escaped(text)}"' for name, text in wish["cookies"].items()]
    token = "x" * 32
    request = Environs().generic(wish["method"], path, body, content_type=kind, HTTP_X_CSRFTOKEN=token)
    environ = {**request, "CONTENT_TYPE": kind, "HTTP_COOKIE": "; ".join([f"csrftoken={token}", *cookies])}
    heard: list[str] = []
    with connections_kept(), contextlib.suppress(Undone), transaction.atomic():
        answer = application(environ, lambda status, headers: heard.append(status))
        words = b"".join(answer).decode(errors="replace")
        raise Undone
    return int(heard[0].split()[0]), words


@contextlib.contextmanager
def connections_kept() -> Iterator[None]:
    """Without the end of a request ending the connections to the database, in which the test's transaction is."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


class Environs(RequestFactory):
    """Makes what a WSGI server hands over: Django can make no request of some of them."""

    def request(self, **request: Any) -> dict[str, Any]:
        return self._base_environ(**request)


class Undone(Exception):
    """Ends a transaction without an error."""


def encoded(form: dict[str, str], kind: str) -> bytes:
    if not kind.startswith("multipart"):
        return urlencode(form, errors="surrogatepass").encode()
    lines = "".join(f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in form.items())
    return f"{lines}--b--\r\n".encode(errors="surrogatepass")


def escaped(text: str) -> str:
    """`text` as a cookie's quoted value carries it."""
    return "".join(char if char.isascii() and char.isalnum() else f"\\{min(ord(char), 255):03o}" for char in text)


def check(pattern: str, client: Client, parts: dict[str, str], times: int) -> None:
    fields = Fields(client.get(address(pattern, parts)).getvalue().decode()).values
    chance = Random(pattern)
    for _ in range(times):
        wish = bad_request(chance, pattern, parts, fields)
        assert ask(client, wish)[0] < 500, wish


SIGN_IN = {
    "path": "/admin/login/",
    "method": "POST",
    "query": {},
    "form": {"username": "anna", "password": "x"},
    "kind": "application/x-www-form-urlencoded",
    "charset": "",
    "cookies": {},
    "signed_in": False,
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("charset", [*CHARSETS, "nonsense", "*=utf-7", "*=nonsense''utf-8"])
def test_another_encoding_is_refused_in_a_sentence(client: Client, method: str, charset: str) -> None:
    for path in ("/admin/login/", "/nowhere", "/readyz"):
        status, words = ask(client, {**SIGN_IN, "path": path, "method": method, "charset": charset})
        assert (status, "reads UTF-8 only" in words) == (400, True)


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
def test_utf8_is_not(client: Client, charset: str) -> None:
    assert ask(client, {**SIGN_IN, "charset": charset})[0] == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "/admin/login/\0"},
        {"query": {"next": "\0"}},
        {"form": {"username": "an\0na"}},
        {"cookies": {"sessionid": "\0"}},
    ],
)
def test_a_nul_is_refused_in_a_sentence(client: Client, wrong: dict[str, Any]) -> None:
    status, words = ask(client, {**SIGN_IN, **wrong})
    assert (status, "a character that no text has" in words) == (400, True)


FOUND = [
    ("GET", "/admin/auth/user/{id}/change/", {"_to_field": ""}, {}),
    ("GET", "/admin/auth/user/", {"username": "\0"}, {}),
    ("POST", "/admin/auth/group/add/", {}, {"name": "x", "permissions": LONG_NUMBER}),
    ("POST", "/admin/auth/user/{id}/change/", {}, {"username": "x", "groups": LONG_NUMBER}),
    ("POST", "/admin/auth/user/{id}/change/", {}, {"username": "x", "user_permissions": LONG_NUMBER}),
]


@pytest.mark.parametrize(("method", "path", "query", "form"), FOUND)
def test_what_an_attack_found_is_no_mistake_of_the_panel(
    admin_client: Client, alice: User, method: str, path: str, query: dict[str, str], form: dict[str, str]
) -> None:
    wish = {"method": method, "path": path.format(id=alice.pk), "query": query, "form": form, "signed_in": True}
    status, words = ask(admin_client, {**SIGN_IN, **wish})
    assert status in (200, 400)
    assert status == 200 or "could not read that" in words


@pytest.mark.parametrize("pattern", patterns())
def test_no_address_answers_bad_input_with_a_mistake_of_the_panel(
    pattern: str, admin_client: Client, parts: dict[str, str]
) -> None:
    check(pattern, admin_client, parts, times=6)


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("pattern", patterns())
def test_nor_after_twenty_thousand_tries_in_all(pattern: str, admin_client: Client, parts: dict[str, str]) -> None:
    check(pattern, admin_client, parts, times=ceil(20_000 / len(patterns())))
