from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import django
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.accounts.credentials import NoCredentials, credentials_of
from connections.audit.append import timestamp
from connections.management.shell import COULD_NOT, SOME_NOT, tell
from connections.models import Account, AuditCheckpoint, AuditHead, StopItem, Worker
from connections.models.credentials import CannotDecrypt
from connections.web import health
from remoteit_admin import __version__

STALE = timedelta(minutes=10)
"""How old an account's list may be: twice as long as one is ever put off."""


class Fact(NamedTuple):
    """One line: what is asked about, what is so, and whether that is well."""

    name: str
    said: str
    well: bool = True


class NotAsked(Exception):
    """The panel could not be asked; the message says why."""


class Command(BaseCommand):
    help = (
        "Say how the panel is, part by part, as /readyz tells no stranger: database, queue, workers, lists, history, "
        "versions. Exit code 0 when all is well, 1 when something is not, 2 when the panel could not be asked."
    )
    requires_system_checks = ()  # what they find is part of what is told

    def handle(self, *args: Any, **options: Any) -> None:
        well = True
        try:
            for fact in _facts():
                tell(self.stdout, [f"{fact.name:<12} {fact.said}"])
                well = well and fact.well
        except (DatabaseError, InterfaceError, NotAsked) as error:
            self.stderr.write(_("The panel could not be asked: %s") % " ".join(str(error).split()))
            raise SystemExit(COULD_NOT) from None
        if not well:
            raise SystemExit(SOME_NOT)


def _facts() -> Iterator[Fact]:
    under = f"Django {django.__version__}, Python {platform.python_version()}"
    yield Fact("panel", f"remoteit-admin {__version__}, {under}")
    yield Fact("database", _database_version())
    if waiting := _migrations_waiting():
        told = ngettext("%d migration has not been made", "%d migrations have not been made", waiting) % waiting
        yield Fact("migrations", f"{told}: python manage.py migrate", well=False)
        return
    parts = health.parts()
    if "worker" not in parts:
        raise NotAsked(f"database: {parts['database']}")
    yield from (Fact(name, word, word == "ok") for name, word in parts.items())
    yield from _work()
    yield from (_list_of(account) for account in Account.objects.all())
    yield from _history()
    for found in checks.run_checks(databases=["default"]):
        yield Fact("check", f"{found.id}: {found.msg}", found.level < checks.ERROR)


def _database_version() -> str:
    connection.ensure_connection()
    return f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"


def _migrations_waiting() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _work() -> Iterator[Fact]:
    for worker in Worker.objects.alive().order_by("pk"):
        yield Fact("worker", f"{worker}, since {timestamp(worker.started_at)}, last sign {timestamp(worker.beat_at)}")
    items = StopItem.objects.order_by()
    yield Fact("stops", f"{items.queued().count()} queued, {items.sending().count()} sent and not answered yet")


def _list_of(account: Account) -> Fact:
    if account.removed_at is not None:
        return Fact("list", _("%s: removed") % account)
    try:
        credentials_of(account)
    except NoCredentials as error:
        return Fact("list", f"{account}: {error}")
    except (CannotDecrypt, ImproperlyConfigured) as error:
        return Fact("list", f"{account}: {error}", well=False)
    if account.held_at is not None:
        return Fact("list", _("%s: a person paused the account") % account)
    if account.listed_at is None:
        return Fact("list", _("%s: not read yet") % account, well=False)
    said = f"{account}: read {timestamp(account.listed_at)}"
    if not account.list_is_complete:
        return Fact("list", f"{said}, not complete: {account.list_why}", well=False)
    return Fact("list", said, timezone.now() - account.listed_at < STALE)


def _history() -> Iterator[Fact]:
    head, checkpoint, verified = AuditHead.objects.first(), AuditCheckpoint.objects.last(), health.verified()
    yield Fact("history", f"{head.seq if head else 0} lines", head is not None)
    if checkpoint is not None:
        yield Fact("checkpoint", f"of line {checkpoint.seq}, {timestamp(checkpoint.at)}")
    if verified is not None:
        yield Fact("verified", ", ".join(f"{name} {value}" for name, value in verified.items()))
