"""(j, k) The list, its searches and the overview among very many connections, beside the same pages of 10,000."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median
from urllib.parse import quote_plus

from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from connections.db import search_index
from connections.inventory import pasted_lists
from connections.inventory.grammar import index
from connections.models import Account, Connection, ScopeRule
from connections.models.folded.names import fold_names
from tests.benchmarks import panel
from tests.benchmarks.long_history import parts
from tests.benchmarks.report import Report

FEW = 10_000
OPEN, MANY_OPEN = 500, 50_000
TRIES = 7
MOST_TIMES, MOST_MORE_MS = 1.2, 15.0
CHUNK = 20_000
KINDS = ("PLC gateway", "pump", "camera", "HMI", "meter gateway", "door")
SERVICES = ("ssh", "http", "vnc", "rdp", "modbus")
LIST = "/admin/connections/connection/"
COLUMNS = (
    "account_id", "device_address", "connection_id", "connection_key", "device_name", "service_name", "opened_by",
    "folded", "proxy_address", "opened_at", "known_by", "known_at", "list_scope", "status", "status_at",
)  # fmt: skip


def measure(items: int) -> Report:
    letter = "j" if connection.vendor == "sqlite" else "k"
    report = Report(letter, f"Pages among {items:,} connections beside those among {FEW:,}, {connection.vendor}")
    everybody, bounded = prepare()
    fill(0, FEW)
    pages = pages_of(bounded)
    usual = {name: page_ms(everybody if who is None else who, address) for name, (who, address) in pages.items()}
    fill(FEW, items)
    for open_now in (OPEN, MANY_OPEN):
        hold_open(open_now)
        for name, (who, address) in pages.items():
            took = page_ms(everybody if who is None else who, address)
            most = max(MOST_TIMES * usual[name], usual[name] + MOST_MORE_MS)
            title = f"{name}, {open_now:,} open"
            report.compare(title, took, "ms", baseline=(f"of {FEW:,}", usual[name]), at_most=round(most, 1))
    report.value("load of the machine, the last minute, at the end", os.getloadavg()[0], "")
    return report


def prepare() -> tuple[Client, Client]:
    """Clients of somebody who sees everything, and of somebody with ten rules of scope."""
    user = panel.prepare()
    for name in ("default", "eu", "us", "apac"):
        Account.objects.get_or_create(name=name, defaults={"listed_at": timezone.now()})
    group = Group.objects.create(name="ten rules")
    group.permissions.set(Permission.objects.filter(codename__in=("view_connection", "stop_connection")))
    for number in range(10):
        ScopeRule.objects.create(group=group, device=f"Plant {number} *")
    some = User.objects.create_user("bounded", is_staff=True)
    some.groups.add(group)
    clients = []
    for one in (user, some):
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(one)
        clients.append(client)
    return clients[0], clients[1]


def pages_of(bounded: Client) -> dict[str, tuple[Client | None, str]]:
    """What is asked for, by name; None: by who sees everything."""
    row = Connection.objects.order_by("pk")[FEW // 2]
    names = Connection.objects.filter(status="active").order_by("pk").values_list("device_name", flat=True)[:37]
    pasted = "\n".join([*names, "not there 1", "not there 2", "not there 3"])
    listed = pasted_lists.keep(User.objects.get(username="bench"), pasted, set())
    newest = Connection.objects.order_by("-pk").values_list("pk", flat=True)[:50]
    searches = {
        "all": "status:all",
        "a status": "status:ended",
        "a word": "pump status:all",
        "a word, open": "pump",
        "a phrase": '"PLC gateway 4321" status:all',
        "a substring": "anera status:all",
        "a word and a number": "plant 7 door status:all",
        "a word that nobody has": "zebra status:all",
        "an id": f"id:{row.connection_id} status:all",
        "an opener": "opener:person42@example.com status:all",
        "an account": "account:eu status:all",
        "a word of a third of all": "gateway status:all",
        "an exclusion alone": "-gateway status:all",
        "an or": "pump or camera status:all",
        "a pasted list": f"list:{listed.key} status:all",
    }
    found: dict[str, tuple[Client | None, str]] = {"the open list": (None, LIST)}
    found |= {name: (None, f"{LIST}?q={quote_plus(text)}") for name, text in searches.items()}
    found |= {f"page {number} of all": (None, f"{LIST}?q=status%3Aall&p={number}") for number in (3, 200)}
    found |= {
        f"sorted by column {n}": (None, f"{LIST}?q=status%3Aall&o={n}") for n in ("1", "-1", "2", "4", "5", "-5", "7")
    }
    rows = ",".join(map(str, newest))
    found["the refresh"] = (None, f"{LIST}refresh/?rows={rows}&since=1700000000&newest={newest[0]}")
    found["the overview"] = (None, "/admin/")
    found["the navigation alone"] = (None, f"{LIST}views/save/")
    scoped = {
        "the open list": "",
        "all": "status:all",
        "a word": "pump status:all",
        "nobody's word": "zebra status:all",
    }
    found |= {f"{name}, with ten rules": (bounded, f"{LIST}?q={quote_plus(text)}") for name, text in scoped.items()}
    found["the overview, with ten rules"] = (bounded, "/admin/")
    return found


def page_ms(client: Client, address: str) -> float:
    """The server's median time for a page, in milliseconds."""
    took = []
    for _ in range(TRIES):
        index._are_few.cache_clear()  # as for somebody who is the first to ask in this second
        begun = time.perf_counter()
        answer = client.get(address)
        took.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} was answered {answer.status_code}")
    return median(took[1:])


def fill(first: int, end: int) -> None:
    """Write down connections `first` to `end`, the first OPEN of all being open.

    In the database's own bulk way, with the index of names made after the rows.
    """
    accounts = list(Account.objects.order_by("pk").values_list("pk", flat=True))
    table, columns = Connection._meta.db_table, ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER names_inserted")
        for part in parts(rows(first, end, accounts, timezone.now()), CHUNK):
            with transaction.atomic():
                if connection.vendor == "sqlite":
                    marks = ", ".join(["%s"] * len(COLUMNS))
                    cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", part)
                else:
                    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                        for row in part:
                            copy.write_row(row)
        search_index.install()
        cursor.execute("ANALYZE")


def rows(first: int, end: int, accounts: list[int], now: datetime) -> Iterator[tuple]:
    for n in range(first, end):
        mixed = n * 2_654_435_761 % 2**32
        device = f"Plant {mixed % 40} {KINDS[mixed % len(KINDS)]} {n // 4}"
        service, opener = SERVICES[n % 5], f"person{mixed % 211}@example.com"
        at = now - timedelta(seconds=mixed % 8_000_000)
        address = ":".join(f"{byte:02X}" for byte in (0x8000_0000_0000_0000 + n).to_bytes(8))
        key = f"{n:08x}-0000-4000-8000-{mixed:012x}"
        status = "active" if n < OPEN else ("stopped", "ended", "ended", "ended")[mixed % 4]
        yield (
            accounts[mixed % len(accounts)], address,
            key.upper(), key, device, service, opener, fold_names(device, service, opener), "", at, "listed", now, "",
            status, now,
        )  # fmt: skip


def hold_open(count: int) -> None:
    """Have `count` connections open: the first ones."""
    first = Connection.objects.order_by("pk").values_list("pk", flat=True)[count]
    Connection.objects.filter(pk__lt=first).update(status="active")
