"""A person's page: what they may, on how much, by which role, how they sign in; and what they see, with a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from connections.admin.history.facts import facts_of, parts_of
from connections.admin.people.access.listing import rows_of, with_all
from connections.admin.refusals import BEYOND, Lacks
from connections.audit.append import Entry, append
from connections.db.counts import count_together
from connections.models import ApiToken, AuditEvent, Connection
from connections.models.rights import NOTHING_CHANGED, PERMISSIONS, Words, may, missing
from connections.models.scope import is_bounded
from connections.people import rights
from connections.people.access.review import review
from connections.people.lines import named
from connections.web.door import devices
from connections.web.origin import user_of, web_origin
from connections.words.actions import sentence_for
from connections.words.counts import CAP, in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from connections.models.connections import ConnectionQuerySet
    from connections.people.access.review import Access, Grant

LINES = 5
PER_PAGE = 100


@dataclass(frozen=True)
class Does:
    """One thing that the person may do: on how many of what is open, in words; "" where it is not about connections."""

    words: Words
    count: str
    of: str
    grants: list[Grant]


@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    shown = _person(request, pk)
    viewer = user_of(request)
    row = rows_of([shown], viewer)[0]
    access = next(one for one in review(timezone.now()).people if one.key == pk)
    does = [] if row.has_more else _does(shown, viewer, access)
    context = {
        **_context(request, shown),
        "row": row,
        "may_sign_in": access.person.may_sign_in,
        "does": does,
        "lacks": [words.name for name, words in PERMISSIONS.items() if not any(one.words is words for one in does)],
        "sessions": devices.of(shown),
        "tokens": ApiToken.objects.filter(owner=shown, revoked_at=None, expires_at__gt=timezone.now()).count(),
        "lines": _lines(shown, viewer),
        "may_change": may(viewer, "change_user") and rights.may_change_person(viewer, shown),
        "may_look": may(viewer, "view_connection") and may(viewer, "change_user") and viewer.pk != shown.pk,
        "is_self": viewer.pk == shown.pk,
    }
    return TemplateResponse(request, "admin/people/access/person.html", context)


@never_cache
@require_POST
def sees(request: HttpRequest, pk: int) -> HttpResponse:
    """The person's list as they see it, to be read alone. A POST: it leaves a line, and a link must not."""
    if lacking := missing(request.user, "change_user", "view_connection"):
        raise Lacks(*lacking, but=NOTHING_CHANGED)
    shown, viewer = _person(request, pk), user_of(request)
    if not rights.may_change_person(viewer, shown):
        raise PermissionDenied(BEYOND)
    found = _seen(shown, viewer).open().select_related("account").order_by("device_name", "pk")
    page = Paginator(found, PER_PAGE).get_page(request.POST.get("p"))
    stoppable = set(
        Connection.objects.stoppable_by(shown).filter(pk__in=[one.pk for one in page]).values_list("pk", flat=True)
    )
    with transaction.atomic():
        facts = {**named(shown), "count": page.paginator.count, "page": page.number}
        append([Entry("user.sight_shown", web_origin(request), actor=viewer, facts=facts)])
    context = {
        **_context(request, shown),
        "title": _("What %s sees") % (shown.get_full_name() or shown.get_username()),
        "page": page,
        "rows": [(one, one.pk in stoppable) for one in page],
        "is_part": is_bounded(viewer),
    }
    return TemplateResponse(request, "admin/people/access/sees.html", context)


def _person(request: HttpRequest, pk: int) -> User:
    if not may(request.user, "view_user"):
        raise Lacks("manage_people", but=NOTHING_CHANGED)
    shown: User = get_object_or_404(with_all(User.objects.all()), pk=pk)
    if not rights.may_see_person(user_of(request), shown):
        raise PermissionDenied(BEYOND)
    return shown


def _context(request: HttpRequest, shown: User) -> dict[str, Any]:
    called = shown.get_full_name() or shown.get_username()
    return {**admin.site.each_context(request), "person": shown, "title": called, "called": called}


def _seen(shown: User, viewer: User) -> ConnectionQuerySet:
    """What `shown` sees, as far as `viewer` sees it too: nobody looks further through somebody else's eyes."""
    return Connection.objects.visible_to(shown) & Connection.objects.visible_to(viewer)


def _does(shown: User, viewer: User, access: Access) -> list[Does]:
    """Counted together, and only what the viewer sees, if they see connections at all."""
    seen = Connection.objects.visible_to(viewer).open()
    within: dict[str, Callable[[ConnectionQuerySet], Any]] = {
        "view_connection": lambda rows: rows.visible_to(shown),
        "stop_connection": lambda rows: rows.stoppable_by(shown),
        "open_connection": lambda rows: rows.openable_by(shown),
    }
    counts = count_together([(seen, CAP), *((narrow(seen), CAP) for narrow in within.values())])
    of, by_name = in_words(counts[0]), dict(zip(within, map(in_words, counts[1:]), strict=True))
    is_counted = may(viewer, "view_connection")
    found = []
    for name, words in PERMISSIONS.items():
        if grants := [grant for grant in access.grants if grant.permission == name]:
            count = by_name.get(name, "") if is_counted else ""
            found.append(Does(words, count, of if count else "", grants))
    return found


def _lines(shown: User, viewer: User) -> list[tuple[AuditEvent, str]]:
    if not may(viewer, "view_all_history"):
        return []
    lines = AuditEvent.objects.visible_to(viewer).without_folded(of_all=False)
    newest = list(lines.filter(actor=shown).order_by("-seq")[:LINES])
    parts = parts_of(newest, viewer)
    return [(line, sentence_for(line.action, facts_of(line, parts))) for line in newest]
