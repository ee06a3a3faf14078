"""Accounts whose lists went wrong, each in its own way, beside those of the world: their screens are walked, too."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from connections.accounts.credentials import hold
from connections.inventory import uploads
from connections.live.read import read_list
from connections.models import Account, AuditVerification, Connection, Upload
from connections.sandbox.wire.faults import FaultRule
from tests.browser.steps import FILE
from tests.browser.world import Stage, World
from tests.support.runs import WEB
from tests.support.uploads import read_all

SCOPE = "an organisation that the login has left"


def make_troubles(world: World, stage: Stage, administrator: User) -> None:
    """Accounts by the name of their trouble, and `field-ops`, whose last list broke off.

    By hand is what takes time or another life at remote.it: a list that grew old, and one that reaches less far.
    """
    stage.field_ops.faults.add(FaultRule("503", path="graphql/v1"), FaultRule("reset_after", path="device/connect"))
    read_list(world.field_ops)
    hold(_listed("held"), administrator, WEB)
    _listed("stale", at=timezone.now() - timedelta(minutes=20))
    left = {SCOPE: {"open": 1, "as_of": (timezone.now() - timedelta(hours=3)).isoformat()}}
    outside = _listed("outside", list_left=left, list_scopes=["the login itself"])
    Account.objects.create(name="never-read")
    world.uploads = _uploads(administrator)
    world.connections["outside"] = _connection(outside, list_scope=SCOPE)
    world.connections["incomplete"] = Connection.objects.filter(account=world.field_ops, status="active").latest("pk")


def _listed(name: str, at: Any = None, **facts: Any) -> Account:
    at = at or timezone.now()
    return Account.objects.create(name=name, listed_at=at, completely_listed_at=at, list_size=1, **facts)


def _connection(account: Account, **facts: Any) -> Connection:
    key = f"{account.name}-48844999-bbf4"
    return Connection.objects.create(
        account=account,
        device_address="80:00:00:00:01:00:40:C5",
        connection_id=key,
        connection_key=key,
        device_name="Gate 7",
        known_by="listed",
        listed_seq=1,
        **facts,
    )


def _uploads(user: User) -> dict[str, Upload]:
    """Files whose import waits too long, is under way, or can't be."""
    ids = {"old": uuid.uuid4(), "running": uuid.uuid4(), "bad": "no id either"}
    kept = {name: uploads.keep(user, f"{name}.csv", (FILE % id_).encode()) for name, id_ in ids.items()}
    read_all()
    Upload.objects.filter(pk=kept["old"].pk).update(read_at=timezone.now() - 2 * uploads.LIFETIME)
    Upload.objects.filter(pk=kept["running"].pk).update(started_at=timezone.now())
    return kept


@contextmanager
def faulty_history() -> Iterator[None]:
    """The last verification found something wrong."""
    held = AuditVerification.objects.filter(pk=1)
    faults = ["event 17: its text is not the one that was hashed", "event 41 is missing"]
    held.update(fault_count=2, faults=faults)
    yield
    held.update(fault_count=0, faults=[])
