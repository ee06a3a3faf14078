"""Holds: keep stopped what was stopped, until nothing comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import Status
from pydantic import BaseModel, ConfigDict, Field

from connections.api.etags import IfMatch, IfNoneMatch, require_match, tagged
from connections.api.pages import DEFAULT, Cursor, Limit, Page, page
from connections.api.problems import Problem
from connections.api.reach import connections_of, holdable_by, holds_of, one_hold, outside, require
from connections.api.routes import Routes
from connections.api.runs import idempotency
from connections.api.runs.orders import Id, Key, Reason, Text
from connections.api.runs.selection import named
from connections.api.runs.starting import Limits
from connections.holds.begin import CannotHold, Wish, begin
from connections.holds.members import NotUnderstood, matching
from connections.holds.wishes import lacking_to_steer, withdraw
from connections.models import ApiToken, Connection, Hold, IdempotencyKey
from connections.models.connections import ConnectionQuerySet
from connections.models.holding.holds import PERMISSIONS, Level
from connections.models.integrations.tokens import Scope
from connections.models.runs import TICKET_LENGTH
from connections.stops import plan
from connections.stops.plan import CannotStart
from connections.stops.selection import MAX_IDS
from connections.web.origin import api_origin
from connections.words.holds.told import as_json

routes = Routes(tags=["holds"])
Minutes = Annotated[int, Field(ge=1, le=1440)]


class NewHold(BaseModel):
    """Either `match`, now and later, or `ids`. It ends when nothing matched for `quiet_minutes`, or at its deadline."""

    model_config = ConfigDict(extra="forbid")

    match: Annotated[Text, Field(max_length=2000)] | None = None
    ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_IDS)] | None = None
    level: Level = Level.RECUT
    reason: Reason
    ticket: Annotated[Text, Field(max_length=TICKET_LENGTH)] = ""
    quiet_minutes: Minutes = 10
    deadline_minutes: Minutes = 60
    expected_count: Annotated[int, Field(ge=0, le=10**9)] | None = None
    max_count: Annotated[int, Field(ge=0, le=10**9)] | None = None


class EndHold(BaseModel):
    """Why it is ended now."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class HoldBody(BaseModel):
    """`state`: on or ended; `ended_how`: quiet, deadline, withdrawn, capped. Spans are in seconds."""

    model_config = ConfigDict(extra="allow")

    id: str
    state: str
    level: str
    ended_how: str | None
    done: bool


class HoldPage(Page):
    items: list[HoldBody]


@routes.operation("GET", "", scope=Scope.HOLDS_READ, responses={200: HoldPage})
def list_holds(request: HttpRequest, limit: Limit = DEFAULT, cursor: Cursor = None) -> dict[str, Any]:
    """Holds, the newest first."""
    holds = holds_of(request.auth)  # type: ignore[attr-defined]
    return page(holds, limit, cursor, lambda found: [body_of(one) for one in found], newest_first=True)


@routes.operation("GET", "/{key}", scope=Scope.HOLDS_READ, responses={200: HoldBody, 304: None}, problems=(404,))
def get_hold(request: HttpRequest, response: HttpResponse, key: str, if_none_match: IfNoneMatch = None) -> Any:
    """One hold: its clock, what came back, what is restored."""
    return tagged(response, body_of(one_hold(request.auth, key)), if_none_match)  # type: ignore[attr-defined]


@routes.operation("POST", "", scope=Scope.HOLDS_CREATE, responses={202: HoldBody}, problems=(409, 422))
def create_hold(request: HttpRequest, response: HttpResponse, payload: NewHold, key: Key = None) -> Any:
    """Begin a hold; what is open is stopped at once, by its level. `Idempotency-Key` is required."""
    token = request.auth  # type: ignore[attr-defined]
    wish = idempotency.begin(token, "/holds", idempotency.checked(key), payload.model_dump(mode="json"))
    hold = wish.hold
    if hold is None:
        try:
            hold = _begin(request, token, payload)
            IdempotencyKey.objects.filter(pk=wish.pk).update(hold=hold)
        finally:
            idempotency.forget_wish(wish)
    else:
        response.headers["Idempotency-Replayed"] = "true"
    response.headers["Location"] = f"/api/v1/holds/{hold.pk}"
    return Status(202, body_of(hold))


@routes.operation("POST", "/{key}/end", scope=Scope.HOLDS_STEER, responses={200: HoldBody}, problems=(404, 409, 412))
def end_hold(request: HttpRequest, key: str, payload: EndHold, if_match: IfMatch = None) -> Any:
    """End a hold now and put back what it switched off; one that has ended stays so."""
    token = request.auth  # type: ignore[attr-defined]
    hold = one_hold(token, key)
    require(token, *lacking_to_steer(token.owner, hold))
    require_match(if_match, body_of(hold))
    try:
        if hold.is_on:
            withdraw(hold, token.owner, payload.reason, api_origin(request, token.name))
    except CannotHold as error:
        raise Problem("not_possible_now", str(error)) from None
    hold.refresh_from_db()
    return body_of(hold)


def body_of(hold: Hold) -> dict[str, Any]:
    """`hold` as the API shows it."""
    told = as_json(hold, timezone.now())
    return {**told, "id": str(told.pop("hold_id")), "done": not hold.is_on}


def _begin(request: HttpRequest, token: ApiToken, payload: NewHold) -> Hold:
    level = Level(payload.level)
    require(token, PERMISSIONS[level], *(() if level is Level.WATCH else plan.TAKES))
    rows = _meant(token, payload)
    if level is not Level.WATCH:
        count = rows.stoppable().count()
        Limits(payload.expected_count, payload.max_count).check(count, token, fresh=count, may_be_none=True)
    wish = Wish(
        level=level,
        reason=payload.reason,
        ticket=payload.ticket,
        quiet=timedelta(minutes=payload.quiet_minutes),
        deadline=timedelta(minutes=payload.deadline_minutes),
        match=payload.match or "",
        selector={"door": "api"},
    )
    try:
        return begin(token.owner, wish, rows, api_origin(request, token.name))
    except (CannotHold, CannotStart) as error:
        raise Problem("cannot_start", str(error)) from None


def _meant(token: ApiToken, payload: NewHold) -> ConnectionQuerySet:
    if (payload.match is None) == (payload.ids is None):
        raise Problem("invalid_value", errors=[{"pointer": "/match", "code": "match", "detail": _EITHER}])
    rows = holdable_by(token)
    if payload.ids is not None:
        meant = Connection.objects.filter(pk__in=named(connections_of(token), payload.ids)).order_by("pk")
        if meant.exclude(pk__in=rows.order_by().values("pk")).exists():
            raise outside(token, _OUTSIDE, PERMISSIONS[Level(payload.level)])
        return meant
    if token.narrower:
        # What matches later is joined by the worker, which does not know of the token.
        raise Problem("not_allowed", _("A token with a search of its own can hold `ids` alone."))
    try:
        return matching(payload.match or "", rows.open(), token.owner).order_by("pk")
    except NotUnderstood as error:
        raise Problem("invalid_match", str(error)) from None


_EITHER = "Send either `match` or `ids`."
_OUTSIDE = gettext_lazy("Some of these are outside what you may hold. Nothing was sent. %s")
