"""Runs as they are read: how far they are, and what became of each connection."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from ninja import Query
from pydantic import BaseModel

from connections.api.connections import ConnectionBody, body_of
from connections.api.etags import IfNoneMatch, tagged
from connections.api.limits import place_to_wait
from connections.api.pages import DEFAULT, Cursor, Limit, Page, page
from connections.api.reach import items_of, one_run, runs_of
from connections.api.routes import Routes
from connections.models import StopItem, StopRun
from connections.models.approvals import ApprovalState
from connections.models.integrations.tokens import Scope
from connections.models.sight.items import Part, viewer_of
from connections.models.states import ItemState, RunState, Verdict
from connections.stops.progress.progress import state_of
from connections.stops.progress.tally import Tally

routes = Routes(tags=["runs"])
LONGEST_WAIT_S = 60
LOOK_EVERY_S = 0.25
RETRY_S = 2
Wait = Annotated[int, Query(ge=0, le=LONGEST_WAIT_S, description="Seconds to wait until it is done, at most.")]


class RunBody(BaseModel):
    """`state`: running, waiting (for a worker), paused, cancelled, done; before it is started that of its approval.

    More states may come. `done`: nothing is left to send, or nobody approved it. `needs_approval`: a second person has
    to decide in the panel; no token can.

    `counts`: connections by outcome. `unknown` may have been stopped: never take it for a failure. `verdicts`: those
    that have an outcome, by what a later list shows; `none` for those that have no verdict yet. `total`: all but the
    skipped ones. `out_of_sight`: of so many more of the run the owner of the token sees nothing, and no other number
    here counts them.
    """

    id: str
    state: str
    done: bool
    needs_approval: bool
    total: int
    out_of_sight: int
    counts: dict[str, int]
    verdicts: dict[str, int]
    reason: str
    ticket: str
    user: str
    token: str | None
    list_sha256: str
    continues: str | None
    created_at: datetime
    started_at: datetime | None
    paused_at: datetime | None
    cancelled_at: datetime | None
    links: dict[str, str]


class RunPage(Page):
    items: list[RunBody]


class ItemBody(BaseModel):
    """One connection of a run. `outcome`: its state; `reason`: the API's own words, or what was seen instead."""

    id: str
    connection: ConnectionBody
    outcome: str
    skipped_why: str
    attempts: int
    sent_at: datetime | None
    answered_at: datetime | None
    took_ms: int | None
    upstream_status: int | None
    upstream_reason: str
    verdict: str
    verdict_why: str
    verdict_at: datetime | None
    came_back_as: str


class ItemPage(Page):
    items: list[ItemBody]


@routes.operation("GET", "", scope=Scope.RUNS_READ, responses={200: RunPage})
def list_runs(
    request: HttpRequest,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Runs that were started, the newest first."""
    runs = runs_of(request.auth)  # type: ignore[attr-defined]
    return page(runs, limit, cursor, bodies_of, newest_first=True)


@routes.operation("GET", "/{key}", scope=Scope.RUNS_READ, responses={200: RunBody, 304: None}, problems=(404,))
def get_run(
    request: HttpRequest, response: HttpResponse, key: str, wait: Wait = 0, if_none_match: IfNoneMatch = None
) -> Any:
    """One run, at once or when it is done.

    `wait` holds the answer back until nothing is left to send, or so many seconds have passed. Where too many wait
    already, it comes at once; `Retry-After` says when to ask again.
    """
    with place_to_wait() as may_wait:
        until = time.monotonic() + (wait if may_wait else 0)
        while not (body := body_of_run(one_run(request.auth, key)))["done"] and time.monotonic() < until:  # type: ignore[attr-defined]
            time.sleep(LOOK_EVERY_S)
    if not body["done"]:
        response.headers["Retry-After"] = str(RETRY_S)
    return tagged(response, body, if_none_match)


@routes.operation("GET", "/{key}/items", scope=Scope.RUNS_READ, responses={200: ItemPage}, problems=(404,))
def list_items(
    request: HttpRequest,
    key: str,
    outcome: Annotated[ItemState | None, Query()] = None,
    verdict: Annotated[Verdict | None, Query()] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The connections of a run, in the order of its frozen list."""
    items = items_of(request.auth, one_run(request.auth, key))  # type: ignore[attr-defined]
    if outcome is not None:
        items = items.filter(state=outcome)
    if verdict is not None:
        items = items.filter(verdict=verdict)
    return page(items.select_related("connection__account"), limit, cursor, lambda found: [_item(one) for one in found])


def body_of_run(run: StopRun) -> dict[str, Any]:
    return bodies_of([run])[0]


def bodies_of(runs: Iterable[StopRun]) -> list[dict[str, Any]]:
    """Each of `runs` as the API shows it; their items are counted by one query."""
    runs = list(runs)
    tallies: dict[int, Tally] = defaultdict(Tally)
    parts = StopItem.objects.filter(run__in=runs).parts_of(viewer_of(runs))
    rows = StopItem.objects.in_runs(runs).order_by()
    for pk, state, verdict, count in rows.values_list("run", "state", "verdict").annotate(count=Count("pk")):
        tallies[pk].cells[state, verdict] += count
    return [_body(run, tallies[run.pk], parts.get(run.pk)) for run in runs]


def _body(run: StopRun, tally: Tally, part: Part | None) -> dict[str, Any]:
    states, verdicts = tally.states, tally.verdicts
    address = f"/api/v1/runs/{run.pk}"
    names = ("reason", "ticket", "list_sha256", "created_at", "started_at", "paused_at", "cancelled_at")
    return {
        **{name: getattr(run, name) for name in names},
        "id": str(run.pk),
        "state": _state(run, tally),
        "done": _is_done(run, tally),
        "needs_approval": _waits(run),
        "total": tally.total,
        "out_of_sight": part.all - part.seen if part else 0,
        "counts": {str(state): states[state] for state in ItemState},
        "verdicts": {**{str(verdict): verdicts[verdict] for verdict in Verdict}, "none": verdicts[""]},
        "user": run.user_name,
        "token": run.token.name if run.token else None,
        "continues": str(run.parent_id) if run.parent_id else None,
        "links": {"self": address, "items": f"{address}/items", "evidence": f"{address}/evidence"},
    }


def _item(item: StopItem) -> dict[str, Any]:
    names = ItemBody.model_fields.keys() - {"id", "connection", "outcome"}
    shown = {name: getattr(item, name) for name in names}
    return {**shown, "id": str(item.pk), "connection": body_of(item.connection), "outcome": item.state}


def _waits(run: StopRun) -> bool:
    approval = getattr(run, "approval", None)
    return run.state == RunState.DRAFT and approval is not None and approval.is_waiting


def _state(run: StopRun, tally: Tally) -> str:
    if run.state == RunState.STARTED:
        return state_of(run, tally)
    approval = getattr(run, "approval", None)
    if approval is None:
        return str(run.state)
    if _waits(run):
        return "needs_approval"
    return str(ApprovalState.EXPIRED if approval.state == ApprovalState.WAITING else approval.state)


def _is_done(run: StopRun, tally: Tally) -> bool:
    return tally.left == 0 if run.state == RunState.STARTED else not _waits(run)
