"""The download of what the list shows: every connection that its address means, in one of two formats."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from connections.admin.connections.change_list import list_of
from connections.admin.connections.sight import connections_of
from connections.admin.pages import Page
from connections.inventory.export import announce, lines
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT_TYPES = {"jsonl": "application/jsonl; charset=utf-8", "csv": "text/csv; charset=utf-8"}
LINES_AT_ONCE = 200
OF_THE_PAGE = ("p", "o")
"""What an address says of the page and its order, not of what is listed."""


@require_POST
def export_view(request: HttpRequest, form: str) -> StreamingHttpResponse:
    """A POST: it writes a line of history, and a link must not. Answers 400 where the list itself is not understood."""
    connections_of(request)
    changes = list_of(request)
    if changes.chosen.problems:
        raise BadRequest(" ".join(changes.chosen.problems))
    asked = {name: value for name, value in request.GET.items() if value and name not in OF_THE_PAGE}
    rows = announce(changes.queryset, form=form, filters=asked, origin=web_origin(request), actor=user_of(request))
    name = f"connections-{timezone.now():%Y%m%dT%H%M%SZ}.{form}"
    return StreamingHttpResponse(
        _written(lines(rows, form)),
        content_type=CONTENT_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def export_csv(request: HttpRequest) -> StreamingHttpResponse:
    return export_view(request, "csv")


def export_json_lines(request: HttpRequest) -> StreamingHttpResponse:
    return export_view(request, "jsonl")


PAGES = (
    Page("export/", "export", export_json_lines),
    Page("export/csv/", "export_csv", export_csv),
)


def _written(told: Iterator[str]) -> Iterator[str]:
    while part := "".join(islice(told, LINES_AT_ONCE)):
        yield part
