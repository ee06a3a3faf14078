"""The fields of a search: what each takes, which connections it means, and how that is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.inventory import pasted_lists
from connections.inventory.grammar.names import matches, whole
from connections.inventory.grammar.spans import (
    Unclear,
    age_condition,
    age_said,
    end_condition,
    end_said,
    read_end,
    read_span,
)
from connections.inventory.grammar.tokens import Value
from connections.models import Account
from connections.models.connections import OPEN, accounts_visible_to
from connections.models.folded.names import AFTER_DEVICE, AFTER_OPENER, AFTER_SERVICE
from connections.models.formats import is_connection_id, is_service_address
from connections.models.states import OPEN_STATUSES, ConnectionStatus

if TYPE_CHECKING:
    from connections.models.rights import Person

DEFAULT_TAB = "open"
TABS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "open": (gettext_lazy("Open"), OPEN_STATUSES),
    "active": (gettext_lazy("Active"), (ConnectionStatus.ACTIVE,)),
    "stopping": (gettext_lazy("Stopping"), (ConnectionStatus.STOPPING,)),
    "unknown": (gettext_lazy("Unknown"), (ConnectionStatus.UNKNOWN,)),
    "stopped": (gettext_lazy("Stopped"), (ConnectionStatus.STOPPED,)),
    "ended": (gettext_lazy("Ended"), (ConnectionStatus.ENDED,)),
    "all": (gettext_lazy("All"), tuple(ConnectionStatus)),
}

HEX = re.compile(r"[0-9a-f-]{1,36}", re.IGNORECASE)
PART_OF_ADDRESS = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2})*:?", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """A field of the search. `read` checks a value and gives it in its plain form, or raises Unclear.

    `condition`: the connections that a value means. `said`: the value in words. `is_range`: two of the field narrow
    each other, where those of others are alternatives.
    """

    name: str
    title: Any
    means: Any
    """With %s for the values in words."""
    excludes: Any
    help: Any
    example: str
    read: Callable[[Value], Value]
    condition: Callable[[Value], Q]
    said: Callable[[Value], str]
    is_range: bool = False


def _read_name(value: Value) -> Value:
    return Value(value.pieces)


def _read_status(value: Value) -> Value:
    name = {"any": "all"}.get(value.shown.lower(), value.shown.lower())
    if name not in TABS:
        facts = {"value": value.shown, "known": ", ".join(TABS)}
        raise Unclear(_("“%(value)s” is no status: %(known)s.") % facts, *get_close_matches(name, list(TABS), 3, 0.5))
    return Value((name,))


def _read_account(value: Value) -> Value:
    return _of_accounts(value, Account.objects.all())


def _of_accounts(value: Value, accounts: QuerySet[Account]) -> Value:
    if not any(matches(value, name) for name in accounts.values_list("name", flat=True)):
        # Without a name that is near: whoever asks may not know of that account.
        raise Unclear(_("There is no account “%s”.") % value.shown)
    return value


def read_value(name: str, value: Value, person: Person | None) -> Value:
    """The value of the field `name` in its plain form. Raises Unclear.

    To `person` an account that they may not know of is as unknown as one that is none; None: for who asks for nobody.
    """
    if name == "account" and person is not None:
        return _of_accounts(value, accounts_visible_to(person))
    return FIELDS[name].read(value)


def _read_id(value: Value) -> Value:
    bare = value.shown.replace("*", "")
    if not bare or not (HEX.fullmatch(bare) or PART_OF_ADDRESS.fullmatch(bare)):
        raise Unclear(_("“%s” is neither a connection id nor a service address, nor part of one.") % value.shown)
    return value


def is_key(value: str) -> bool:
    """Whether `value` is a record's key, as addresses and forms carry it."""
    return value.isascii() and value.isdigit() and len(value) < 19


def _read_key(value: Value) -> Value:
    if not is_key(value.shown):
        raise Unclear(_("“%s” is no number of a record.") % value.shown)
    return value


def _read_list(value: Value) -> Value:
    if not pasted_lists.exists(value.shown):
        raise Unclear(_("There is no pasted list “%s”; lists are kept for 90 days.") % value.shown)
    return value


def _account_condition(value: Value) -> Q:
    accounts = Account.objects.values_list("pk", "name")
    return Q(account__in=[pk for pk, name in accounts if matches(value, name)])


