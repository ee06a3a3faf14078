"""One sign-in of an account serves all workers, and its token is as secret as the credentials."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from pytest_django import Settings

from connections.accounts.credentials import Credentials, store_credentials
from connections.accounts.rotation import rotate_credentials
from connections.accounts.sign_in import share_token, shared_token
from connections.audit.origin import Origin
from connections.live.read import read_list
from connections.models import Account, Connection, SessionToken, StopRun, Worker
from connections.sandbox import Sandbox
from connections.stops.worker.loop import Drain
from tests.stops.test_drain import lines, start_run, states

pytestmark = pytest.mark.django_db(transaction=True)
OpenConnections = Callable[..., list[Connection]]
COMMAND = Origin("command")


def work_together(run: StopRun, *drains: Drain) -> None:
    while run.items.unfinished().exists():
        for drain in drains:
            drain.step(0.02)


def signed_in(sandbox: Sandbox) -> int:
    """How often, and each time with its two lines."""
    count = len(sandbox.log.rows("user/login"))
    assert count == len(lines("account.sign_in_sent")) == len(lines("account.sign_in_answered"))
    return count


def expire(tokens: dict[str, float]) -> None:
    tokens.update(dict.fromkeys(tokens, 0.0))


def test_two_workers_sign_in_once(alice: User, sandbox: Sandbox, open_connections: OpenConnections) -> None:
    open_connections(40)
    sandbox.set(latency_ms=30)
    run = start_run(alice)
    work_together(run, Drain(), Drain())
    assert (states(run), signed_in(sandbox)) == ({"stopped": 40}, 1)


def test_an_expired_token_costs_them_one_more(alice: User, sandbox: Sandbox, open_connections: OpenConnections) -> None:
    open_connections(80)
    sandbox.set(latency_ms=30)
    run, drains = start_run(alice), [Drain(), Drain()]
    while run.items.finished().count() < 20:
        for drain in drains:
            drain.step(0.02)
    sandbox.call(expire, sandbox.server.accounts.tokens)
    work_together(run, *drains)
    assert (states(run), signed_in(sandbox)) == ({"stopped": 80}, 2)


def test_a_worker_that_comes_later_takes_the_token_over(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    known = open_connections(2)
    work_together(start_run(alice, known[:1]), Drain())
    work_together(start_run(alice, known[1:]), Drain())
    assert signed_in(sandbox) == 1


def test_a_sign_in_that_died_with_its_worker_is_told_and_made_by_another(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(1)
    run, dead = start_run(alice), Drain()
    sandbox.set(latency_ms=300)
    dead.step(0)
    Worker.objects.filter(pk=dead.worker.pk).update(beat_at="2020-01-01T00:00Z")
    sandbox.set(latency_ms=0)
    work_together(run, Drain())
    assert states(run) == {"stopped": 1}
    assert signed_in(sandbox) == 2
    assert [line["outcome"] for line in reversed(lines("account.sign_in_answered"))] == ["unknown", "accepted"]


def test_while_a_living_worker_signs_in_the_others_wait(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(1)
    start_run(alice)
    busy = Drain().worker
    Account.objects.update(signing_in=busy)
    other = Drain()
    for _ in range(3):
        other.step(0.02)
    assert sandbox.log.rows("user/login") == []


def test_a_list_uses_the_workers_token(alice: User, sandbox: Sandbox, open_connections: OpenConnections) -> None:
    open_connections(1)
    work_together(start_run(alice), Drain())
    assert read_list(Account.objects.get()).complete
    assert signed_in(sandbox) == 1


def test_a_list_signs_in_with_its_own_two_lines(sandbox: Sandbox, account: Account) -> None:
    assert read_list(account).complete
    assert signed_in(sandbox) == 1


def test_a_list_whose_sign_in_is_refused_says_so(sandbox: Sandbox, account: Account, settings: Settings) -> None:
    settings.REMOTEIT_PASSWORD = "wrong"
    said = "Sign-in to remote.it failed: [0102] The username or password is invalid"
    assert read_list(account).why == said
    assert [line["outcome"] for line in lines("account.sign_in_answered")] == ["refused"]
    assert signed_in(sandbox) == 1


def test_a_wrong_password_is_tried_once_for_many_items(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, settings: Settings
) -> None:
    settings.REMOTEIT_PASSWORD = "wrong"
    open_connections(30)
    run, drain = start_run(alice), Drain()
    while not Account.objects.get().paused_why:
        drain.step(0.02)
    assert (signed_in(sandbox), states(run)) == (1, {"queued": 30})


def test_a_token_that_graphql_does_not_take_is_renewed_and_the_stop_sent_again(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    Account.objects.update(stop_call="graphql")
    open_connections(80)
    sandbox.set(latency_ms=30)
    run, drain = start_run(alice), Drain()
    while not run.items.finished().exists():
        drain.step(0.02)
    sandbox.call(expire, sandbox.server.accounts.tokens)
    work_together(run, drain)
    assert (states(run), signed_in(sandbox)) == ({"stopped": 80}, 2)


def test_a_worker_that_is_asked_to_end_while_it_signs_in_says_what_came_of_it(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(1)
    start_run(alice)
    sandbox.set(latency_ms=300)
    drain, ending = Drain(), threading.Event()
    threading.Timer(0.1, ending.set).start()
    drain.run(ending)
    assert signed_in(sandbox) == 1
    assert [line["outcome"] for line in lines("account.sign_in_answered")] == ["accepted"]


def test_the_answer_for_replaced_credentials_pauses_nobody(
    admin_user: User, sandbox: Sandbox, open_connections: OpenConnections, settings: Settings
) -> None:
    settings.REMOTEIT_PASSWORD = "wrong"
    open_connections(1)
    run, drain = start_run(admin_user), Drain()
    sandbox.set(latency_ms=300)
    drain.step(0)
    right = Credentials(sandbox.developer_key, username=sandbox.username, password=sandbox.password)
    store_credentials(Account.objects.get(), right, admin_user, COMMAND)
    work_together(run, drain)
    assert states(run) == {"stopped": 1}
    assert Account.objects.get().paused_why == ""


@pytest.fixture
def shared(account: Account, settings: Settings) -> Account:
    settings.REMOTEIT_USERNAME, settings.REMOTEIT_DEVELOPER_KEY = "anna@example.com", "key"
    share_token(account, "token-of-a-test")
    return account


def test_a_shared_token_is_read_by_others(shared: Account) -> None:
    assert shared_token(shared) == "token-of-a-test"


def test_it_is_unreadable_in_a_dump(shared: Account) -> None:
    out = io.StringIO()
    call_command("dumpdata", "connections", stdout=out)
    assert "connections.sessiontoken" in out.getvalue()
    assert "token-of-a-test" not in out.getvalue()


def test_it_is_not_taken_for_that_of_another_login(shared: Account, settings: Settings) -> None:
    settings.REMOTEIT_USERNAME = "bert@example.com"
    assert shared_token(shared) == ""


def test_it_goes_with_the_credentials(shared: Account, admin_user: User) -> None:
    store_credentials(shared, Credentials(developer_key="key", username="a", password="b"), admin_user, COMMAND)
    assert not SessionToken.objects.exists()


def test_it_goes_with_a_rotation(shared: Account, admin_user: User) -> None:
    rotate_credentials(COMMAND)
    assert not SessionToken.objects.exists()


def test_one_that_no_key_opens_is_none(shared: Account, settings: Settings) -> None:
    settings.CREDENTIALS_KEY = "b3RoZXJzb3RoZXJzb3RoZXJzb3RoZXJzb3RoZXJzb3Q="
    assert shared_token(shared) == ""


def test_without_a_key_nothing_is_kept(account: Account, settings: Settings) -> None:
    settings.CREDENTIALS_KEY = ""
    with transaction.atomic():
        share_token(account, "token-of-a-test")
        assert not SessionToken.objects.exists()
