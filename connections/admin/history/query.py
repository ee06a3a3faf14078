"""Reads the history's filters from an address. What is not understood is refused, in words."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from django.contrib.auth.models import Group, User
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.audit.search import NOT_STOPPED_AT_ALL, Filters
from connections.models import Account, AuditEvent, Connection, StopRun
from connections.models.states import FINISHED, Verdict
from connections.words.actions import ACTIONS

if TYPE_CHECKING:
    from django.http import QueryDict
    from django.utils.functional import Promise

NAMES = (
    "actor",
    "about",
    "group",
    "line",
    "connection",
    "device",
    "run",
    "account",
    "outcome",
    "ticket",
    "action",
    "q",
    "from",
    "to",
    "before",
)
OUTCOMES: dict[str, str | Promise] = {
    NOT_STOPPED_AT_ALL: gettext_lazy("not stopped, or unknown"),
    **{str(state): state.label for state in FINISHED},
    **{str(verdict): verdict.label for verdict in Verdict},
}
MOST_DIGITS = 18
Row = TypeVar("Row", bound=Model)


class UnknownFilter(Exception):
    """A filter or its value is not known. The message is fit for a person."""


def read_filters(query: QueryDict, viewer: User) -> Filters:
    """The filters in `query`, as far as `viewer` may use them. Raises UnknownFilter."""
    given = _given(query)
    of_one_thing = any(name in given for name in ("run", "connection", "device", "about", "group", "line"))
    since, until = _day(given.get("from", "")), _day(given.get("to", ""))
    if since and until and until < since:
        raise UnknownFilter(_("The period ends before it begins."))
    before = given.get("before", "")
    return Filters(
        viewer,
        actor=_person(given["actor"], viewer) if "actor" in given else _own(viewer, of_one_thing=of_one_thing),
        about=_person(given["about"], viewer) if "about" in given else None,
        group=_group(given.get("group", ""), viewer),
        connection=_connection(given.get("connection", ""), viewer),
        device=_device(given.get("device", ""), viewer),
        run=_run(given.get("run", ""), viewer),
        account=_account(given.get("account", "")),
        outcome=_known(given.get("outcome", ""), OUTCOMES, _("The outcome “%s” is not known.")),
        ticket=given.get("ticket", ""),
        action=_known(given.get("action", ""), ACTIONS, _("The action “%s” is not known.")),
        text=given.get("q", ""),
        since=since,
        until=until,
        line=_line(given.get("line", ""), viewer),
        before=_number(before, _("The line “%s” is not known.")) if before else None,
    )


def people(viewer: User) -> list[User]:
    """Whose histories `viewer` may choose from."""
    if not viewer.has_perm("connections.view_all_history"):
        return []
    return list(User.objects.filter(Exists(AuditEvent.objects.filter(actor=OuterRef("pk")))).order_by("username"))


def _given(query: QueryDict) -> dict[str, str]:
    """What `query` asks for, by name; an empty value asks for nothing."""
    given = {}
    for name, values in query.lists():
        if name not in NAMES:
            raise UnknownFilter(_("The filter “%s” is not known.") % name)
        if len(values) > 1:
            raise UnknownFilter(_("The filter “%s” is set more than once.") % name)
        if values[0].strip():
            given[name] = values[0].strip()
    return given


def _own(viewer: User, *, of_one_thing: bool) -> User | None:
    return None if of_one_thing or viewer.has_perm("connections.view_all_history") else viewer


def _person(value: str, viewer: User) -> User:
    mine = User.objects.all() if viewer.has_perm("connections.view_all_history") else User.objects.filter(pk=viewer.pk)
    return _row(value, mine, _("The person “%s” is not known, or you may not see their history."))


def _group(value: str, viewer: User) -> Group | None:
    seen = Group.objects.all() if viewer.has_perm("connections.view_all_history") else Group.objects.none()
    return _row(value, seen, _("The group “%s” is not known, or you may not see its history.")) if value else None


def _line(value: str, viewer: User) -> int | None:
    seen = AuditEvent.objects.visible_to(viewer)
    return _row(value, seen, _("The line “%s” is not known, or you may not see it.")).seq if value else None


def _connection(value: str, viewer: User) -> Connection | None:
    seen = Connection.objects.visible_to(viewer).select_related("account")
    return _row(value, seen, _("The connection “%s” is not known.")) if value else None


def _run(value: str, viewer: User) -> StopRun | None:
    seen = StopRun.objects.visible_to(viewer).started()
    return _row(value, seen, _("The run “%s” is not known, or you may not see it.")) if value else None


def _device(value: str, viewer: User) -> str:
    if value and not Connection.objects.visible_to(viewer).filter(device_name=value).exists():
        raise UnknownFilter(_("The device “%s” is not known.") % value)
    return value


def _account(value: str) -> Account | None:
    found = Account.objects.filter(name=value).first() if value else None
    if value and found is None:
        raise UnknownFilter(_("The account “%s” is not known.") % value)
    return found


def _known(value: str, known: Container[str], unknown: str) -> str:
    if value and value not in known:
        raise UnknownFilter(unknown % value)
    return value


def _day(value: str) -> date | None:
    try:
        day = date.fromisoformat(value) if value else None
    except ValueError:
        day = date.min
    if day is not None and not 1970 <= day.year <= 2999:
        raise UnknownFilter(_("The day “%s” is not known. Write it like 2026-03-01.") % value)
    return day


def _row(value: str, rows: QuerySet[Row], unknown: str) -> Row:
    found = rows.filter(pk=_number(value, unknown)).first()
    if found is None:
        raise UnknownFilter(unknown % value)
    return found


def _number(value: str, unknown: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > MOST_DIGITS:
        raise UnknownFilter(unknown % value)
    return int(value)
