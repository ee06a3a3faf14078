"""(m, n) The list of somebody with ten rules of scope, beside that of somebody with none who sees as much."""

from __future__ import annotations

import os
import time
from statistics import median
from urllib.parse import quote_plus

from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from connections.inventory.grammar import index
from connections.models import Account, Connection, ScopeRule
from tests.benchmarks import large, panel
from tests.benchmarks.report import Report

MOST_TIMES = 1.2
TRIES = 15
PAGES = {
    "the open list": large.LIST,
    "page 3": f"{large.LIST}?p=3",
    "all": f"{large.LIST}?q={quote_plus('status:all')}",
    "a search": f"{large.LIST}?q={quote_plus('pump')}",
    "sorted by device": f"{large.LIST}?o=2",
}


def measure(items: int) -> Report:
    letter = "m" if connection.vendor == "sqlite" else "n"
    report = Report(letter, f"The list of {items:,} open connections with ten rules of scope, {connection.vendor}")
    panel.prepare()
    for name in ("default", "eu", "us", "apac"):
        Account.objects.get_or_create(name=name, defaults={"listed_at": timezone.now()})
    free, bounded = client_of("free"), client_of("bounded", *ten_rules())
    large.fill(0, items)
    Connection.objects.update(status="active")
    seen = Connection.objects.visible_to(User.objects.get(username="bounded")).count()
    report.value("connections that the rules let see", seen, "")
    for name, address in PAGES.items():
        usual, took = in_turns(free, bounded, address)
        most = round(MOST_TIMES * usual, 1)
        report.compare(f"{name}, with ten rules", took, "ms", baseline=("with none", usual), at_most=most)
    report.value("load of the machine, the last minute, at the end", os.getloadavg()[0], "")
    return report


def ten_rules() -> list[dict[str, str]]:
    """Rules of every sort, which together let see nearly all: who sees less has less to wait for."""
    return [
        *({"device": f"Plant {tens}*"} for tens in ("1", "2", "3", "? ", "2? camera")),
        *({"service": kind} for kind in ("ssh*", "*dp")),
        *({"opener": f"person{tens}?@example.com"} for tens in ("1", "4")),
        {"device": "*gateway*", "service": "http"},
    ]


def client_of(name: str, *rules: dict[str, str]) -> Client:
    """A client of somebody who may see and stop within `rules`; without any, everything."""
    group = Group.objects.create(name=name)
    group.permissions.set(Permission.objects.filter(codename__in=("view_connection", "stop_connection")))
    for rule in rules:
        ScopeRule.objects.create(group=group, **rule)
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(group)
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    return client


def in_turns(first: Client, second: Client, address: str) -> tuple[float, float]:
    """The server's median times for a page, in milliseconds; in turns, for a machine is not always as fast."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(TRIES):
        for client, times in zip((first, second), took, strict=True):
            index._are_few.cache_clear()
            begun = time.perf_counter()
            answer = client.get(address)
            times.append((time.perf_counter() - begun) * 1000)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} was answered {answer.status_code}")
    return median(took[0][1:]), median(took[1][1:])
