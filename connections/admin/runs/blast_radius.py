"""What a stop would cover, counted by the database: the numbers and bars of the confirm page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.inventory.grammar.spans import open_for_condition
from connections.inventory.search import OPEN_FOR
from connections.live.standing import left_condition
from connections.models import Account, StopItem, StopRun
from connections.models.states import ConnectionStatus, ItemState, SkipReason
from connections.people.access.givers import givers, in_words
from connections.stops.plan import TAKES
from connections.templatetags.panel import name
from connections.templatetags.runs import run_link

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.utils.safestring import SafeString

LONGEST_BARS = 5
NAMED = 3
DEVICES = 8
"""How many devices are named above the reason: what a thumb's screen has room for."""
DEVICE = Coalesce(NullIf("connection__device_name", Value("")), "connection__device_address")


@dataclass(frozen=True)
class Bars:
    """One break-down: (label, count) with the longest first, as shares of all that is stopped."""

    title: str
    rows: list[tuple[str, int]]


@dataclass(frozen=True)
class Skipped:
    """The items that are left out for one reason. `runs`: some that have them, and whose; `who` can help, in words."""

    why: str
    text: str
    count: int
    runs: list[SafeString]
    who: str


def numbers(items: QuerySet[StopItem], user: User) -> dict[str, Any]:
    """The counts over `items`, in one query, and how long their connections are open, in seconds."""
    now = timezone.now()
    accounts = Account.objects.filter(pk__in=items.values("account"))
    spans = {
        key: Count("pk", filter=open_for_condition(span, "connection__", now)) for key, (_l, span) in OPEN_FOR.items()
    }
    found: dict[str, Any] = items.aggregate(
        connections=Count("pk"),
        devices=Count(DEVICE, distinct=True),
        accounts=Count("account", distinct=True),
        people=Count("connection__opened_by", distinct=True, filter=~Q(connection__opened_by="")),
        with_time=Count("connection__opened_at"),
        oldest=Min("connection__opened_at"),
        past_end=Count("pk", filter=Q(connection__expires_at__lte=now)),
        unclear=Count("pk", filter=Q(connection__status=ConnectionStatus.UNKNOWN)),
        outside=Count("pk", filter=left_condition(accounts, "connection__")),
        own=Count("pk", filter=_opened_by(user)),
        **{_alias(key): count for key, count in spans.items()},
    )
    found["longest"] = _since(found["oldest"], now)
    found["median"] = _since(_median_opened_at(items, found["with_time"]), now)
    found["by_time"] = Bars(_("By time open"), [(str(OPEN_FOR[key][0]), found[_alias(key)]) for key in OPEN_FOR])
    return found


def device_names(items: QuerySet[StopItem]) -> list[str]:
    """The first few devices, by name, and how many more there are."""
    named = items.order_by().values_list(DEVICE, flat=True).annotate(count=Count("pk"))
    found = list(named.order_by(DEVICE)[: DEVICES + 1])
    if len(found) <= DEVICES:
        return found
    total = items.aggregate(devices=Count(DEVICE, distinct=True))["devices"]
    text = ngettext("and %(count)s more", "and %(count)s more", total - DEVICES)
    return [*found[:DEVICES], text % {"count": number_format(total - DEVICES, force_grouping=True)}]


def bars(items: QuerySet[StopItem], total: int) -> list[Bars]:
    """The break-downs by account, service and opener: the longest bars, and all others as one."""
    columns = (
        (_("By account"), "account__name"),
        (_("By service"), "connection__service_name"),
        (_("By person who opened"), "connection__opened_by"),
    )
    return [Bars(title, _longest(items, column, total)) for title, column in columns]


def own_names(items: QuerySet[StopItem], user: User, count: int) -> str:
    """The first few of the `count` of `items` that `user` opened, by name."""
    own = [
        item.connection for item in items.filter(_opened_by(user)).select_related("connection").order_by("pk")[:NAMED]
    ]
    names = ", ".join(f"{one} ({one.service_name})" if one.service_name else str(one) for one in own)
    if count <= NAMED:
        return names
    others = number_format(count - NAMED, force_grouping=True)
    return _("%(names)s and %(count)s more") % {"names": names, "count": others}


def skipped(run: StopRun, user: User) -> list[Skipped]:
    """What of the run's list will not be sent, by reason."""
    counts = run.items.filter(state=ItemState.SKIPPED).values_list("skipped_why").annotate(count=Count("pk"))
    return [_skipped(run, user, why, count) for why, count in counts.order_by("-count", "skipped_why")]


def _skipped(run: StopRun, user: User, why: str, count: int) -> Skipped:
    texts = {
        SkipReason.NOT_ACTIVE: ngettext("%(count)s is not open any more", "%(count)s are not open any more", count),
        SkipReason.OTHER_RUN: ngettext("%(count)s is in another run", "%(count)s are in another run", count),
        SkipReason.NOT_ALLOWED: ngettext(
            "%(count)s is outside what you may stop", "%(count)s are outside what you may stop", count
        ),
    }
    text = texts[SkipReason(why)] % {"count": number_format(count, force_grouping=True)}
    runs = _runs_having(run, user) if why == SkipReason.OTHER_RUN else []
    who = in_words(givers(user, *TAKES, whole=True)) if why == SkipReason.NOT_ALLOWED else ""
    return Skipped(why, text, count, runs, who)


def _runs_having(run: StopRun, user: User) -> list[SafeString]:
    left_out = run.items.filter(skipped_why=SkipReason.OTHER_RUN).values("connection")
    others = StopItem.objects.held().filter(connection__in=left_out).values("run")
    found = list(StopRun.objects.filter(pk__in=others)[:NAMED])
    visible = StopRun.objects.visible_to(user).filter(pk__in=[other.pk for other in found])
    keys = set(visible.values_list("pk", flat=True))
    return [format_html(_("{run} of {name}"), run=run_link(other, keys), name=name(other.user_name)) for other in found]


def _longest(items: QuerySet[StopItem], column: str, total: int) -> list[tuple[str, int]]:
    groups = items.order_by().values_list(column).annotate(count=Count("pk")).order_by("-count", column)
    rows = [(label or _("not known"), count) for label, count in groups[: LONGEST_BARS + 1]]
    if len(rows) <= LONGEST_BARS:
        return rows
    kinds = items.aggregate(kinds=Count(column, distinct=True))["kinds"]
    rows = rows[: LONGEST_BARS - 1]
    others = {"count": number_format(kinds - len(rows), force_grouping=True)}
    return [*rows, (_("%(count)s others") % others, total - sum(count for _label, count in rows))]


def _opened_by(user: User) -> Q:
    return Q(connection__opened_by__iexact=user.email) if user.email else Q(pk__in=[])


def _median_opened_at(items: QuerySet[StopItem], count: int) -> datetime | None:
    if not count:
        return None
    times = items.filter(connection__opened_at__isnull=False).order_by("connection__opened_at")
    return times.values_list("connection__opened_at", flat=True)[count // 2]


def _since(at: datetime | None, now: datetime) -> timedelta | None:
    return None if at is None else now - at


def _alias(span: str) -> str:
    return "open_for_" + span.replace("-", "_")
