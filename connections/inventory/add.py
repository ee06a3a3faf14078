"""Adding one connection that somebody knows of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append, timestamp
from connections.audit.origin import Origin
from connections.models import Connection
from connections.models.states import KnownBy

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class AlreadyKnown(Exception):
    """The account has a connection with this id, `connection`; nothing was added. The message is fit for a person."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(_("This id is known already in the account “%s”.") % connection.account)
        self.connection = connection


def add_connection(connection: Connection, *, actor: User, origin: Origin) -> Connection:
    """Save `connection`, filled in and checked by its caller, as added by hand, with its `connection.added` line.

    Raises AlreadyKnown when its account has one with the same id, in any case.
    """
    connection.known_by = KnownBy.ADDED
    connection.known_at = connection.status_at = timezone.now()
    try:
        with transaction.atomic():
            connection.save(force_insert=True)
            append([_added(connection, actor, origin)])
    except IntegrityError:
        known = Connection.objects.filter(account=connection.account, connection_key=connection.connection_key).first()
        if known is None:
            raise
        raise AlreadyKnown(known) from None
    return connection


def _added(connection: Connection, actor: User, origin: Origin) -> Entry:
    facts = {
        "device_name": connection.device_name,
        "service_name": connection.service_name,
        "opened_by": connection.opened_by,
        "opened_at": timestamp(connection.opened_at) if connection.opened_at else "",
        "expires_at": timestamp(connection.expires_at) if connection.expires_at else "",
    }
    return Entry(
        "connection.added", origin, actor=actor, account=connection.account, connection=connection, facts=facts
    )
