"""Sixteen strangers guess at once: the panel stays fast, and the history short. A real server, real hashing."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import requests

from connections.people.brakes import BY_ADDRESS
from connections.people.failures import KEPT_FOR, MOST_OF_ALL
from connections.sandbox import Sandbox
from tests.support.panels import PASSWORD, Panel, Web

pytestmark = [pytest.mark.slow, pytest.mark.once]
STRANGERS = 16
SECONDS = 12.0
OPERATOR = "192.0.2.1"
TELL_SUMS = """
from datetime import timedelta
from django.utils import timezone
from connections.people.failures import tell_sums
tell_sums(timezone.now() + timedelta(minutes=1))
"""


class Visitor:
    """A browser at `address` in front of the sign-in page."""

    def __init__(self, web: Web, address: str) -> None:
        self.login = f"{web.url}/admin/login/"
        self.session = requests.Session()
        self.session.headers["X-Forwarded-For"] = address
        self.session.get(self.login, timeout=60)

    def sign_in(self, name: str, password: str) -> requests.Response:
        form = {"username": name, "password": password, "csrfmiddlewaretoken": self.session.cookies["csrftoken"]}
        return self.session.post(self.login, form, timeout=60, allow_redirects=False)


def guess_until(end: float, stranger: Visitor, name: str, answers: Counter[int]) -> None:
    while time.monotonic() < end:
        answers[stranger.sign_in(name, "wrong").status_code] += 1


def list_times(session: requests.Session, web: Web, end: float) -> list[float]:
    times = []
    while time.monotonic() < end:
        began = time.monotonic()
        assert session.get(f"{web.url}/admin/connections/connection/", timeout=60).status_code == 200
        times.append(time.monotonic() - began)
        time.sleep(0.1)
    return times


@pytest.mark.parametrize("addresses", [1, STRANGERS])
def test_sixteen_who_guess_slow_nobody_and_fill_nothing(tmp_path: Path, addresses: int) -> None:
    with Sandbox(connections=50) as sandbox:
        urls = (f"sqlite:///{tmp_path}/db.sqlite3", f"sqlite:///{tmp_path}/queue.sqlite3")
        panel = Panel(tmp_path, sandbox, *urls)
        panel.environment["DJANGO_SETTINGS_MODULE"] = "tests.support.guessing_settings"
        with panel.web() as web:
            operator = Visitor(web, OPERATOR)
            assert operator.sign_in("admin", PASSWORD).status_code == 302
            alone = list_times(operator.session, web, time.monotonic() + 3)
            answers: Counter[int] = Counter()
            strangers = [Visitor(web, f"203.0.113.{number % addresses}") for number in range(STRANGERS)]
            end = time.monotonic() + SECONDS
            threads = [threading.Thread(target=guess_until, args=(end, one, "admin", answers)) for one in strangers]
            for thread in threads:
                thread.start()
            beside = list_times(operator.session, web, end)
            for thread in threads:
                thread.join()
            assert Visitor(web, "198.51.100.7").sign_in("admin", PASSWORD).status_code == 302
        told = [line for line in panel.history() if line["action"] == "user.sign_in_failed"]
        panel.manage("shell", "--command", TELL_SUMS)
        sums = [line["failures"] for line in panel.history() if "failures" in line]
    tried = sum(answers.values())
    seconds = f"{statistics.median(alone):.2f} s alone, {statistics.median(beside):.2f} s beside {tried} guesses"
    print(f"the list took {seconds}, at most {max(beside):.2f} s; answers {dict(answers)}; {len(told)} lines, {sums}")
    assert set(answers) == {200, 429}
    assert answers[200] <= addresses * BY_ADDRESS.free
    assert len(told) <= 2 * MOST_OF_ALL  # the minute may have changed meanwhile
    assert tried - len(told) - sum(sums) <= tried * KEPT_FOR.total_seconds() / SECONDS * 2
    assert statistics.median(beside) < 20 * max(statistics.median(alone), 0.05)  # it was forty to fifty times
