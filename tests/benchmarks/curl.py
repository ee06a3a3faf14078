"""What an operator without a panel would type: `xargs -P` over `curl`."""

from __future__ import annotations

import json
import subprocess
import time

import requests

from tests.benchmarks.bare_pool import Rows
from tests.benchmarks.stage import RunningSandbox


def measure(box: RunningSandbox, rows: Rows, processes: int) -> float:
    """Stop `rows` with so many `curl` processes at once. Returns the seconds, sign-in included."""
    bodies = "".join(
        json.dumps({"deviceaddress": row["device_address"], "connectionid": row["connection_id"]}) + "\n"
        for row in rows
    )
    begun = time.monotonic()
    call = ["curl", "-sS", "-w", "\\n", *headers(box), f"{box.url}/device/connect/stop", "--data"]
    command = ["xargs", "-P", str(processes), "-d", "\\n", "-n", "1", *call]
    done = subprocess.run(command, input=bodies, stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.monotonic() - begun
    stopped = done.stdout.count('"status":"true"') + done.stdout.count('"status": "true"')
    if stopped != len(rows):
        raise RuntimeError(f"curl stopped {stopped} of {len(rows)}")
    return seconds


def headers(box: RunningSandbox) -> list[str]:
    known = box.environment
    key = {"developerkey": known["REMOTEIT_DEVELOPER_KEY"]}
    with requests.Session() as session:
        session.trust_env = False
        login = {"username": known["REMOTEIT_USERNAME"], "password": known["REMOTEIT_PASSWORD"]}
        token = session.post(f"{box.url}/user/login", json=login, headers=key, timeout=20).json()["token"]
    lines = {"Content-Type": "application/json", "developerkey": key["developerkey"], "token": token}
    return [part for name, value in lines.items() for part in ("-H", f"{name}: {value}")]
