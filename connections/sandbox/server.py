"""One asyncio server that is the whole sandbox. Everything in it belongs to its event loop's thread."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from connections.sandbox.api import Api
from connections.sandbox.control import Control
from connections.sandbox.wire import accounts
from connections.sandbox.wire.faults import Faults
from connections.sandbox.wire.http import GRAPHQL_PATH, HttpConnection, Request, Response
from connections.sandbox.wire.log import Entry, RequestLog
from connections.sandbox.wire.misbehave import deliver, disturb
from connections.sandbox.world import store
from connections.sandbox.world.arrivals import Arrivals
from connections.sandbox.world.clock import Clock
from connections.sandbox.world.seed import build_world, refill
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.ways import Switches, is_closed
from connections.sandbox.world.world import World

#: A change is on disk this many seconds later at most.
SAVE_AFTER_S = 0.8
STOP_PATH = "device/connect/stop"


class Server:
    def __init__(
        self, world: World, settings: Settings, tokens: dict[str, float] | None = None, state: Path | None = None
    ) -> None:
        self.world = world
        self.settings = settings
        self.accounts = accounts.Accounts(world.clock, settings)
        self.accounts.tokens.update(tokens or {})
        self.faults = Faults()
        self.log = RequestLog()
        self.switches = Switches(world, settings)
        world.is_closed = is_closed
        self.api = Api(world, self.accounts, settings, self.switches)
        self.control = Control(world, settings, self.faults, self.log, self.counts, self.switches)
        self.state = state
        self.save_timer: asyncio.TimerHandle | None = None
        self.clients: set[HttpConnection] = set()
        #: The most stops that were ever unanswered at once.
        self.in_flight_peak = 0

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one. Raises OSError when the address is taken or the state cannot be written."""
        self.loop = asyncio.get_running_loop()
        if self.state is not None:
            store.save(self.state, store.dump(self.world, self.accounts.tokens))
        self.listener = await self.loop.create_server(
            lambda: HttpConnection(self.receive, self.clients), host, port, backlog=1024
        )
        self.world.on_change = self.save_soon
        self.world.arrive = Arrivals(self.world, self.settings).catch_up
        name = self.listener.sockets[0].getsockname()[0]
        self.base_url = f"http://{f'[{name}]' if ':' in name else name}:{self.listener.sockets[0].getsockname()[1]}"

    def environment(self) -> dict[str, str]:
        """The environment variables that a client of this sandbox needs."""
        return {
            "REMOTEIT_API_URL": f"{self.base_url}/apv/v27",
            "REMOTEIT_GRAPHQL_URL": f"{self.base_url}/{GRAPHQL_PATH}",
            "REMOTEIT_DEVELOPER_KEY": accounts.DEVELOPER_KEY,
            "REMOTEIT_USERNAME": accounts.USERNAME,
            "REMOTEIT_PASSWORD": accounts.PASSWORD,
        }

    def access_key(self) -> dict[str, str]:
        """An access key, under the names that the vendor gives to its parts."""
        return {"R3_ACCESS_KEY_ID": accounts.ACCESS_KEY_ID, "R3_SECRET_ACCESS_KEY": accounts.SECRET_ACCESS_KEY}

    def close(self) -> None:
        """Stop listening, drop every client and write the last state."""
        self.listener.close()
        for client in list(self.clients):
            client.transport.abort()
        if self.save_timer is not None:
            self.save_timer.cancel()
            self.save()

    def receive(self, request: Request, client: HttpConnection) -> None:
        """Take a request; it is acted on after the latency even if the client has gone by then."""
        if request.path.startswith("/sandbox/"):
            self.loop.call_soon(lambda: client.send(self.control.answer(request)))
        else:
            entry = self.log.add(request)
            self.in_flight_peak = max(self.in_flight_peak, self.in_flight)
            self.loop.call_later(self.settings.latency_ms / 1000, self.answer, request, entry, client)

    @property
    def in_flight(self) -> int:
        """How many stops have arrived and are not answered in full."""
        requests = [client.current for client in self.clients]
        return sum(request is not None and request.path == STOP_PATH for request in requests)

    def counts(self) -> dict[str, int]:
        return {"in_flight": self.in_flight, "in_flight_peak": self.in_flight_peak}

    def answer(self, request: Request, entry: Entry, client: HttpConnection) -> None:
        fault = self.faults.draw(request)
        response = self.act(request, entry) if fault is None or fault.applied else None
        if fault is not None:
            entry.fault = fault.kind
            response = disturb(fault, request, response)
        if response is not None:
            response.ahead_s = self.settings.clock_ahead_s

        def sent() -> None:
            entry.status = None if response is None else response.status

        deliver(fault, response, client, sent)

    def act(self, request: Request, entry: Entry) -> Response:
        self.switches.catch_up()
        self.world.catch_up()
        before = self.world.changes
        response = self.api.answer(request)
        entry.applied = self.world.changes != before
        return response

    def save_soon(self) -> None:
        if self.state is not None and self.save_timer is None:
            self.save_timer = self.loop.call_later(SAVE_AFTER_S, self.save)

    def save(self) -> None:
        self.save_timer = None
        if self.state is None:
            return
        try:
            store.save(self.state, store.dump(self.world, self.accounts.tokens))
        except OSError as error:
            # The next change tries again; the sandbox goes on, for its answers do not depend on the file.
            print(f"The state could not be written to {self.state}: {error}", file=sys.stderr, flush=True)  # noqa: T201


def build(settings: Settings, connections: int, seed: int, state: Path | None) -> Server:
    """A server that is not listening yet, with a new world or the one kept in `state`, and `connections` live ones.

    A kept world with more of them keeps them all. Raises store.BadStateError.
    """
    if state is not None and state.exists():
        world, tokens = store.load(state)
        refill(world, connections)
        return Server(world, settings, tokens, state)
    return Server(build_world(Clock(), seed, connections), settings, state=state)
