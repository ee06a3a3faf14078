"""The history and the evidence of a run, exactly as they are: who gets them can check them without the panel."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import FileResponse, HttpRequest
from ninja import Query
from pydantic import BaseModel, ConfigDict

from connections.api.pages import DEFAULT, Cursor, Limit, Page, page
from connections.api.problems import Problem
from connections.api.reach import events_of, one_run
from connections.api.routes import Routes
from connections.audit.export import as_object
from connections.audit.signing import NoSigningKey
from connections.evidence.archive import NotHandedOut, export, file_name
from connections.models.integrations.tokens import Scope
from connections.web.origin import api_origin

routes = Routes(tags=["history"])
evidence = Routes(tags=["history"])


class Line(BaseModel):
    """One line: the body that was hashed, and beside it `seq`, `prev_hash` and `hash`. docs/audit.md says how."""

    model_config = ConfigDict(extra="allow")

    seq: int
    at: str
    action: str
    origin: str
    prev_hash: str
    hash: str


class LinePage(Page):
    items: list[Line]


@routes.operation("GET", "", scope=Scope.HISTORY_READ, responses={200: LinePage})
def list_history(
    request: HttpRequest,
    since_seq: Annotated[int | None, Query(ge=0, lt=2**63, description="Only lines after this one.")] = None,
    action: Annotated[str | None, Query(max_length=40, pattern=r"^[a-z_.]+$")] = None,
    run: Annotated[int | None, Query(ge=0, lt=2**63, description="Only lines of this run.")] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Lines that the token's owner may see, the oldest first. A filtered list proves each line, not that none lacks."""
    rows = events_of(request.auth)  # type: ignore[attr-defined]
    if since_seq is not None:
        rows = rows.filter(seq__gt=since_seq)
    if action is not None:
        rows = rows.filter(action=action)
    if run is not None:
        rows = rows.filter(run=run)
    return page(rows, limit, cursor, lambda found: [as_object(one) for one in found], key="seq")


@evidence.operation(
    "GET",
    "/{key}/evidence",
    scope=Scope.EVIDENCE_READ,
    responses={200: None},
    problems=(404, 409),
    openapi_extra={
        "responses": {200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}}
    },
)
def get_evidence(request: HttpRequest, key: str) -> Any:
    """The evidence of a run: a ZIP that proves itself. That it was made has its line in the history."""
    token = request.auth  # type: ignore[attr-defined]
    run = one_run(token, key)
    try:
        file = export(run, token.owner, api_origin(request, token.name))
    except (NoSigningKey, NotHandedOut) as error:
        raise Problem("not_possible_now", str(error)) from None
    return FileResponse(file, as_attachment=True, filename=file_name(run), content_type="application/zip")
