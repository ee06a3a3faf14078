"""The sandbox as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import errno
import ipaddress
import secrets
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from . import store
from .server import Server, build
from .settings import SWITCHES, Settings

DESCRIPTION = (
    "Run a local remote.it: the same endpoints, a made-up world of devices and connections, a clock and faults on "
    "demand. It prints the addresses and credentials that it accepts. It never contacts remote.it."
)


class CannotStartError(Exception):
    """str() says why, in one sentence for the person who started it."""


def loopback(host: str) -> str:
    """argparse type: `host` if it is this machine's own loopback."""
    try:
        fine = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        fine = False
    if not fine:
        raise argparse.ArgumentTypeError(f"{host} is not a loopback address; the sandbox serves this machine only")
    return host


def number(lowest: int, highest: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            raise argparse.ArgumentTypeError(f"{text} is not a whole number from {lowest} to {highest}")
        return int(text)

    return whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", type=loopback, default="127.0.0.1", help="loopback address (default: 127.0.0.1)")
    parser.add_argument("--port", type=number(0, 65535), default=9527, help="0 takes a free one (default: 9527)")
    parser.add_argument(
        "--connections", type=number(0, 200_000), default=500, help="live connections at the start (default: 500)"
    )
    parser.add_argument("--seed", type=number(0, 2**63), help="the same seed makes the same world (default: random)")
    parser.add_argument(
        "--state", type=Path, metavar="FILE",
        help="keep the world in this file; when it exists, --connections and --seed have no effect",
    )  # fmt: skip
    for name, item in SWITCHES.items():
        choices = item.metadata["choices"]
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            default=item.default,
            help=f"{item.metadata['help']} (default: {item.default})",
            **({"choices": choices} if choices else {"type": number(0, 10**9)}),
        )


def serve(options: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM. Returns the process's exit code: 0, or 2 when it could not start."""
    settings = Settings(**{name: getattr(options, name) for name in SWITCHES})
    seed = secrets.randbits(32) if options.seed is None else options.seed
    try:
        server = build(settings, options.connections, seed, options.state)
        asyncio.run(run(server, options.host, options.port))
    except (CannotStartError, store.BadStateError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


async def run(server: Server, host: str, port: int) -> None:
    ended = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    try:
        await server.start(host, port)
    except OSError as error:
        raise CannotStartError(sentence(error, host, port)) from error
    say(server)
    await ended.wait()
    server.close()


def sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken: end what listens there, or choose another with --port."
    where = f": {error.filename}" if error.filename else ""
    return f"The sandbox could not start: {error.strerror or error}{where}."


def say(server: Server) -> None:
    for name, value in server.environment().items():
        print(f"{name}={value}")  # noqa: T201
    live, seed = len(server.world.live()), server.world.seed
    print(f"Sandbox ready: {live} live connections, seed {seed}. Ctrl-C ends it.", flush=True)  # noqa: T201


def main(argv: list[str] | None = None) -> int:
    """The command line; returns its exit code."""
    parser = argparse.ArgumentParser(prog="sandbox", description=DESCRIPTION)
    add_arguments(parser)
    return serve(parser.parse_args(argv))
