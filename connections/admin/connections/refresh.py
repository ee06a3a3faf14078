"""What keeps the list fresh while it is looked at: its changing parts alone, and a reading out of turn."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from connections.admin.connections import facets
from connections.admin.connections.change_list import ConnectionList, add_notes, list_of, with_holds
from connections.admin.connections.sight import connections_of
from connections.admin.pages import Page
from connections.inventory import search
from connections.inventory.grammar import tokens
from connections.inventory.grammar.fields import is_key
from connections.live.schedule import ask_for_lists
from connections.models import Worker
from connections.models.rights import may
from connections.web.origin import user_of, web_origin
from connections.words.counts import in_words

if TYPE_CHECKING:
    from connections.models import Connection

OWN_PARAMETERS = ("rows", "since", "newest")
MOST_ROWS = 200


@require_safe
def refresh_view(request: HttpRequest) -> HttpResponse:
    """The changing parts of a list that is shown: its `rows` by key, what changed `since`, what is `newest`.

    Answers 400 for an address that the list itself would not understand.
    """
    connections_of(request)
    shown = request.GET
    keys, since, newest = _rows(shown), _since(shown), _newest(shown)
    request.GET = _without_own(shown)  # type: ignore[assignment]
    changes = list_of(request)
    if changes.chosen.problems:
        raise BadRequest(" ".join(changes.chosen.problems))
    changes.result_list = _shown_rows(changes, keys, since)
    changes.count_rows(request, newest)
    newer = changes.counts.newer
    context = {
        "may_stop": may(request.user, "stop_connection"),
        "cl": changes,
        **changes.parts(request),
        "newer_count": newer,
        "newer_words": in_words(newer),
        "show_newer": facets.address(request.GET, changes.chosen.match.having("newer", tokens.Value((str(newest),)))),
    }
    return TemplateResponse(request, "admin/connections/_refresh.html", context)


@require_POST
def read_view(request: HttpRequest) -> HttpResponse:
    """Have the lists read that the shown one rests on, and go back to it. A script gets the words alone."""
    connections_of(request)
    chosen = search.read(request.GET, request.user)
    if chosen.problems:
        raise BadRequest(" ".join(chosen.problems))
    accounts = [account for account in chosen.accounts(user_of(request)) if account.held_at is None]
    ask_for_lists(accounts, user_of(request), web_origin(request))
    words = _asked(len(accounts))
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(words, content_type="text/plain")
    messages.info(request, words)
    page = reverse("admin:connections_connection_changelist")
    return HttpResponseRedirect(f"{page}?{request.GET.urlencode()}" if request.GET else page)


PAGES = (Page("refresh/", "refresh", refresh_view), Page("read/", "read", read_view))


def _shown_rows(changes: ConnectionList, keys: list[int], since: datetime) -> list[Connection]:
    """The rows with `keys`, of whatever status: each knows whether it left the list (`is_gone`) or changed."""
    wanted = changes.chosen.match.condition()
    is_gone = Case(When(wanted, then=Value(False)), default=Value(True)) if wanted else Value(False)
    found: list[Any] = list(
        with_holds(changes.root_queryset.filter(pk__in=keys).select_related("account").annotate(is_gone=is_gone))
    )
    add_notes(found)
    for connection in found:
        connection.has_changed = connection.status_at > since
    return found


def _asked(count: int) -> str:
    if not count:
        return _("There is no account whose list could be read.")
    words = ngettext("%(count)s list is read next.", "%(count)s lists are read next.", count)
    words %= {"count": number_format(count, force_grouping=True)}
    return words if Worker.objects.alive().exists() else f"{words} {_('No worker is running: it waits for one.')}"


def _rows(params: QueryDict) -> list[int]:
    keys = params.get("rows", "").split(",") if params.get("rows") else []
    if len(keys) > MOST_ROWS or not all(is_key(key) for key in keys):
        raise BadRequest(_("These are no rows of a list."))
    return [int(key) for key in keys]


def _since(params: QueryDict) -> datetime:
    try:
        return datetime.fromtimestamp(float(params.get("since", "")), UTC)
    except (ValueError, OverflowError, OSError):
        raise BadRequest(_("This is no time since which a list is shown.")) from None


def _newest(params: QueryDict) -> int:
    newest = params.get("newest", "")
    if not is_key(newest):
        raise BadRequest(_("This is no key of a record."))
    return int(newest)


def _without_own(params: QueryDict) -> QueryDict:
    kept = params.copy()
    for name in OWN_PARAMETERS:
        kept.pop(name, None)
    return kept
