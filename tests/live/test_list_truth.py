"""However remote.it behaves, no verdict says what the sandbox knows to be untrue, no failed list ends anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from connections.accounts.credentials import client_for
from connections.live.read import read_list
from connections.models import Account, Connection, StopItem
from connections.models.accounts import StopCall
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import KINDS, FaultRule
from connections.sandbox.world.settings import SWITCHES
from tests.stops.test_drain import finish, start_run
from tests.support.slow import slow_but

pytestmark = pytest.mark.django_db(transaction=True)
# What leaves a list that came as it is; those that take long or for ever are tried on the client alone.
HARMLESS = {
    "true_bool",
    "status_twice",
    "echo_id",
    "echo_none",
    "echo_other",
    "close_after",
    "ignored",
    "delay",
    "drip",
    "endless",
}
SPOILING = sorted(set(KINDS) - HARMLESS)
FOR_A_PUSH = ("503", "429", "html200", "empty", "truncated", "errors_too", "null_session", "redirect", "token_expired")
# A login with two factors reads no list at all.
CHOICES = [(name, one) for name in SWITCHES if name != "mfa" for one in SWITCHES[name].metadata["choices"][1:]]
SET = [*CHOICES, ("come_back_s", 1), ("skew_s", 0)]
BY_GRAPHQL = ("session_ids", "foreign", "come_back_s")


@pytest.fixture
def world(settings: Settings) -> Iterator[Sandbox]:
    """A sandbox with connections in the login's own account and in two organisations."""
    with Sandbox(connections=20, seed=5) as running:
        for name, value in running.environment.items():
            setattr(settings, name, value)
        settings.STOP_MAX_ATTEMPTS = 1
        yield running


def is_open(world: Sandbox, item: StopItem) -> bool:
    """Whether the sandbox still has it open, whatever it calls it in its list."""
    found = world.call(world.server.api.graphql.find, item.connection.connection_id)
    return found is not None and found.state(world.server.world.clock.now()) == "open"


def check_the_verdicts(world: Sandbox) -> None:
    for item in StopItem.objects.select_related("connection"):
        told, alive = item.verdict, is_open(world, item)
        assert told, "a complete list was asked for after the answer"
        assert alive == (told == "still_alive"), (item.state, told)
        assert (item.connection.status == "active") == alive or not alive


@pytest.mark.parametrize(
    ("call", "name", "choice"),
    [
        *((StopCall.REST, name, choice) for name, choice in SET),
        *((StopCall.GRAPHQL, name, choice) for name, choice in SET if name in BY_GRAPHQL),
    ],
)
def test_no_switch_of_the_sandbox_makes_a_verdict_untrue(
    alice: User, world: Sandbox, account: Account, name: str, choice: object, call: str
) -> None:
    Account.objects.update(stop_call=call)
    world.set(**{name: choice})
    with client_for(account) as client:
        assert read_list(account, client).complete
        finish(start_run(alice))
        world.advance(2)
        assert read_list(account, client).complete
    check_the_verdicts(world)


@pytest.mark.parametrize("kind", slow_but(FOR_A_PUSH, SPOILING))
@pytest.mark.parametrize("every", slow_but([1], [1, 2]), ids=["own list", "list of the organisations"])
def test_no_fault_of_a_list_ends_or_confirms_anything(
    alice: User, world: Sandbox, account: Account, kind: str, every: int
) -> None:
    with client_for(account) as client:
        read_list(account, client)
        finish(start_run(alice, list(Connection.objects.order_by("pk")[:5])))
        world.advance(3600)  # so that some of the others have ended, for nobody used them
        before = list(Connection.objects.order_by("pk").values_list("status", "absent_seq"))
        location = "http://127.0.0.1:9/" if kind == "redirect" else None
        world.faults.add(FaultRule(kind, path="graphql/v1", every=every, location=location))
        for _ in range(3):
            reading = read_list(account, client)
            assert not reading.complete
            assert reading.why
    assert list(Connection.objects.order_by("pk").values_list("status", "absent_seq")) == before
    assert set(StopItem.objects.values_list("verdict", flat=True)) == {""}


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/graphql/v1", "{base}/apv/v27/user/login", "{base}/nothing", ""]
)
def test_without_its_endpoint_no_list_ends_anything(
    world: Sandbox, account: Account, settings: Settings, address: str
) -> None:
    read_list(account)
    world.advance(9 * 3600)
    settings.REMOTEIT_GRAPHQL_URL = address.format(base=world.base_url)
    for _ in range(3):
        assert not read_list(account).complete
    assert set(Connection.objects.values_list("status", flat=True)) == {"active"}
