"""An answer that the database can never take as it came is no outage: it is kept in other letters, the others go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from pytest_django import Settings

from connections.audit.origin import Origin
from connections.inventory.openings import Wish, open_connection
from connections.live.read import read_list
from connections.models import Account, Connection
from connections.remoteit import Answer, Cause, Login, Outcome
from connections.remoteit.openings import read_connect
from connections.remoteit.wire.replies import Reply
from connections.sandbox import Sandbox
from connections.stops.attempt import Answered
from connections.stops.worker.channel import SignedIn
from connections.stops.worker.escaped import escaped
from connections.stops.worker.loop import Drain
from tests.conftest import open_in
from tests.stops.test_drain import lines, start_run, states
from tests.support.rawserver import RawServer, answer

WORDS = "接続は存在しません"
ESCAPED = WORDS.encode("ascii", "backslashreplace").decode()
NO = answer("200 OK", {"status": "false", "reason": WORDS})
YES = answer("200 OK", {"status": "true"})
# As a database does whose encoding lacks these letters.
NARROW = {
    "sqlite": """
        CREATE TRIGGER narrow_{event} BEFORE {event} ON {table} WHEN (NEW.{column}) GLOB '*[^ -~]*'
        BEGIN SELECT RAISE(ABORT, 'no such letter here'); END""",
    "postgresql": """
        CREATE FUNCTION narrow_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (NEW.{column}) ~ '[^ -~]' THEN RAISE EXCEPTION 'no such letter here' USING ERRCODE = '22P05'; END IF;
        RETURN NEW; END $$;
        CREATE TRIGGER narrow_{event} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION narrow_{event}()""",
}
WIDE = {"sqlite": "DROP TRIGGER narrow_{event}", "postgresql": "DROP FUNCTION narrow_{event} CASCADE"}


@pytest.fixture
def narrow(transactional_db: None) -> Iterator[None]:
    """A database that takes answers, names and addresses in ASCII alone."""
    places = [
        {"event": "UPDATE", "table": "connections_stopitem", "column": "upstream_reason"},
        {"event": "INSERT", "table": "connections_connection", "column": "proxy_address || NEW.device_name"},
    ]
    with connection.cursor() as cursor:
        for place in places:
            cursor.execute(NARROW[connection.vendor].format(**place))
    yield
    with connection.cursor() as cursor:
        for place in places:
            cursor.execute(WIDE[connection.vendor].format(**place))


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_it_ends_its_item_and_holds_up_no_other(
    narrow: None, alice: User, make_connection: Callable[..., Connection], settings: Settings
) -> None:
    settings.STOP_CONCURRENCY, settings.REMOTEIT_TOKEN = 1, "token"
    for _ in range(4):
        make_connection()
    with RawServer(YES, NO, YES) as remoteit:
        settings.REMOTEIT_API_URL = remoteit.url
        stops = start_run(alice)
        Drain().run_until_idle()
    assert states(stops) == {"refused": 1, "stopped": 3}
    assert stops.items.get(state="refused").upstream_reason == ESCAPED
    (told,) = [line for line in lines("stop.answered") if line["outcome"] == "refused"]
    assert (told["upstream_reason"], told["escaped"]) == (ESCAPED, True)
    assert [line.get("escaped") for line in lines("stop.answered")].count(None) == 3


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_a_list_that_holds_it_is_not_complete_and_says_why(
    sandbox: Sandbox,
    account: Account,
    open_connections: Callable[[int], list[Connection]],
    request: pytest.FixtureRequest,
) -> None:
    [known] = open_connections(1)
    request.getfixturevalue("narrow")  # after what the sandbox called its own devices
    sandbox.call(open_in, sandbox.server.world, 1)
    for service in sandbox.server.world.services.values():
        service.device.name = WORDS
    reading = read_list(account)
    assert (reading.complete, reading.why) == (
        False,
        "The list holds what the database can't take: no such letter here",
    )
    account.refresh_from_db()
    assert account.list_why == reading.why
    assert Connection.objects.get() == known


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_what_was_opened_is_known_all_the_same(narrow: None, alice: User, account: Account, settings: Settings) -> None:
    alice.user_permissions.add(Permission.objects.get(codename="open_connection"))
    settings.REMOTEIT_TOKEN = "token"
    opened = {"proxy": f"http://{WORDS}:1", "connectionid": "A78B3919-52E1-B674-58CC-5C0009377419"}
    with RawServer(answer("200 OK", {"status": "true", "connection": opened})) as remoteit:
        settings.REMOTEIT_API_URL = remoteit.url
        wish = Wish(account, "80:00:00:00:01:00:00:01", "0.0.0.0", User.objects.get(pk=alice.pk), Origin("web"))
        open_connection(wish)
    assert Connection.objects.get().proxy_address == f"http://{ESCAPED}:1"
    assert lines("connection.open_answered")[0]["escaped"] is True


def test_a_number_of_thousands_of_digits_is_no_time() -> None:
    body = {"status": "true", "connection": {"connectionid": "x", "expirationsec": "9" * 5000}}
    assert read_connect(Reply(200, json.dumps(body).encode()), "80", 1).expires_in_s is None


def test_what_it_says_has_happened_stays() -> None:
    said = Answer(Outcome.STOPPED, Cause.NONE, 10**9, f"{WORDS}\0", 10**12)
    kept = escaped(Answered(None, said)).answer  # type: ignore[arg-type, union-attr]
    assert kept == Answer(Outcome.STOPPED, Cause.NONE, None, f"{ESCAPED}\\x00", None)


def test_the_answer_to_a_sign_in_is_kept_alike() -> None:
    said = SignedIn(1, Login(False, Cause.CREDENTIALS, 401, "\udc80", 5), probe=False, made_for=None)
    assert escaped(said) == SignedIn(1, Login(False, Cause.CREDENTIALS, 401, "\\udc80", 5), probe=False, made_for=None)
