"""What is asked of runs: to stop connections, and to pause, resume, cancel and run again what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from ninja import Body, Header, Status
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connections.api.etags import IfMatch, require_match
from connections.api.problems import Problem
from connections.api.reach import one_run, require
from connections.api.runs import idempotency
from connections.api.runs.reading import RETRY_S, RunBody, body_of_run, routes
from connections.api.runs.selection import Selection, selected
from connections.api.runs.starting import Limits, start
from connections.models import StopRun
from connections.models.integrations.tokens import Scope
from connections.models.runs import TICKET_LENGTH
from connections.stops import control, plan
from connections.stops.selection import MAX_IDS
from connections.web.origin import api_origin

REASON_LENGTH = 500
STEER = (404, 409, 412)
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_LENGTH, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A new one for each wish, kept for 7 days: the same again leads to the same run.",
    ),
]
Id = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value), Field(max_length=64)]


class NewRun(BaseModel):
    """Either `match` or `ids` (of the panel, or remote.it's); `expected_count` or `max_count` for more than a hundred.

    `validate_only`: say what would be stopped, by the same checks, and make nothing.
    """

    model_config = ConfigDict(extra="forbid")

    match: Annotated[Text, Field(max_length=2000)] | None = None
    ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_IDS)] | None = None
    reason: Reason
    ticket: Annotated[Text, Field(max_length=TICKET_LENGTH)] = ""
    expected_count: Annotated[int, Field(ge=0, le=10**9)] | None = None
    max_count: Annotated[int, Field(ge=0, le=10**9)] | None = None
    validate_only: bool = False


class Rerun(BaseModel):
    """Nothing need be said: reason and ticket are those of the run; `reason` in its place, where another is wished."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(max_length=REASON_LENGTH)] = ""
    expected_count: Annotated[int, Field(ge=0, le=10**9)] | None = None
    max_count: Annotated[int, Field(ge=0, le=10**9)] | None = None


class Preview(BaseModel):
    """What a run would cover now: `count` connections, the first hundred by their ids; what it would skip, by why."""

    validate_only: bool
    count: int
    skipped: dict[str, int]
    accounts: dict[str, int]
    connections: list[str]


@routes.operation("POST", "", scope=Scope.RUNS_CREATE, responses={200: Preview, 202: RunBody}, problems=(409, 422))
def create_run(request: HttpRequest, response: HttpResponse, payload: NewRun, key: Key = None) -> Any:
    """Stop connections: freezes the list and starts the run, which a worker sends.

    202 with `Location`: it is started. `Idempotency-Key` is required unless `validate_only` is set.
    """
    token = request.auth  # type: ignore[attr-defined]
    require(token, "view_connection", "stop_connection")
    limits = Limits(payload.expected_count, payload.max_count)
    if payload.validate_only:
        return Status(200, _preview(selected(token, payload.match, payload.ids), limits, token))

    def draft_and_start(wish: Any) -> StopRun:
        selection = selected(token, payload.match, payload.ids)
        limits.check(selection.sendable().count(), token, fresh=0)  # before anything is written for too many
        draft = plan.draft(token.owner, selection.rows, selection.selector)
        origin = api_origin(request, token.name)
        return start(token, draft, wish, reason=payload.reason, ticket=payload.ticket, limits=limits, origin=origin)

    return _once(request, response, "/runs", key, payload.model_dump(mode="json"), draft_and_start)


@routes.operation("POST", "/{key}/rerun", scope=Scope.RUNS_CREATE, responses={202: RunBody}, problems=(404, 409, 422))
def rerun(
    request: HttpRequest,
    response: HttpResponse,
    key: str,
    payload: Annotated[Rerun | None, Body()] = None,
    idempotency_key: Key = None,
) -> Any:
    """Stop again what a run did not stop, as a run of its own."""
    token = request.auth  # type: ignore[attr-defined]
    run, asked = one_run(token, key), payload or Rerun()

    def draft_and_start(wish: Any) -> StopRun:
        require(token, *control.lacking_to_steer(token.owner, run))
        try:
            draft = control.again(run, token.owner)
        except control.NotAllowed as error:
            raise Problem("not_possible_now", str(error)) from None
        return start(
            token,
            draft,
            wish,
            reason=asked.reason.strip() or draft.reason,
            ticket=draft.ticket,
            limits=Limits(asked.expected_count, asked.max_count),
            origin=api_origin(request, token.name),
        )

    path = f"/runs/{run.pk}/rerun"
    return _once(request, response, path, idempotency_key, asked.model_dump(mode="json"), draft_and_start)


@routes.operation("POST", "/{key}/pause", scope=Scope.RUNS_STEER, responses={200: RunBody}, problems=STEER)
def pause_run(request: HttpRequest, key: str, if_match: IfMatch = None) -> Any:
    """Send nothing more of a run until it is resumed; one that is paused stays so."""
    return _steer(
        request, key, if_match, control.pause, lambda run: run.paused_at is not None and run.cancelled_at is None
    )


@routes.operation("POST", "/{key}/resume", scope=Scope.RUNS_STEER, responses={200: RunBody}, problems=STEER)
def resume_run(request: HttpRequest, key: str, if_match: IfMatch = None) -> Any:
    """Let a paused run go on; one that is not paused goes on."""
    return _steer(
        request, key, if_match, control.resume, lambda run: run.paused_at is None and run.cancelled_at is None
    )


@routes.operation("POST", "/{key}/cancel", scope=Scope.RUNS_STEER, responses={200: RunBody}, problems=STEER)
def cancel_run(request: HttpRequest, key: str, if_match: IfMatch = None) -> Any:
    """Withdraw what was not sent of a run; what was sent can't be undone. One that is cancelled stays so."""
    return _steer(request, key, if_match, control.cancel, lambda run: run.cancelled_at is not None)


def _steer(
    request: HttpRequest,
    key: str,
    if_match: str | None,
    wish: Callable[..., None],
    is_so: Callable[[StopRun], bool],
) -> dict[str, Any]:
    token = request.auth  # type: ignore[attr-defined]
    run = one_run(token, key)
    require(token, *control.lacking_to_steer(token.owner, run))
    require_match(if_match, body_of_run(run))
    try:
        if not is_so(run):
            wish(run, token.owner, api_origin(request, token.name))
    except control.NotAllowed as error:
        run.refresh_from_db()
        if not is_so(run):  # of two at once the other one did it
            raise Problem("not_possible_now", str(error)) from None
    run.refresh_from_db()
    return body_of_run(run)


def _once(
    request: HttpRequest,
    response: HttpResponse,
    path: str,
    key: str | None,
    asked: dict[str, Any],
    do: Callable[[Any], StopRun],
) -> Any:
    """Have `do` start a run, or tell of the one that the same key has started."""
    wish = idempotency.begin(request.auth, path, idempotency.checked(key), asked)  # type: ignore[attr-defined]
    run = wish.run
    if run is None:
        try:
            run = do(wish)
        finally:
            idempotency.forget_wish(wish)  # where no run came of it
    else:
        response.headers["Idempotency-Replayed"] = "true"
    body = body_of_run(run)
    response.headers["Location"] = body["links"]["self"]
    response.headers["Retry-After"] = str(RETRY_S)
    return Status(202, body)


def _preview(selection: Selection, limits: Limits, token: Any) -> dict[str, Any]:
    rows, skipped = selection.sendable(), selection.skipped()
    count = rows.count()
    limits.check(count, token, fresh=count)
    by_account = rows.order_by().values_list("account__name").annotate(count=Count("pk"))
    return {
        "validate_only": True,
        "count": count,
        "skipped": skipped,
        "accounts": dict(by_account.order_by("account__name")),
        "connections": [str(pk) for pk in rows.order_by("pk").values_list("pk", flat=True)[:100]],
    }
