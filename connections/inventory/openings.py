"""Opening a proxy connection: announced, asked for once, recorded when remote.it names it."""

from __future__ import annotations

import ipaddress
import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, InterfaceError, transaction
from django.db import connection as database
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.accounts.credentials import client_for, credentials_of
from connections.accounts.sign_in import sign_in
from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.db.writable import NEVER_TAKEN, in_ascii
from connections.models import Account, Connection
from connections.models.formats import is_connection_id
from connections.models.rights import may, refusal
from connections.models.scope import SEES, is_bounded
from connections.models.states import OPEN_STATUSES, ConnectionStatus, KnownBy
from connections.remoteit import Opened, Opening

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.remoteit import Client

ANYBODY = "0.0.0.0"  # noqa: S104 - not listened on, but said to remote.it
FIRST_TO_CONNECT = "255.255.255.255"
"""Who may use a connection, for `host_ip` (remoteit-api reference, section 2.1)."""
LONGEST_LIFE_S = 366 * 86400
PATIENCE_S = 20.0
RETRY_S = 0.5
logger = logging.getLogger(__name__)


class CannotOpen(Exception):
    """Nothing was asked of remote.it; the message says why, for a person."""


@dataclass(frozen=True)
class Wish:
    """What `user` wants. `host_ip`: who may use the connection, as for `Client.open_connection`."""

    account: Account
    device_address: str
    host_ip: str
    user: User
    origin: Origin


@dataclass(frozen=True)
class Result:
    """What became of a wish, and the record of what was opened; None when nothing is known to be open."""

    opened: Opened
    connection: Connection | None


def public_address(client_ip: str) -> str:
    """`client_ip` when remote.it can restrict a connection to it: a public IPv4 address; else ""."""
    try:
        address = ipaddress.ip_address(client_ip)
    except ValueError:
        return ""
    return client_ip if address.version == 4 and address.is_global else ""


def open_connection(wish: Wish) -> Result:
    """Ask remote.it, once, for a connection to a service, and record what it opened.

    Raises CannotOpen and NoCredentials: then nothing was asked. Else the line `connection.open_sent` is committed
    before the wish leaves.
    """
    _check(wish)
    opened_by = credentials_of(wish.account).username
    with client_for(wish.account) as client:
        _sign_in(client, wish)
        facts = {"device_address": wish.device_address, "host_ip": wish.host_ip}
        sent_seq = _tell("connection.open_sent", facts, wish)
        opened = _checked(client.open_connection(wish.device_address, wish.host_ip))
    return _record_patiently(opened, wish, sent_seq, opened_by)


def _check(wish: Wish) -> None:
    account, user = wish.account, wish.user
    if not may(user, "open_connection"):
        raise CannotOpen(refusal("open_connection"))
    known = Connection.objects.filter(account=account, device_address__iexact=wish.device_address)
    if is_bounded(user, SEES, "open_connection") and not known.openable_by(user).exists():
        raise CannotOpen(_("This service is in no scope in which you may open."))
    account.refresh_from_db()
    if account.removed_at:
        raise CannotOpen(_("The account “%s” was removed.") % account.name)
    if account.held_at:
        raise CannotOpen(_("The account “%s” is paused by a person.") % account.name)
    if account.is_paused(timezone.now()):
        told = {"name": account.name, "why": account.paused_why}
        raise CannotOpen(_("The account “%(name)s” is paused: %(why)s.") % told)


def _sign_in(client: Client, wish: Wish) -> None:
    """Get a token where one is needed, with lines of its own. Raises CannotOpen without one."""
    login = sign_in(client, wish.account, wish.origin, wish.user)
    if login is not None and not login.accepted:
        raise CannotOpen(_("Sign-in to remote.it failed: %s.") % login.reason.rstrip("."))


