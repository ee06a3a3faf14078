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

from connections.sandbox.server import Server, build
from connections.sandbox.world import store
from connections.sandbox.world.settings import ANSWERS_HELP, SWITCHES, Settings

DESCRIPTION = (
    "Run a local remote.it: the same endpoints, with made-up devices and connections behind them. It prints the "
    "address and the credentials that it accepts, as the environment variables that the panel reads, and then serves "
    "until Ctrl-C. It never contacts remote.it."
)
EPILOG = (
    "While it runs it can be steered under /sandbox/ at the printed address: GET log, connections.csv, "
    "connections.json and faults; POST faults, clock and settings; DELETE log and faults. docs/sandbox.md has examples."
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
    parser.usage, parser.epilog = "%(prog)s [options]", EPILOG
    place = parser.add_argument_group("where it listens and what is in it")
    place.add_argument("--host", type=loopback, default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    place.add_argument(
        "--port", type=number(0, 65535), metavar="PORT", default=9527, help="0 takes a free one (default: 9527)"
    )
    place.add_argument(
        "--connections", type=number(0, 200_000), metavar="COUNT", default=500,
        help="live connections at the start; a kept world that has fewer gets new ones up to this (default: 500)",
    )  # fmt: skip
    place.add_argument(
        "--seed", type=number(0, 2**63), metavar="NUMBER", help="the same seed makes the same world (default: random)"
    )
    place.add_argument(
        "--state", type=Path, metavar="FILE",
        help="keep the world in this file and go on with it at the next start, which then needs no --seed",
    )  # fmt: skip
    place.add_argument(
        "--print-access-key", action="store_true", help="print an access key too, which the sandbox takes either way"
    )
    answers = parser.add_argument_group("how it answers", ANSWERS_HELP)
    for name, item in SWITCHES.items():
        choices, unit = item.metadata["choices"], item.metadata["unit"]
        answers.add_argument(
            f"--{name.replace('_', '-')}",
            default=item.default,
            help=f"{item.metadata['help']} (default: {item.default})",
            **({"choices": choices} if choices else {"type": number(0, 10**9), "metavar": unit}),
        )


def serve(options: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM. Returns the process's exit code: 0, or 2 when it could not start."""
    settings = Settings(**{name: getattr(options, name) for name in SWITCHES})
    seed = secrets.randbits(32) if options.seed is None else options.seed
    try:
        server = build(settings, options.connections, seed, options.state)
        asyncio.run(run(server, options))
    except (CannotStartError, store.BadStateError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


async def run(server: Server, options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    try:
        await server.start(options.host, options.port)
    except OSError as error:
        raise CannotStartError(sentence(error, options.host, options.port)) from error
    say(server, server.access_key() if options.print_access_key else {})
    await ended.wait()
    server.close()


def sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken: end what listens there, or choose another with --port."
    where = f": {error.filename}" if error.filename else ""
    return f"The sandbox could not start: {error.strerror or error}{where}."


def say(server: Server, access_key: dict[str, str]) -> None:
    for name, value in (server.environment() | access_key).items():
        print(f"{name}={value}")  # noqa: T201
    live, seed = len(server.world.live()), server.world.seed
    print(f"Sandbox ready: {live} live connections, seed {seed}. Ctrl-C ends it.", flush=True)  # noqa: T201


def main(argv: list[str] | None = None) -> int:
    """The command line; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m connections.sandbox", description=DESCRIPTION)
    add_arguments(parser)
    return serve(parser.parse_args(argv))
