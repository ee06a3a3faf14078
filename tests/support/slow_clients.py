"""Forty clients that take their time, and how a server answers others meanwhile.

python -m tests.support.slow_clients ADDRESS PORT [KIND ...]    measures the panel that listens there

Its DJANGO_SETTINGS_MODULE has to be tests.support.static_settings.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable

import requests

Address = tuple[str, int]
COUNT = 40
BEGIN_S, MEASURED_S, PATIENCE_S = 2.0, 13.0, 3.0
HEAD = b"POST /admin/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n"
LARGE_FILE = b"GET /static/admin/js/vendor/xregexp/xregexp.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def in_the_head(web: Address, ends: float) -> None:
    write_slowly(web, HEAD[:40], ends)


def in_the_body(web: Address, ends: float) -> None:
    write_slowly(web, HEAD, ends)


def write_slowly(web: Address, first: bytes, ends: float) -> None:
    """`first`, and then a byte a second."""
    with connect(web) as client:
        client.sendall(first)
        while time.monotonic() < ends:
            client.sendall(b"a")
            time.sleep(1)


def reading(web: Address, ends: float) -> None:
    """Ask for a file of Django's so often that the kernel's buffers don't hold it, and take 64 bytes a second."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.settimeout(PATIENCE_S)
        client.bind(("127.0.0.2", 0))
        client.connect(web)
        client.sendall(LARGE_FILE * 100)
        while time.monotonic() < ends:
            with contextlib.suppress(TimeoutError):
                client.recv(64)
            time.sleep(1)


def closing(web: Address, ends: float) -> None:
    """Read the last answer, and don't close."""
    with connect(web) as client:
        client.sendall(LAST)
        while client.recv(1000):
            pass
        time.sleep(PATIENCE_S)


KINDS: dict[str, Callable[[Address, float], None]] = {
    "head": in_the_head,
    "body": in_the_body,
    "reading": reading,
    "closing": closing,
}


def connect(web: Address) -> socket.socket:
    return socket.create_connection(web, timeout=PATIENCE_S, source_address=("127.0.0.2", 0))


def again_and_again(client: Callable[[Address, float], None], web: Address, ends: float) -> None:
    while time.monotonic() < ends:
        with contextlib.suppress(OSError):
            client(web, ends)
        time.sleep(0.2)


def probes(web: Address, kind: str) -> list[float]:
    """Seconds that `/healthz` took, twice a second beside COUNT of that kind; infinite when no answer came in time."""
    ends = time.monotonic() + BEGIN_S + MEASURED_S
    slow = [threading.Thread(target=again_and_again, args=(KINDS[kind], web, ends)) for _ in range(COUNT)]
    for thread in slow:
        thread.start()
    time.sleep(BEGIN_S)
    times = []
    while time.monotonic() < ends:
        began = time.monotonic()
        try:
            answered = requests.get(f"http://{web[0]}:{web[1]}/healthz", timeout=PATIENCE_S).ok
        except requests.RequestException:
            answered = False
        times.append(time.monotonic() - began if answered else float("inf"))
        time.sleep(0.5)
    for thread in slow:
        thread.join()
    return times


if __name__ == "__main__":
    for kind in sys.argv[3:] or KINDS:
        times = probes((sys.argv[1], int(sys.argv[2])), kind)
        answered = [seconds for seconds in times if seconds < PATIENCE_S]
        median = f"{statistics.median(answered):.3f} s" if answered else "-"
        print(f"{kind}: {len(answered)} of {len(times)} probes answered, median {median}", flush=True)
