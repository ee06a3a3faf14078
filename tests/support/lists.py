"""Lists as remote.it might answer them, word for word, without a server."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.live import read
from connections.live.read import Reading
from connections.models import Account
from connections.remoteit import Cause, Session, SessionList

ID = "48844999-bbf4-48cf-9a3a-353b7385737a"
OWN, ORGANISATION = "own-account", "an-organisation"


def session(session_id: str = ID, *accounts: str, **facts: Any) -> Session:
    told = {
        "service_address": "80:00:00:00:01:00:40:C5",
        "service_name": "ssh",
        "device_name": "Pump 7",
        "opened_by": "anna@example.org",
        "opened_at": "2026-01-02T03:04:05.678Z",
        "proxy": True,
        "state": "connected",
        **facts,
    }
    return Session(id=session_id, accounts=accounts or (OWN,), **{"service_kind": None, **told})


def follow(
    account: Account, *sessions: Session, reach: tuple[str, ...] = (OWN, ORGANISATION), why_incomplete: str = ""
) -> Reading:
    """Have records and verdicts follow a list of `sessions`, which is complete without a reason why it is not."""
    with transaction.atomic():
        seq = append([Entry("list.started", WORKER, account=account)])
    listed = SessionList(not why_incomplete, why_incomplete, Cause.NONE, 200, 1, sessions=sessions, accounts=reach)
    account.refresh_from_db()
    return read.follow(account, listed, seq, WORKER)
