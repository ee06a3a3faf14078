"""What is stored for an account is removed, and nothing is sent with it any more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from connections.accounts.credentials import Credentials, remove_credentials, store_credentials
from connections.audit.origin import Origin
from connections.live.lister import Clients
from connections.live.read import read_list
from connections.models import Account, Connection
from connections.sandbox import Sandbox
from connections.stops.worker.loop import Drain
from tests.stops.test_drain import lines, start_run
from tests.support.slow import slow_but

pytestmark = pytest.mark.django_db(transaction=True)
COMMAND = Origin("command")


def test_the_reader_of_lists_takes_the_environment_s_at_once(
    sandbox: Sandbox, account: Account, admin_user: User
) -> None:
    clients = Clients()
    store_credentials(account, Credentials(developer_key="wrong", token="wrong"), admin_user, COMMAND)
    assert not read_list(account, clients.of(account)).complete
    remove_credentials(account, admin_user, COMMAND)
    assert read_list(account, clients.of(account)).complete


@pytest.mark.parametrize("count", slow_but([8], [8, 10]))  # with 8 nothing is queued any more, all is claimed
def test_what_waits_to_be_sent_is_not_sent_with_them_any_more(
    admin_user: User,
    sandbox: Sandbox,
    account: Account,
    open_connections: Callable[..., list[Connection]],
    settings: Settings,
    count: int,
) -> None:
    settings.STOP_CONCURRENCY = 4  # and twice as many are claimed ahead
    settings.STOP_READ_TIMEOUT = 10.0
    own = Credentials(sandbox.developer_key, username=sandbox.username, password=sandbox.password)
    settings.REMOTEIT_USERNAME = ""
    store_credentials(account, own, admin_user, COMMAND)
    open_connections(count)
    run, drain = start_run(admin_user), Drain()
    sandbox.set(latency_ms=1500)  # for what follows happens while the first are out
    while not run.items.sending().exists():
        drain.step(0.02)
    remove_credentials(account, admin_user, COMMAND)
    while run.items.sending().exists():
        drain.step(0.02)
    sent = len(sandbox.log.rows("device/connect/stop"))
    assert 1 <= sent <= 4
    assert run.items.filter(state="stopped").count() == sent
    assert [line["why"] for line in lines("stop.withdrawn")] == ["the account's credentials were changed"] * (
        count - sent
    )
    account.refresh_from_db()
    assert "has no remote.it credentials" in account.paused_why
