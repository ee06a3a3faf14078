from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models import scope
from connections.models.accounts import Account, AccountQuerySet
from connections.models.folded.names import SOURCES, FoldedNames, fold_names
from connections.models.formats import validate_connection_id, validate_service_address
from connections.models.rights import HOLDS, may
from connections.models.states import (
    KNOWN_TO_BE_REAL,
    OPEN_STATUSES,
    STOPPABLE_STATUSES,
    ConnectionStatus,
    KnownBy,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.models.rights import Person


# One by one and in this order: SQLite sees in no other form that a query fits an index with this condition.
OPEN = Q(status=ConnectionStatus.ACTIVE) | Q(status=ConnectionStatus.STOPPING) | Q(status=ConnectionStatus.UNKNOWN)


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def visible_to(self, person: Person) -> ConnectionQuerySet:
        """The connections `person` may see: every door reads through here."""
        return self._within(person, scope.SEES)

    def stoppable_by(self, person: Person) -> ConnectionQuerySet:
        """Those that `person` sees and may stop, whatever their status."""
        return self.visible_to(person)._within(person, "stop_connection")

    def openable_by(self, person: Person) -> ConnectionQuerySet:
        """Those that `person` sees and whose services they may open."""
        return self.visible_to(person)._within(person, "open_connection")

    def holdable_by(self, person: Person) -> ConnectionQuerySet:
        """Those that `person` sees and may hold, by one measure at least."""
        return self.visible_to(person)._within(person, *HOLDS)

    def _within(self, person: Person, *any_of: str) -> ConnectionQuerySet:
        """Those on which one of the permissions `any_of` counts for `person`."""
        bounds = [scope.condition(person, one) for one in any_of if may(person, one)]
        if None in bounds:
            return self
        return self.filter(reduce(or_, bounds)) if bounds else self.none()

    def open(self) -> ConnectionQuerySet:
        return self.filter(OPEN)

    def within_end(self) -> ConnectionQuerySet:
        """Those whose own end has not passed, as far as it is known."""
        return self.exclude(expires_at__lte=timezone.now())

    def stoppable(self) -> ConnectionQuerySet:
        return self.filter(status__in=STOPPABLE_STATUSES)

    def still(self, *statuses: ConnectionStatus) -> ConnectionQuerySet:
        """Those in one of `statuses`, for a guarded update of many keys.

        Said so that no index serves it: without fresh statistics PostgreSQL would read all of a status for each
        thousand keys, instead of the keys.
        """
        return self.exclude(status__in=[one for one in ConnectionStatus if one not in statuses])

    def update(self, **values: object) -> int:
        """As Django's; a name that is changed takes its folded form along."""
        if values.keys().isdisjoint(SOURCES):
            return super().update(**values)
        pks = list(self.values_list("pk", flat=True))
        count = super().update(**values)
        for pk, *names in self.model.objects.filter(pk__in=pks).values_list("pk", *SOURCES):
            super(ConnectionQuerySet, self.model.objects.filter(pk=pk)).update(folded=fold_names(*names))
        return count

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """As Django's; a name that is changed takes its folded form along."""
        fields = list(fields)
        if set(fields).isdisjoint(SOURCES):
            return super().bulk_update(objs, fields, batch_size)
        connections = list(objs)
        for one in connections:
            one.folded = fold_names(*(getattr(one, name) for name in SOURCES))
        return super().bulk_update(connections, [*fields, "folded"], batch_size)


def accounts_visible_to(person: Person) -> AccountQuerySet:
    """The accounts that `person` may know of: all, or those of connections that they see."""
    if may(person, scope.SEES) and not scope.is_bounded(person):
        return Account.objects.all()
    if not may(person, scope.SEES):
        return Account.objects.all() if may(person, "view_account") else Account.objects.none()
    seen = Connection.objects.visible_to(person).filter(account=OuterRef("pk"))
    return Account.objects.filter(Exists(seen.order_by()))


class Connection(models.Model):
    """One proxy connection, as far as we know it."""

    # "connection_by_seen" begins with it.
    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False, verbose_name=_("account"))
    device_address = models.CharField(
        _("service address"),
        max_length=23,
        validators=[validate_service_address],
        help_text=_("Eight pairs of hex digits: 80:00:00:00:01:00:40:C5."),
    )
    connection_id = models.CharField(
        _("connection id"),
        max_length=64,
        validators=[validate_connection_id],
        help_text=_("Sent to remote.it letter for letter."),
    )
    connection_key = models.CharField(max_length=64, editable=False)
    device_name = models.CharField(_("device"), max_length=200, blank=True)
    service_name = models.CharField(_("service"), max_length=200, blank=True)
    service_kind = models.PositiveIntegerField(_("kind of service"), null=True, blank=True, editable=False)
    """remote.it's number for what the service speaks; None while no list has told it."""
    opened_by = models.CharField(_("opened by"), max_length=254, blank=True)
    folded = FoldedNames(db_default="", editable=False)
    """Device, service and person as they are searched (connections/models/folded/names.py)."""
    proxy_address = models.TextField(_("proxy address"), blank=True, editable=False)
    """Where to go to use it, as remote.it said when we opened it."""
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    expires_at = models.DateTimeField(_("ends by itself"), null=True, blank=True)
    known_by = models.CharField(_("how we know it"), max_length=10, choices=KnownBy.choices)
    known_at = models.DateTimeField(_("as of"), default=timezone.now)
    seen_seq = models.BigIntegerField(null=True, editable=False)
    """The place in the audit of the list that first showed it."""
    listed_seq = models.BigIntegerField(null=True, editable=False)
    """The place in the audit of the first complete list that held it."""
    list_scope = models.CharField(max_length=64, blank=True, editable=False)
    """The account or organisation, by remote.it's id, whose list showed it: only that list can show its absence."""
    absent_seq = models.BigIntegerField(null=True, editable=False)
    """The place in the audit of the first complete list that lacked it, while it is absent."""
    status = models.CharField(
        _("status"), max_length=10, choices=ConnectionStatus.choices, default=ConnectionStatus.ACTIVE
    )
    status_at = models.DateTimeField(_("since"), default=timezone.now)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ("opened_at", "pk")
        permissions = (
            ("stop_connection", _("Can stop connections")),
            ("open_connection", _("Can open connections")),
        )
        # In this order its index serves the search by id over all accounts, too.
        constraints = (models.UniqueConstraint(fields=("connection_key", "account"), name="one_connection_per_id"),)
        indexes = (
            # The list: a status tab, oldest first.
            models.Index(fields=("status", "opened_at", "id"), name="connection_by_status"),
            # What is open, oldest first, and how much of it is not past its end: a few of very many, on every page.
            models.Index(fields=("opened_at", "id", "expires_at"), condition=OPEN, name="connection_open"),
            # The list without a tab.
            models.Index(fields=("opened_at", "id"), name="connection_by_opened"),
            # What came back: first seen in an account's lists after a stop was answered.
            models.Index(fields=("account", "seen_seq"), name="connection_by_seen"),
            # Search by device, and "same device" on the connection's page.
            models.Index(fields=("device_name",), name="connection_by_device"),
            models.Index(fields=("device_address",), name="connection_by_address"),
            # "Same person" on the connection's page, and the filter.
            models.Index(fields=("opened_by",), name="connection_by_opener"),
        )

    def __str__(self) -> str:
        return self.device_name or self.device_address

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.connection_key = self.connection_id.lower()
        written = kwargs.get("update_fields")
        if written is not None and not set(SOURCES).isdisjoint(written):
            kwargs["update_fields"] = [*written, "folded"]
        super().save(*args, **kwargs)

    @property
    def is_known_to_be_real(self) -> bool:
        """Whether remote.it itself told us this id."""
        return self.known_by in KNOWN_TO_BE_REAL

    @property
    def is_stoppable(self) -> bool:
        return self.status in STOPPABLE_STATUSES

    @property
    def is_past_expiry(self) -> bool:
        """Whether its own end has passed while we still hold it for open."""
        return self.expires_at is not None and self.expires_at <= timezone.now() and self.status in OPEN_STATUSES
