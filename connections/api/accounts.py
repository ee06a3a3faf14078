"""Accounts and their lists: how old and how complete what the panel knows is. Never a credential."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Body, Status
from pydantic import BaseModel, ConfigDict, Field

from connections.api.pages import DEFAULT, Cursor, Limit, Page, page
from connections.api.problems import Problem
from connections.api.reach import accounts_of, require
from connections.api.routes import Routes
from connections.api.runs.orders import Text
from connections.live.schedule import ask_for_lists
from connections.live.standing import trouble_of
from connections.models.integrations.tokens import Scope
from connections.web.origin import api_origin

if TYPE_CHECKING:
    from connections.models import Account

routes = Routes(tags=["accounts"])
lists = Routes(tags=["lists"])


class AccountBody(BaseModel):
    """`trouble`: why its list is not of now or not whole; null when it is. `list_size`: of the last complete list."""

    id: str
    name: str
    paused: bool
    paused_until: datetime | None
    paused_why: str
    removed_at: datetime | None
    trouble: str | None
    listed_at: datetime | None
    completely_listed_at: datetime | None
    list_why: str
    list_size: int


class AccountPage(Page):
    items: list[AccountBody]


class Reading(BaseModel):
    """Which accounts' lists; all without names."""

    model_config = ConfigDict(extra="forbid")

    accounts: Annotated[list[Annotated[Text, Field(max_length=80)]], Field(max_length=1000)] | None = None


class Asked(BaseModel):
    """The accounts whose lists a worker reads next."""

    accounts: list[str]


@routes.operation("GET", "", scope=Scope.ACCOUNTS_READ, responses={200: AccountPage})
def list_accounts(
    request: HttpRequest,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Accounts, and what their lists are worth now."""
    token = request.auth  # type: ignore[attr-defined]
    require(token, "view_connection")
    return page(accounts_of(token), limit, cursor, lambda found: [_body(one) for one in found])


@lists.operation("POST", "/read", scope=Scope.LISTS_READ, responses={202: Asked})
def read_lists(request: HttpRequest, payload: Annotated[Reading | None, Body()] = None) -> Any:
    """Have lists read now, instead of when their turn comes; the history names who asked."""
    token = request.auth  # type: ignore[attr-defined]
    require(token, "view_connection")
    accounts = list(accounts_of(token))
    if payload is not None and payload.accounts is not None:
        unknown = sorted(set(payload.accounts) - {one.name for one in accounts})
        if unknown:
            raise Problem("invalid_value", errors=[{"pointer": "/accounts", "code": "account", "detail": unknown[0]}])
        accounts = [one for one in accounts if one.name in payload.accounts]
    ask_for_lists(accounts, token.owner, api_origin(request, token.name))
    return Status(202, {"accounts": [one.name for one in accounts]})


def _body(account: Account) -> dict[str, Any]:
    now = timezone.now()
    trouble = trouble_of(account, now)
    names = (
        "name",
        "paused_until",
        "paused_why",
        "removed_at",
        "listed_at",
        "completely_listed_at",
        "list_why",
        "list_size",
    )
    return {
        **{name: getattr(account, name) for name in names},
        "id": str(account.pk),
        "paused": account.is_paused(now),
        "trouble": str(trouble) if trouble else None,
    }
