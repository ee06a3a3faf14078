from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from connections.models.accounts import Account
from connections.models.connections import Connection
from connections.models.runs import StopRun

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, user: User | AnonymousUser) -> AuditEventQuerySet:
        """Everybody's with `view_all_history`; else one's own and that of the connections one may see."""
        if user.has_perm("connections.view_all_history"):
            return self
        if not user.is_authenticated:
            return self.none()
        mine = models.Q(actor=user)
        if user.has_perm("connections.view_connection"):
            mine |= models.Q(connection__in=Connection.objects.visible_to(user))
        return self.filter(mine)


class AuditEvent(models.Model):
    """One line of the append-only history. `body` is what was hashed; the other columns are for queries."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(_("when"))
    action = models.CharField(_("action"), max_length=40)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("person")
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, db_index=False)
    run = models.ForeignKey(StopRun, on_delete=models.PROTECT, null=True, db_index=False)
    body = models.TextField()
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("history")
        ordering = ("-seq",)
        permissions = (("view_all_history", _("Can see everybody's history")),)
        indexes = (
            # One person's history.
            models.Index(fields=("actor", "-seq"), name="event_by_actor"),
            # What happened to one connection.
            models.Index(fields=("connection", "-seq"), name="event_by_connection"),
            # Who paused, resumed or cancelled a run.
            models.Index(
                fields=("run", "-seq"),
                condition=models.Q(action__in=("run.paused", "run.resumed", "run.cancelled")),
                name="event_wish",
            ),
            # One run's lines, for its page and its export.
            models.Index(fields=("run", "-seq"), name="event_by_run"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class AuditHead(models.Model):
    """The chain's last link: one row, whose lock gives out sequence numbers."""

    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return str(self.seq)
