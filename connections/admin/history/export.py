"""The download of what the history's page shows: every line of it, in one of two formats."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse
from django.utils import timezone

from connections.audit.export import announce, as_json_lines
from connections.audit.export_csv import as_csv_lines
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

    from connections.audit.search import Filters
    from connections.models.audit import AuditEventQuerySet

CONTENT_TYPES = {"jsonl": "application/jsonl; charset=utf-8", "csv": "text/csv; charset=utf-8"}
LINES_AT_ONCE = 200


def download(request: HttpRequest, filters: Filters, form: str) -> StreamingHttpResponse:
    """Every line that `filters` match by now, oldest first, in the format `form`, a key of CONTENT_TYPES."""
    asked = {name: value for name, value in request.GET.items() if value and name != "before"}
    events = filters.events().handed_to(filters.viewer)
    last = announce(events, form=form, filters=asked, origin=web_origin(request), actor=user_of(request))
    name = f"history-{timezone.now():%Y%m%dT%H%M%SZ}.{form}"
    return StreamingHttpResponse(
        _written(events.filter(seq__lte=last), form),
        content_type=CONTENT_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _written(events: AuditEventQuerySet, form: str) -> Iterator[str]:
    lines = as_csv_lines(events) if form == "csv" else (f"{line}\n" for line in as_json_lines(events))
    while part := "".join(islice(lines, LINES_AT_ONCE)):
        yield part
