"""Which lines of the history somebody with a scope sees, and which of them are handed out as they were hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from connections.models.connections import Connection, accounts_visible_to
from connections.models.holding.holds import Hold
from connections.models.runs import StopItem, StopRun
from connections.models.scope import SEES, condition

if TYPE_CHECKING:
    from connections.models.rights import Person

OF_ACCOUNTS = ("list.asked", "list.started", "list.read")
"""What tells of all that an account has, with its numbers."""
OF_HOLDS = Q(action__startswith="hold.")
OF_NOTHING = Q(connection=None, run=None, account=None)
"""What names connections, when it names any, in its text alone: settings, groups, exports, tokens."""


class HoldTold(models.Func):
    """The hold that the text of a line names: no column has it. In a text of the body the quotes are escaped."""

    output_field = models.BigIntegerField()
    template = "JSON_EXTRACT(%(expressions)s, '$.hold_id')"

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = """CAST(SUBSTRING(%(expressions)s FROM '"hold_id":([0-9]+)') AS bigint)"""
        return self.as_sql(compiler, connection, template=template, **more)


def about_seen(person: Person) -> Q:
    """The lines that are about nothing but what `person`, whose sight is bounded, sees. Takes `hold_told`.

    Of those that are about no connection, run, account or hold, one's own, and those about people.
    """
    about = {
        "connection": Connection.objects.visible_to(person),
        "run": StopRun.objects.visible_to(person),
        "account": accounts_visible_to(person),
    }
    found = Q()
    for name, rows in about.items():
        found &= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__in": rows.order_by().values("pk")})
    holds = Hold.objects.visible_to(person).order_by().values("pk")
    found &= ~OF_HOLDS | Q(hold_told__in=holds)
    unseen = _out_of_sight(person).filter(account=OuterRef("account"))
    found &= ~Q(action__in=OF_ACCOUNTS) | ~Q(Exists(unseen))
    return found & (~OF_NOTHING | OF_HOLDS | Q(actor=person.pk) | Q(action__startswith="user."))


def whole_to(person: Person) -> Q:
    """The lines whose text holds nothing of what is out of the sight of `person`, which is bounded.

    That of a run tells of all of it: how it was selected, how many of it came to what.
    """
    partly = StopItem.objects.hidden_from(person).filter(run=OuterRef("run")).order_by()
    return ~Q(Exists(partly), run__isnull=False, connection=None)


def _out_of_sight(person: Person) -> Any:
    bounds = condition(person, SEES)
    return Connection.objects.none() if bounds is None else Connection.objects.exclude(bounds).order_by()
