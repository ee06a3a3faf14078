"""One reading of single services of an account: announced, asked, followed by the records, written down."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connections.accounts.sign_in import sign_in, why_not_signed_in
from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.live.compare import chunks
from connections.live.reconcile import meet
from connections.remoteit import Cause
from connections.remoteit.services import AT_ONCE, ServiceList, read_services

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connections.models import Account
    from connections.remoteit import Client, Session
    from connections.remoteit.services import Service


@dataclass(frozen=True)
class ServicesRead:
    """What a reading showed. `at`, `seq`: when, and at which place in the audit, it was asked for.

    `services`: by lower-case address. `why_not`: why nothing certain is known of a service, by address; of all:
    under "". `login`: the e-mail address of the account's own login, "" when no answer told it. `retry_after`: as the
    API sent it.
    """

    at: datetime
    seq: int
    services: dict[str, Service] = field(default_factory=dict)
    why_not: dict[str, str] = field(default_factory=dict)
    login: str = ""
    why_no_events: str = ""
    cause: Cause = Cause.NONE
    retry_after: str | None = None
    clock_off_s: int = 0

    def why_unknown(self, key: str) -> str:
        """Why this says nothing certain of the service `key`; "" when it does."""
        return self.why_not.get("", "") or self.why_not.get(key, "")

    def shows(self, address: str, session_key: str) -> bool | None:
        """Whether it shows this session of the service; None when it says nothing of that service."""
        service = self.services.get(address.lower())
        if service is None or service.sessions is None:
            return None
        return any(session.id.lower() == session_key for session in service.sessions)


def read(
    account: Account, client: Client, wanted: Mapping[str, Sequence[str]], *, since: datetime | None
) -> ServicesRead:
    """Read the services that `wanted` names, by the account or organisation that lists them; "" is the login.

    The line `list.started` is committed before the question leaves. `since`: remote.it's events from then on are asked
    for, too.
    """
    login = sign_in(client, account, WORKER)
    at, count = timezone.now(), sum(len(addresses) for addresses in wanted.values())
    with transaction.atomic():
        seq = append([Entry("list.started", WORKER, account=account, facts={"services": count})])
    if login is not None and not login.accepted:
        return _write_down(account, ServicesRead(at, seq, why_not={"": why_not_signed_in(login)}), count, 0)
    parts = [
        read_services(client, scope, part, since=since)
        for scope, addresses in wanted.items()
        for part in chunks(list(addresses), AT_ONCE)
    ]
    found = _together(at, seq, parts)
    opened = meet(account, _sessions(found.services.values()), asked_seq=seq)
    return _write_down(account, found, count, opened)


def _together(at: datetime, seq: int, parts: list[ServiceList]) -> ServicesRead:
    services: dict[str, Service] = {}
    why_not: dict[str, str] = {}
    for part in parts:
        services |= part.services
        why_not |= part.why_not
    told = [part for part in parts if part.clock_off_s is not None]
    return ServicesRead(
        at,
        seq,
        services,
        why_not,
        login=next((part.login for part in parts if part.login), ""),
        why_no_events=next((part.why_no_events for part in parts if part.why_no_events), ""),
        cause=next((part.cause for part in parts if part.cause is not Cause.NONE), Cause.NONE),
        retry_after=next((part.retry_after for part in parts if part.retry_after), None),
        clock_off_s=told[0].clock_off_s or 0 if told else 0,
    )


def _sessions(services: Iterable[Service]) -> list[Session]:
    return [session for service in services for session in service.sessions or ()]


def _write_down(account: Account, found: ServicesRead, count: int, opened: int) -> ServicesRead:
    open_now = [session for session in _sessions(found.services.values()) if session.proxy]
    ids = "".join(f"{one}\n" for one in sorted(session.id for session in open_now))
    facts = {
        "complete": not found.why_not,
        "why": next(iter(found.why_not.values()), ""),
        "list_seq": found.seq,
        "services": count,
        "sessions": len(open_now),
        "ids_sha256": hashlib.sha256(ids.encode()).hexdigest(),
        "opened": opened,
    }
    with transaction.atomic():
        append([Entry("list.read", WORKER, account=account, facts=facts)])
    return found
