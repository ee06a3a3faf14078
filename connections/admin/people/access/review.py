"""The access review, for auditors: who may do what, on what, since when and by whom, as a page and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from connections.admin.refusals import Lacks
from connections.audit.append import Entry, append, timestamp
from connections.audit.export_csv import harmless
from connections.models.rights import NOTHING_CHANGED, PERMISSIONS, Words, may, words_of
from connections.models.scope import is_bounded
from connections.people.access import replay
from connections.people.access.review import Access, Grant, Review, review
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from datetime import date

    from connections.people.access.replay import Told

HALF_SIGHT = _(
    "An access review names every scope, so it is for who sees everything; a scope bounds what you see. "
    "Somebody with “Manage people” and “Manage roles and scopes” can give you a role without one."
)
COLUMNS = (
    *("as_of", "person", "person_id", "may_sign_in", "permission", "in_words", "through"),
    *("sees", "acts_on", "since", "by", "line"),
)
COUNTED = ("view_connection", "stop_connection", "manage_people", "manage_roles", "break_glass")


@dataclass(frozen=True)
class Granted:
    """Permissions that one person has by the same way, on the same, since the same line."""

    names: list[Words]
    through: str
    sees: tuple[str, ...]
    acts: tuple[str, ...]
    since: Told | None

    @property
    def is_everything(self) -> bool:
        return len(self.names) == len(PERMISSIONS)


@dataclass(frozen=True)
class Row:
    access: Access
    granted: list[Granted]


class ReviewForm(forms.Form):
    """`on`: the end of that day, in the time zone in force; of today, now. `permission`: who has it, alone."""

    on = forms.DateField(
        label=_("As of the end of"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    permission = forms.ChoiceField(
        label=_("Who may"),
        required=False,
        choices=[("", _("anything")), *((name, words.name) for name, words in PERMISSIONS.items())],
    )

    def clean_on(self) -> date | None:
        day: date | None = self.cleaned_data["on"]
        if day and day > timezone.localdate():
            raise ValidationError(_("That day has not come yet."))
        begins = replay.begins_at()
        if day and (begins is None or self._end(day) < begins):
            raise ValidationError(_("The history knows nothing of that day: it begins later."))
        return day

    @property
    def moment(self) -> datetime:
        day = self.cleaned_data.get("on")
        return min(self._end(day), timezone.now()) if day else timezone.now()

    @staticmethod
    def _end(day: date) -> datetime:
        # Of the wall's clock: a day on which it is put on or back has 23 or 25 hours.
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min)) - timedelta(microseconds=1)


@require_safe
def access_review(request: HttpRequest) -> HttpResponse:
    _check(request)
    form = ReviewForm(request.GET)
    context: dict[str, Any] = {**admin.site.each_context(request), "title": _("Access review"), "form": form}
    if not form.is_valid():
        return TemplateResponse(request, "admin/people/access/review.html", context, status=400)
    found = review(form.moment)
    wanted = form.cleaned_data["permission"]
    context |= {
        "review": found,
        "begins_at": replay.begins_at(),
        "is_now": not form.cleaned_data["on"],
        "figures": [(name, PERMISSIONS[name].name, found.count(name)) for name in COUNTED],
        "rows": [Row(access, _together(access.grants, wanted)) for access in _having(found, wanted)],
        "others": [] if wanted else [access for access in found.people if not _counts(access)],
        "wanted": PERMISSIONS[wanted] if wanted else None,
        "query": request.GET.urlencode(),
        "may_see_people": may(request.user, "view_user"),
        "may_see_groups": may(request.user, "view_group"),
    }
    return TemplateResponse(request, "admin/people/access/review.html", context)


@require_POST
def access_review_csv(request: HttpRequest) -> HttpResponse:
    """A row for each person and permission, those who may not sign in included. A POST: it writes a line."""
    _check(request)
    form = ReviewForm(request.GET)
    if not form.is_valid():
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return HttpResponseBadRequest(f"{said}\n", content_type="text/plain; charset=utf-8")
    found, wanted = review(form.moment), form.cleaned_data["permission"]
    rows = [row for access in found.people for row in _csv_rows(found, access, wanted)]
    with transaction.atomic():
        facts = {"as_of": timestamp(found.at), "permission": wanted, "count": len(rows), "format": "csv"}
        append([Entry("access.exported", web_origin(request), actor=user_of(request), facts=facts)])
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *rows])
    name = f"access-{found.at:%Y%m%dT%H%M%SZ}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _check(request: HttpRequest) -> None:
    if not may(request.user, "view_all_history"):
        raise Lacks("view_all_history", but=NOTHING_CHANGED)
    if may(request.user, "view_connection") and is_bounded(request.user):
        raise PermissionDenied(HALF_SIGHT)


def _counts(access: Access) -> bool:
    return access.person.may_sign_in and bool(access.grants)


def _having(found: Review, wanted: str) -> list[Access]:
    return [access for access in found.people if _counts(access) and (not wanted or access.may(wanted))]


def _together(grants: list[Grant], wanted: str) -> list[Granted]:
    def same(grant: Grant) -> tuple[Any, ...]:
        return grant.through, grant.since.seq if grant.since else 0, grant.sees, grant.acts

    found = []
    shown = [grant for grant in grants if wanted in ("", grant.permission)]
    for _key, group in groupby(sorted(shown, key=same), key=same):
        alike = list(group)
        names = [words_of(grant.permission) for grant in alike]
        found.append(Granted(names, alike[0].through, alike[0].sees, alike[0].acts, alike[0].since))
    return found


def _csv_rows(found: Review, access: Access, wanted: str) -> Iterator[tuple[Any, ...]]:
    for grant in access.grants:
        if wanted and grant.permission != wanted:
            continue
        since = grant.since
        cells = (
            timestamp(found.at),
            access.person.name,
            access.key,
            "yes" if access.person.may_sign_in else "no",
            grant.permission,
            str(words_of(grant.permission).name),
            "superuser" if access.person.flags["is_superuser"] else grant.through or "beside the groups",
            " | ".join(grant.sees) or "everything",
            " | ".join(grant.acts) or "what is seen",
            timestamp(since.at) if since else "no line of the history tells it",
            (since.by or "a command") if since else "",
            since.seq if since else "",
        )
        yield tuple(harmless(cell) for cell in cells)
