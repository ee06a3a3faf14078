"""The sandbox in a thread of the calling process, for tests."""

from __future__ import annotations

import asyncio
import concurrent.futures
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from connections.sandbox.server import build
from connections.sandbox.world.settings import Settings


class InLoop:
    """Calls the methods of an object on the server's thread and returns what they return."""

    def __init__(self, call: Callable[..., Any], target: Any) -> None:
        self._call = call
        self._target = target

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._target, name)
        if not callable(method):
            raise AttributeError(f"{name} belongs to the server's thread: use a method, or Sandbox.call().")
        return lambda *args, **kwargs: self._call(method, *args, **kwargs)


class Sandbox:
    """A running sandbox: `with Sandbox(connections=50) as sandbox:`.

    port: 0 takes a free one. connections: how many are live at the start, at least. seed: of the world; None draws one.
    state: the file that keeps the world. switches: those of Settings, by name.
    `world`, `log` and `faults` offer the methods of World, RequestLog and Faults, safe from any thread.
    """

    def __init__(
        self, *, port: int = 0, connections: int = 50, latency_ms: int = 0, seed: int | None = None,
        state: Path | None = None, **switches: Any,
    ) -> None:  # fmt: skip
        self.port = port
        settings = Settings(latency_ms=latency_ms, **switches)
        self.server = build(settings, connections, secrets.randbits(32) if seed is None else seed, state)
        self.world = InLoop(self.call, self.server.world)
        self.log = InLoop(self.call, self.server.log)
        self.faults = InLoop(self.call, self.server.faults)

    def __enter__(self) -> Self:
        started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), name="sandbox", daemon=True)
        self.thread.start()
        started.result()
        self.base_url = self.server.base_url
        self.environment = self.server.environment()
        self.url = self.environment["REMOTEIT_API_URL"]
        self.graphql_url = self.environment["REMOTEIT_GRAPHQL_URL"]
        self.access_key = self.server.access_key()
        self.developer_key = self.environment["REMOTEIT_DEVELOPER_KEY"]
        self.username = self.environment["REMOTEIT_USERNAME"]
        self.password = self.environment["REMOTEIT_PASSWORD"]
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join()

    async def _serve(self, started: concurrent.futures.Future[None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.ended = asyncio.Event()
        try:
            await self.server.start("127.0.0.1", self.port)
        except BaseException as error:
            started.set_exception(error)
            return
        started.set_result(None)
        await self.ended.wait()
        self.server.close()

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run `function` on the server's thread; returns its result or raises its exception."""

        async def run() -> Any:
            return function(*args, **kwargs)

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result()

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward."""
        self.world.advance(seconds)

    def set(self, **switches: Any) -> None:
        """Change switches of Settings by name."""
        self.call(self.server.settings.change, switches)