def id_condition(value: Value) -> Q:
    """The connections whose id or service address `value` is, or begins; elsewhere in it only with a wildcard."""
    first, *rest = value.pieces
    if not rest and is_connection_id(first):
        return Q(connection_key=first.lower())
    if not rest and is_service_address(first):
        return Q(device_address__upper=first.upper())
    column, case = ("device_address__upper", str.upper) if ":" in value.shown else ("connection_key", str.lower)
    if rest in ([], [""]):
        return Q(**{f"{column}__begins": case(first)})
    pattern = ".*".join(re.escape(case(piece)) for piece in value.pieces)
    return Q(**{f"{column}__iregex": f"^{pattern}$"})


def _status_condition(value: Value) -> Q:
    return OPEN if value.shown == DEFAULT_TAB else Q(status__in=TABS[value.shown][1])


def _said(value: Value) -> str:
    return f"“{value.shown}”" if value.shown else _("not known")


def _status_said(value: Value) -> str:
    return str(TABS[value.shown][0]).lower()


def _name(name: str, title: Any, means: Any, excludes: Any, help: Any, example: str, before: str, after: str) -> Field:  # noqa: A002
    return Field(
        name, title, means, excludes, help, example, _read_name,
        lambda value: Q(folded__like=whole(value, before, after)), _said,
    )  # fmt: skip


FIELDS: dict[str, Field] = {
    one.name: one
    for one in (
        _name(
            "opener", gettext_lazy("Opened by"), gettext_lazy("opened by %s"), gettext_lazy("not opened by %s"),
            gettext_lazy("who opened it"), "dana.k@example.com", AFTER_SERVICE, AFTER_OPENER,
        ),
        _name(
            "device", gettext_lazy("Device"), gettext_lazy("device %s"), gettext_lazy("not device %s"),
            gettext_lazy("the whole name; * stands for anything, and never continues a number"), '"Plant 7*"',
            "", AFTER_DEVICE,
        ),
        _name(
            "service", gettext_lazy("Service"), gettext_lazy("service %s"), gettext_lazy("not service %s"),
            gettext_lazy("a comma: any of them"), "ssh,http", AFTER_DEVICE, AFTER_SERVICE,
        ),
        Field(
            "account", gettext_lazy("Account"), gettext_lazy("of account %s"), gettext_lazy("not of account %s"),
            gettext_lazy("the remote.it account"), "eu-plants", _read_account, _account_condition, _said,
        ),
        Field(
            "age", gettext_lazy("Open for"), gettext_lazy("open for %s"), gettext_lazy("not open for %s"),
            gettext_lazy("open for at least so long; min, h, d; or <15min, 1h-4h"), ">4h",
            read_span, age_condition, age_said, is_range=True,
        ),
        Field(
            "ends", gettext_lazy("Ends"), gettext_lazy("%s"), gettext_lazy("not %s"),
            gettext_lazy("ends by itself within; or past: past its own end"), "<30min",
            read_end, end_condition, end_said, is_range=True,
        ),
        Field(
            "status", gettext_lazy("Status"), gettext_lazy("status %s"), gettext_lazy("not status %s"),
            gettext_lazy("open (unless told), active, stopping, unknown, stopped, ended, all"), "unknown",
            _read_status, _status_condition, _status_said,
        ),
        Field(
            "id", gettext_lazy("Id or address"), gettext_lazy("id or address %s"), gettext_lazy("not id or address %s"),
            gettext_lazy("connection id or service address, or how it begins"), "80:00:00:00:01",
            _read_id, id_condition, _said,
        ),
        Field(
            "newer", gettext_lazy("Newer"), gettext_lazy("newer than record %s"),
            gettext_lazy("not newer than record %s"), gettext_lazy("came after this record"), "4711",
            _read_key, lambda value: Q(pk__gt=int(value.shown)), lambda value: value.shown, is_range=True,
        ),
        Field(
            "list", gettext_lazy("Pasted list"), gettext_lazy("of the pasted list %s"),
            gettext_lazy("not of the pasted list %s"), gettext_lazy("what the lines of a pasted list mean"), "3f2a0b…",
            _read_list, lambda value: pasted_lists.condition_of(value.shown), lambda value: value.shown[:6],
            is_range=True,
        ),
    )
}  # fmt: skip
ALIASES = {"opened_by": "opener", "person": "opener", "address": "id", "open_for": "age", "name": "device"}


def nearest(name: str, known: Iterable[str] = (*FIELDS, *ALIASES)) -> str:
    """The field that `name` may have been meant for; "" where none is near."""
    near = get_close_matches(name, list(known), 1, 0.6)
    return ALIASES.get(near[0], near[0]) if near else ""
