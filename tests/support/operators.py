"""Operators who click at once, on SQLite, beside a run: `python -m tests.support.operators --people 50 --seconds 60`.

They sign in one after the other, and then read lists, runs, history and refreshes, keep preferences and draft stops.
What counts is what nobody may see: an answer above 499, or a database that is locked.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import requests

from connections.sandbox import Sandbox
from tests.support.panels import PASSWORD, Panel, Web

READ = (
    "/admin/",
    "/admin/connections/connection/",
    "/admin/connections/connection/?q=status:active",
    "/admin/connections/stoprun/",
    "/admin/connections/stoprun/{run}/change/",
    "/admin/connections/auditevent/",
    "/admin/notices/feed/",
    "/admin/sessions/",
)
WRITES = 0.1
"""The share of clicks that write."""
PAUSE_S = (0.2, 1.0)
MAKE = """
from django.contrib.auth.models import Group, User
from django.contrib.auth.hashers import make_password
password, group = make_password({password!r}), Group.objects.get(name="Operators")
for number in range({people}):
    user = User.objects.create(username=f"operator-{{number}}", password=password, is_staff=True)
    user.groups.add(group)
"""
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@dataclass
class Clicked:
    """How often each status was answered, how long each took in seconds, and what went wrong."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add(self, what: str, answer: requests.Response) -> None:
        self.statuses[answer.status_code] += 1
        self.seconds.append(answer.elapsed.total_seconds())
        if answer.status_code >= 500:
            self.failed.append(f"{what}: {answer.status_code}")


def sign_in(url: str, name: str, session: requests.Session) -> requests.Session:
    """Sign in as `name` at the panel at `url`, and return `session`."""
    token = TOKEN.search(session.get(f"{url}/admin/login/", timeout=60).text)
    assert token, "the page of the sign-in has no form"
    form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    answer = session.post(f"{url}/admin/login/", form, allow_redirects=False, timeout=60)
    assert answer.status_code == 302, f"{name} was not let in: {answer.status_code}"
    return session


def click(web: Web, session: requests.Session, run: int, until: float, clicked: Clicked) -> None:
    """What one operator does until then."""
    choose = random.Random(id(session))
    while time.monotonic() < until:
        try:
            if choose.random() < WRITES:
                clicked.add("preferences", _write(web, session))
            else:
                path = choose.choice(READ).format(run=run)
                clicked.add(path, session.get(f"{web.url}{path}", timeout=60))
        except requests.RequestException as error:
            clicked.failed.append(repr(error))
        time.sleep(choose.uniform(*PAUSE_S))


def _write(web: Web, session: requests.Session) -> requests.Response:
    page = session.get(f"{web.url}/admin/preferences/", timeout=60)
    token = TOKEN.search(page.text)
    assert token, page.status_code
    form = {"csrfmiddlewaretoken": token[1], "time_zone": "Europe/Berlin", "language": "en"}
    return session.post(f"{web.url}/admin/preferences/", form, timeout=60)


def measure(folder: Path, *, people: int, seconds: float, connections: int) -> tuple[Clicked, str]:
    """Let `people` click for `seconds` beside a run over `connections`. Returns that, and the panel's log."""
    clicked = Clicked()
    with Sandbox(connections=connections) as remoteit:
        panel = Panel(folder, remoteit, f"sqlite:///{folder}/db.sqlite3", f"sqlite:///{folder}/queue.sqlite3")
        panel.manage("shell", "-c", MAKE.format(password=PASSWORD, people=people))
        panel.know_what_is_open()
        with panel.web() as web, panel.worker():
            sessions = [sign_in(web.url, f"operator-{number}", requests.Session()) for number in range(people)]
            run, until = panel.stop_all(), time.monotonic() + seconds
            threads = [threading.Thread(target=click, args=(web, session, run, until, clicked)) for session in sessions]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            done = len(panel.outcomes(run))
        print(f"the run: {done} answered when they stopped clicking")
        return clicked, panel.log.read_text()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=2000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clicked, log = measure(Path(folder), people=asked.people, seconds=asked.seconds, connections=asked.connections)
    locked = log.count("database is locked")
    print(
        f"{len(clicked.seconds)} requests: {dict(clicked.statuses)}; median {statistics.median(clicked.seconds):.2f} s"
    )
    print(f"{locked} times locked, {len(clicked.failed)} failed", *clicked.failed[:10], sep="\n  ")


if __name__ == "__main__":
    main()
