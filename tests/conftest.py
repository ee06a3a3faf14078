"""The cast and the stage. Alice may stop, Bob may look, Carol reads everybody's history, the administrator may all."""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate
from django.test import Client, TransactionTestCase
from pytest_django import DjangoDbBlocker, Settings

# Playwright's sync API runs an event loop, which Django takes for an async view.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

from connections.audit import checkpoints, triggers
from connections.live.read import read_list
from connections.models import Account, Connection
from connections.sandbox import Sandbox
from connections.sandbox.world.seed import connectable, opener
from connections.sandbox.world.world import World, row
from connections.web import probes
from tests.settings import FOLDER
from tests.support import migrated
from tests.support.tables import Tables

pytest_plugins = ["tests.support.skips"]

PASSWORD = "correct horse battery"


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded now stays: the collector need not walk through all of it again and again, a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _drop_triggers(using: str, **kwargs: object) -> None:
    triggers.remove(using)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """The test database is a copy of one that is migrated already; the folder or the server it is in goes with it."""
    migrated.prepare(settings.DATABASES["default"])
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Drop the audit's triggers in the test database: they refuse to let it be emptied between tests.

    `test_verify_audit.py` makes them and proves them.
    """
    post_migrate.connect(_drop_triggers, dispatch_uid="tests")
    with django_db_blocker.unblock():
        triggers.remove()


@pytest.fixture(scope="session", autouse=True)
def given_back(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """After a test that commits the tables hold again what `migrate` had left in them."""
    with django_db_blocker.unblock():
        tables = Tables()
    TransactionTestCase._fixture_teardown = lambda self: tables.restore()


@pytest.fixture(scope="session")
def served(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Before a test's transaction begins: the WSGI application asks the database when it is imported, and closes the
    connection."""
    with django_db_blocker.unblock():
        import remoteit_admin.wsgi  # noqa: F401


@pytest.fixture(autouse=True)
def no_checkpoints_of_another_test() -> Iterator[None]:
    """A verification compares the history with the checkpoints that lie beside it, and each test has one of its own."""
    yield
    (FOLDER / checkpoints.FILE).unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def probes_remember_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test found, or this one before it changed something. `test_probes.py` has them remember."""
    monkeypatch.setattr(probes, "REMEMBERED_S", 0.0)


@pytest.fixture(scope="session", autouse=True)
def forced_sign_ins_tell_nothing() -> None:
    """Client.force_login is no sign-in of a person: no line for each. `test_sign_in_audit.py` turns them on again."""
    user_logged_in.disconnect(dispatch_uid="audit.signed_in")


def make_user(name: str, group: str | None = None) -> User:
    user = User.objects.create_user(name, f"{name}@example.com", PASSWORD, is_staff=True)
    if group:
        user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def alice(db: None) -> User:
    """An operator."""
    return make_user("alice", "Operators")


@pytest.fixture
def bob(db: None) -> User:
    """May look, and nothing else."""
    user = make_user("bob")
    user.user_permissions.add(Permission.objects.get(codename="view_connection"))
    return user


@pytest.fixture
def carol(db: None) -> User:
    """An auditor."""
    return make_user("carol", "Auditors")


@pytest.fixture
def admin_user(db: None) -> User:
    return User.objects.create_superuser("admin", "admin@example.com", PASSWORD)


@pytest.fixture
def account(db: None) -> Account:
    return Account.objects.get_or_create(name=Account.DEFAULT)[0]


@pytest.fixture
def make_connection(account: Account) -> Callable[..., Connection]:
    count = iter(range(1, 1_000_000))

    def make(**facts: object) -> Connection:
        number = next(count)
        defaults = {
            "account": account,
            "device_address": f"80:00:00:00:01:{number >> 16 & 255:02X}:{number >> 8 & 255:02X}:{number & 255:02X}",
            "connection_id": str(uuid.uuid4()).upper(),
            "device_name": f"Device {number:04}",
            "service_name": "ssh",
            "opened_by": "vendor@example.net",
            "known_by": "imported",
        }
        return Connection.objects.create(**{**defaults, **facts})

    return make


@pytest.fixture
def sandbox(settings: Settings) -> Iterator[Sandbox]:
    """A running sandbox that the panel's default account talks to."""
    with Sandbox(connections=0) as running:
        for name, value in running.environment.items():
            setattr(settings, name, value)
        yield running


def open_in(world: World, count: int) -> list[dict[str, object]]:
    services = [service for service in world.services.values() if connectable(service)]
    opened = [world.open(services[n % len(services)].address, opener(world.random)) for n in range(count)]
    return [row(one, world.clock.now()) for one in opened]


@pytest.fixture
def open_connections(sandbox: Sandbox, account: Account) -> Callable[[int], list[Connection]]:
    """Open so many connections in the sandbox and know them in the panel."""

    def open_them(count: int, known_by: str = "imported") -> list[Connection]:
        rows = sandbox.call(open_in, sandbox.server.world, count)
        return Connection.objects.bulk_create(
            Connection(
                account=account,
                device_address=row["device_address"],
                connection_id=row["connection_id"],
                connection_key=row["connection_id"].lower(),
                device_name=row["device_name"],
                service_name=row["service_name"],
                opened_by=row["opened_by"],
                opened_at=row["opened_at"],
                expires_at=row["expires_at"],
                known_by=known_by,
            )
            for row in rows
        )

    return open_them


@pytest.fixture
def operator(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def listed(sandbox: Sandbox, account: Account) -> Connection:
    """A connection that a complete list showed."""
    sandbox.call(open_in, sandbox.server.world, 1)
    assert read_list(account).complete
    return Connection.objects.get()
