"""The baseline: the same calls by a plain `requests` thread pool that writes nothing down.

Run as a process of its own: reads `device_address connection_id` lines, prints what it measured as JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import requests
from requests.adapters import HTTPAdapter

from tests.benchmarks.stage import ROOT, RunningSandbox

TIMEOUT = (5, 20)
Rows = list[dict[str, str]]


def measure(box: RunningSandbox, rows: Rows, threads: int) -> dict[str, float]:
    """Stop `rows` with `threads` calls in flight. Returns `seconds`, sign-in included, `cpu`, `median_call`."""
    text = "".join(f"{row['device_address']} {row['connection_id']}\n" for row in rows)
    command = [sys.executable, "-m", "tests.benchmarks.bare_pool", str(threads)]
    env = {**os.environ, **box.environment}
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env, check=True)
    measured = json.loads(done.stdout)
    if measured["stopped"] != len(rows):
        raise RuntimeError(f"the bare pool stopped {measured['stopped']} of {len(rows)}")
    return measured


def sign_in(session: requests.Session) -> dict[str, str]:
    """The headers that a stop needs."""
    known = os.environ
    login = session.post(
        f"{known['REMOTEIT_API_URL']}/user/login",
        json={"username": known["REMOTEIT_USERNAME"], "password": known["REMOTEIT_PASSWORD"]},
        headers={"developerkey": known["REMOTEIT_DEVELOPER_KEY"]},
        timeout=TIMEOUT,
    )
    return {"developerkey": known["REMOTEIT_DEVELOPER_KEY"], "token": login.json()["token"]}


def stop(session: requests.Session, headers: dict[str, str], line: str) -> tuple[bool, float]:
    address, connection_id = line.split()
    begun = time.monotonic()
    answer = session.post(
        f"{os.environ['REMOTEIT_API_URL']}/device/connect/stop",
        json={"deviceaddress": address, "connectionid": connection_id},
        headers=headers,
        timeout=TIMEOUT,
        allow_redirects=False,
    )
    return answer.json()["status"] == "true", time.monotonic() - begun


def main() -> None:
    threads, lines = int(sys.argv[1]), sys.stdin.read().splitlines()
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=threads, pool_block=True))
    begun, cpu = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(partial(stop, session, sign_in(session)), lines))
    measured = {
        "seconds": time.monotonic() - begun,
        "cpu": time.process_time() - cpu,
        "median_call": statistics.median(took for _, took in answers),
        "stopped": sum(stopped for stopped, _ in answers),
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
