"""Connections: what is open, by the search that the panel has."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query
from pydantic import BaseModel

from connections.api.pages import DEFAULT, Cursor, Limit, Page, page
from connections.api.problems import Problem
from connections.api.reach import connections_of, matching
from connections.api.routes import Routes
from connections.inventory.grammar.fields import is_key
from connections.models import Connection
from connections.models.integrations.tokens import Scope

routes = Routes(tags=["connections"])
Match = Annotated[
    str | None, Query(max_length=2000, description="The search of the panel: `device:plant-7* status:active`.")
]


class ConnectionBody(BaseModel):
    """`connection_id` is remote.it's own, `id` the panel's. More values of `status` and `known_by` may come."""

    id: str
    connection_id: str
    account: str
    device_name: str
    service_name: str
    device_address: str
    opened_by: str
    opened_at: datetime | None
    expires_at: datetime | None
    status: str
    status_at: datetime
    known_by: str
    known_at: datetime


class ConnectionPage(Page):
    items: list[ConnectionBody]


@routes.operation("GET", "", scope=Scope.CONNECTIONS_READ, responses={200: ConnectionPage})
def list_connections(
    request: HttpRequest,
    match: Match = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Connections that match, the oldest record first; all of any status without `match`."""
    token = request.auth  # type: ignore[attr-defined]
    rows = connections_of(token)
    if match is not None:
        rows = matching(token, rows, match)
    return page(rows.select_related("account"), limit, cursor, lambda found: [body_of(one) for one in found])


@routes.operation("GET", "/{key}", scope=Scope.CONNECTIONS_READ, responses={200: ConnectionBody}, problems=(404,))
def get_connection(request: HttpRequest, key: str) -> dict[str, Any]:
    """One connection, by the panel's id or, where one account alone has it, by remote.it's."""
    rows = connections_of(request.auth).select_related("account")  # type: ignore[attr-defined]
    found = list(rows.filter(pk=int(key)) if is_key(key) else rows.filter(connection_key=key.lower())[:2])
    if len(found) != 1:
        raise Problem("not_found")
    return body_of(found[0])


def body_of(connection: Connection) -> dict[str, Any]:
    """`connection`, with its account, as the API shows it."""
    names = ConnectionBody.model_fields.keys() - {"id", "account"}
    shown = {name: getattr(connection, name) for name in names}
    return {**shown, "id": str(connection.pk), "account": connection.account.name}
