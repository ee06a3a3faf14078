from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _


class Call(models.TextChoices):
    """One call that stops a connection."""

    REST = "rest", _("REST")
    GRAPHQL = "graphql", _("GraphQL disconnect")


class StopCall(models.TextChoices):
    """Which calls stop a connection of the account."""

    REST = "rest", _("REST")
    GRAPHQL = "graphql", _("GraphQL disconnect")
    REST_GRAPHQL = "rest_graphql", _("REST, then GraphQL when the id is unknown there")


class AccountQuerySet(models.QuerySet["Account"]):
    def kept(self) -> AccountQuerySet:
        """Those that nobody has removed: what is added, imported or opened belongs to one of them."""
        return self.filter(removed_at=None)

    def paused(self) -> AccountQuerySet:
        """Those for which nothing is sent or listed now: a person or remote.it wants it so."""
        return self.filter(Q(held_at__isnull=False) | Q(paused_until__gt=Now()))


class Account(models.Model):
    """One remote.it login or access key."""

    DEFAULT = "default"

    name = models.CharField(_("name"), max_length=80, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    stop_call = models.CharField(
        _("stop call"),
        max_length=12,
        choices=StopCall.choices,
        default=StopCall.REST,
        help_text=_("Whether the REST call accepts an id that the list gave is not documented by remote.it."),
    )
    credentials_changed_at = models.DateTimeField(null=True, editable=False)
    held_at = models.DateTimeField(_("held since"), null=True, editable=False)
    """Since when a person wants nothing sent or listed for it."""
    removed_at = models.DateTimeField(_("removed"), null=True, editable=False)
    """When a person removed it: it has no credentials from then on, is held for good, and its history stays."""
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    paused_why = models.TextField(_("why it is paused"), blank=True)
    limited_at = models.DateTimeField(null=True, editable=False)
    """When remote.it last asked for a pause; answers to what was sent before are of the same burst."""
    limits_in_row = models.PositiveSmallIntegerField(default=0, editable=False)
    signing_in = models.ForeignKey(
        "Worker", on_delete=models.SET_NULL, null=True, editable=False, related_name="+", db_index=False
    )
    """The worker that signs in for all of them just now."""
    unreached_calls = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    """How many calls in a row left no byte of themselves on the way to remote.it."""
    unreached_since = models.DateTimeField(null=True, editable=False)
    """When the first of these ended; None while there is none."""
    unreached_why = models.TextField(blank=True, db_default="", editable=False)
    """What the last of these broke at, with the classes of its exceptions."""
    reach_due_at = models.DateTimeField(null=True, editable=False)
    """When the next call tries whether remote.it can be reached; None while it can, as far as is known."""
    next_send_at = models.DateTimeField(null=True, editable=False)
    """When the next stop may leave, where STOP_MAX_PER_SECOND spaces them; held across all workers."""
    shares = models.JSONField(default=dict, editable=False)
    """How many stops each worker, by its key, may have under way at once; counts while it has claims here."""

    listed_at = models.DateTimeField(_("last list"), null=True, editable=False)
    completely_listed_at = models.DateTimeField(_("last complete list"), null=True, editable=False)
    list_why = models.TextField(_("why the last list is not complete"), blank=True, editable=False)
    list_size = models.PositiveIntegerField(_("connections in the last complete list"), default=0, editable=False)
    list_due_at = models.DateTimeField(null=True, editable=False)
    """When the list is read next, by the database's clock."""
    list_scopes = models.JSONField(null=True, editable=False)
    """Where the last complete list reached: the ids of the login and of its organisations; None when not noted."""
    list_left = models.JSONField(default=dict, editable=False)
    """Where it no longer reached and connections are still held for open: id -> how many, and when one last did."""
    clock_off_s = models.IntegerField(null=True, editable=False)
    """By how many seconds the clock of the machine that read the last list was ahead; None when no answer told."""
    list_reader = models.CharField(max_length=16, blank=True, editable=False)
    """Who is reading the list; "" while nobody is."""
    list_reader_at = models.DateTimeField(null=True, editable=False)
    """When that reader last gave a sign, by the database's clock."""

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def list_is_complete(self) -> bool:
        """Whether its last list was read whole."""
        return self.listed_at is not None and self.listed_at == self.completely_listed_at

    def covers(self, scope: str) -> bool:
        """Whether the last complete list reached `scope`, the id of the login or of an organisation."""
        return not scope or self.list_scopes is None or scope in self.list_scopes

    def covered_until(self, scope: str) -> datetime | None:
        """When a complete list last reached `scope`; None when that is not known."""
        if scope in (self.list_scopes or ()):
            return self.completely_listed_at
        return parse_datetime(self.list_left.get(scope, {}).get("as_of", ""))

    @property
    def is_unreachable(self) -> bool:
        """Whether no call gets to remote.it at all, so that what is queued waits and costs no attempts."""
        return self.reach_due_at is not None

    def is_paused(self, at: datetime) -> bool:
        return self.held_at is not None or (self.paused_until is not None and self.paused_until > at)


def lock_accounts(ids: Iterable[int]) -> dict[int, Account]:
    """The accounts by primary key, locked until the transaction ends, in the order in which everybody locks them.

    Whoever changes many connections of an account holds its lock first: they would meet in other orders.
    """
    locked = Account.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
    return {account.pk: account for account in locked}
