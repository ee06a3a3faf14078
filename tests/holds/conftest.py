"""A stage for holds: some connections that a list has shown, and one round of the worker at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from pytest_django import Settings

from connections.audit.origin import Origin
from connections.holds.begin import Wish, begin
from connections.holds.keeper import Keeper
from connections.live.read import read_list
from connections.models import Account, Connection, Hold
from connections.models.holding.holds import Level
from connections.sandbox import Sandbox
from connections.sandbox.world.seed import connectable
from connections.stops.worker.loop import Drain

WEB = Origin("web")


class Stage:
    """The sandbox, and the worker's loops called by hand."""

    def __init__(self, sandbox: Sandbox, account: Account) -> None:
        self.sandbox = sandbox
        self.account = account
        self.drain = Drain()
        self.keeper = Keeper(self.drain.worker, sleep=lambda seconds: None)

    def open(self, count: int = 1) -> list[Connection]:
        """Have Dana open so many services in the sandbox, and let a list show them."""
        world = self.sandbox.server.world
        reachable = [one.address for one in world.services.values() if connectable(one)]
        for address in reachable[:count]:
            self.come(address, "dana.k@example.com")
        assert read_list(self.account).complete
        return list(Connection.objects.order_by("pk"))

    def come(self, address: str, opened_by: str, *, gone: bool = False) -> None:
        """Have a person open a service; `gone`: and close it again at once."""

        def visit() -> None:
            one = self.sandbox.server.world.open(address, opened_by)
            if gone:
                self.sandbox.server.world.stop(one)

        self.sandbox.call(visit)

    def round(self, seconds: float = 0) -> None:
        """One round of the worker, after so many seconds of the sandbox's clock."""
        if seconds:
            self.sandbox.advance(seconds)
        self.keeper.step()
        self.drain.run_until_idle()

    def change(self, address: str, **change: object) -> dict[str, Any]:
        """Change a service in the sandbox as a stranger would."""
        found: dict[str, Any] = self.sandbox.call(
            self.sandbox.server.control.changed_service, {"address": address, **change}
        )
        return found

    def service(self, address: str) -> dict[str, Any]:
        return self.change(address)


@pytest.fixture
def stage(sandbox: Sandbox, account: Account, settings: Settings, tmp_path: Path) -> Stage:
    settings.DATA_FOLDER = tmp_path
    sandbox.set(latency_ms=0)
    return Stage(sandbox, account)


@pytest.fixture
def lead(alice: User) -> User:
    """Alice, who may hold at every level."""
    names = ("hold_watch", "hold_recut", "hold_links", "hold_services")
    alice.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return User.objects.get(pk=alice.pk)


@pytest.fixture
def hold_all(lead: User) -> Callable[..., Hold]:
    """Begin a hold over all open connections."""

    def hold(level: Level = Level.RECUT, **wish: Any) -> Hold:
        asked = {"quiet": timedelta(minutes=10), "deadline": timedelta(hours=1), **wish}
        return begin(lead, Wish(level, "laptop stolen", **asked), Connection.objects.open(), WEB)

    return hold