def _checked(opened: Opened) -> Opened:
    """`opened`, unless its id is none that a stop could send: then one may be open that we can't name."""
    if opened.outcome is not Opening.OPENED or is_connection_id(opened.connection_id):
        return opened
    reason = f"The answer says that it opened “{opened.connection_id[:200]}”, which is no connection id"
    return replace(opened, outcome=Opening.UNKNOWN, reason=reason)


def _record_patiently(opened: Opened, wish: Wish, sent_seq: int, opened_by: str) -> Result:
    """Record it as soon as the database takes it: who else would know what is open?"""
    latest = time.monotonic() + PATIENCE_S
    while True:
        try:
            return _record_or_escape(opened, wish, sent_seq, opened_by)
        except (DatabaseError, InterfaceError):
            if time.monotonic() > latest:
                told = (opened.outcome, wish.device_address, opened.connection_id, opened.proxy_address)
                logger.exception(
                    "Could not be recorded: remote.it's answer to opening was %s (%s, id %s, at %s)", *told
                )
                raise
            database.close_if_unusable_or_obsolete()
            time.sleep(RETRY_S)


def _record_or_escape(opened: Opened, wish: Wish, sent_seq: int, opened_by: str) -> Result:
    try:
        return _record(opened, wish, sent_seq, opened_by)
    except NEVER_TAKEN:
        logger.exception("The database can't take remote.it's answer to opening as it came")
    reason, address = in_ascii(opened.reason), in_ascii(opened.proxy_address)
    return _record(replace(opened, reason=reason, proxy_address=address), wish, sent_seq, opened_by, escaped=True)


def _record(opened: Opened, wish: Wish, sent_seq: int, opened_by: str, *, escaped: bool = False) -> Result:
    facts = {
        "open_seq": sent_seq,
        "device_address": wish.device_address,
        "outcome": opened.outcome.value,
        "upstream_status": opened.status,
        "upstream_reason": opened.reason,
        "proxy_address": opened.proxy_address,
        "took_ms": opened.took_ms,
        "escaped": escaped or None,
    }
    with transaction.atomic():
        connection = _known(opened, wish, opened_by) if opened.outcome is Opening.OPENED else None
        _tell("connection.open_answered", facts, wish, connection)
    return Result(opened, connection)


def _known(opened: Opened, wish: Wish, opened_by: str) -> Connection:
    """The record of what was opened. A list that was read meanwhile may have made it."""
    now = timezone.now()
    told = {
        "known_by": KnownBy.OPENED,
        "known_at": now,
        "proxy_address": opened.proxy_address,
        "expires_at": _end(opened, now),
    }
    new = {
        **told,
        **_names(wish),
        "device_address": wish.device_address,
        "connection_id": opened.connection_id,
        "opened_by": opened_by,
        "opened_at": now,
    }
    connection, created = Connection.objects.update_or_create(
        account=wish.account, connection_key=opened.connection_id.lower(), defaults=told, create_defaults=new
    )
    if not created and connection.status not in OPEN_STATUSES:
        connection.status, connection.status_at = ConnectionStatus.ACTIVE, now
        connection.save(update_fields=("status", "status_at"))
    return connection


def _end(opened: Opened, now: datetime) -> datetime | None:
    """When it ends by itself. A number from a broken answer may lie beyond every calendar: then that isn't known."""
    seconds = opened.expires_in_s
    return None if seconds is None or seconds > LONGEST_LIFE_S else now + timedelta(seconds=seconds)


def _names(wish: Wish) -> dict[str, str | int | None]:
    """The names and the kind that an earlier connection to the same service had."""
    same = Connection.objects.filter(account=wish.account, device_address__iexact=wish.device_address)
    last = same.exclude(device_name="").order_by("-known_at").first()
    return {name: getattr(last, name) for name in ("device_name", "service_name", "service_kind")} if last else {}


def _tell(action: str, facts: dict[str, Any], wish: Wish, connection: Connection | None = None) -> int:
    entry = Entry(action, wish.origin, actor=wish.user, account=wish.account, connection=connection, facts=facts)
    with transaction.atomic():
        return append([entry])
