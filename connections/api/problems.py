"""What the API answers when it does not do what was asked: RFC 9457, with a stable code and the request's id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connections.web.request_id import id_of

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """One code: its status, what it is called, and what to do about it."""

    status: int
    title: _StrPromise
    help: _StrPromise


KINDS = {
    "unreadable_body": Kind(
        400, _("The body can't be read"), _("Send one JSON object in UTF-8, with Content-Type: application/json.")
    ),
    "unknown_parameter": Kind(
        400,
        _("A parameter is not known"),
        _("Nothing was done: a filter that is not understood must never become “everything”. Mind the spelling."),
    ),
    "unknown_field": Kind(
        400, _("A field is not known"), _("Nothing was done. The description of the API names the fields of each body.")
    ),
    "invalid_value": Kind(
        400,
        _("A value can't be used"),
        _("Each entry of `errors` names the field or parameter and says what it takes."),
    ),
    "invalid_match": Kind(
        400,
        _("The search is not understood"),
        _("`errors` names the word by its place. The same text in the panel's search shows what it means."),
    ),
    "invalid_cursor": Kind(
        400, _("The cursor is none of ours"), _("Pass on `next` as it was given, with the same filters.")
    ),
    "unknown_ids": Kind(
        400, _("Some ids name no connection"), _("Nothing was stopped. Each entry of `errors` names one of them.")
    ),
    "key_required": Kind(
        400,
        _("Idempotency-Key is missing"),
        _("What can stop connections needs one, so that it can be sent again: a new UUID for each wish."),
    ),
    "token_in_address": Kind(
        400,
        _("A token stands in the address"),
        _("Addresses are kept in logs: the token counts as leaked. Revoke it, and send tokens in Authorization alone."),
    ),
    "token_required": Kind(401, _("A token is needed"), _("Send `Authorization: Bearer ria_…`.")),
    "token_refused": Kind(
        401,
        _("The token is not taken"),
        _("It is mistyped, revoked, past its end, from another network, or its owner may not sign in any more."),
    ),
    "outside_scope": Kind(
        403, _("The token has not this scope"), _("`detail` names the scope. Make a token that has it.")
    ),
    "not_allowed": Kind(
        403,
        _("The token's owner may not do this"),
        _("A token is never more than its owner is now. An administrator can change what the owner may do."),
    ),
    "over_token_ceiling": Kind(
        403,
        _("More than the token may stop in one run"),
        _("Narrow the selection, or make a token with a higher ceiling."),
    ),
    "not_found": Kind(404, _("Nothing is there"), _("It is not there, or this token may not see it.")),
    "method_not_allowed": Kind(405, _("Not by this method"), _("`Allow` names the methods that this address takes.")),
    "other_count": Kind(
        409,
        _("Another number of connections"),
        _("Nothing was stopped. `count` says how many it would be now: look at them, then send that number."),
    ),
    "count_required": Kind(
        409,
        _("So many need a count"),
        _("Nothing was stopped. Send `expected_count` or `max_count`, as a person types the number."),
    ),
    "nothing_to_stop": Kind(
        409, _("None of them can be stopped"), _("They ended, or another run has them. Nothing was stopped.")
    ),
    "cannot_start": Kind(409, _("The run was not started"), _("`detail` says why. Nothing was stopped.")),
    "still_running": Kind(
        409,
        _("The first request with this key is still at it"),
        _("Send the same again after `Retry-After` seconds: it answers with the run."),
    ),
    "not_possible_now": Kind(409, _("Not possible now"), _("`detail` says why. Nothing was changed.")),
    "changed_meanwhile": Kind(
        412,
        _("It has changed since you read it"),
        _("Nothing was done. Read it again: its `ETag` is what `If-Match` takes."),
    ),
    "too_large": Kind(413, _("The request is too large"), _("Send fewer ids, or a search.")),
    "key_reused": Kind(
        422,
        _("The key was used for another request"),
        _("Take a new Idempotency-Key for each wish. Nothing was stopped."),
    ),
    "too_many_requests": Kind(429, _("Too many requests"), _("Wait for `Retry-After` seconds.")),
    "too_many_refused": Kind(
        429, _("Too many refused tokens"), _("Nothing was looked at. Wait for `Retry-After` seconds.")
    ),
    "hourly_ceiling": Kind(
        429,
        _("More than the token may stop in an hour"),
        _("Nothing was stopped. Wait for `Retry-After` seconds, or make a token with a higher ceiling."),
    ),
    "internal": Kind(
        500, _("A mistake of the panel"), _("Whether it was done is not known: ask for the run, or send the same key.")
    ),
    "unavailable": Kind(
        503, _("The panel can't answer now"), _("Its database does not answer or takes nothing. Try again later.")
    ),
}


class Problem(Exception):
    """Ends a request with the answer of `code`. `extra` are further members; `headers` go with it."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.errors, self.headers, self.extra = code, detail, errors, headers or {}, extra


def answer(request: HttpRequest, problem: Problem) -> JsonResponse:
    """`problem` as it is sent."""
    kind = KINDS[problem.code]
    body: dict[str, Any] = {
        "type": f"{reverse('api-docs')}#{problem.code}",
        "title": str(kind.title),
        "status": kind.status,
        "code": problem.code,
        "detail": problem.detail or str(kind.help),
        "instance": request.path,
        "request_id": id_of(request),
        **problem.extra,
    }
    if problem.errors:
        body["errors"] = problem.errors
    headers = {"Cache-Control": "no-store", **problem.headers}
    return JsonResponse(body, status=kind.status, content_type=MEDIA_TYPE, headers=headers)


def busy(code: str, wait_s: int, detail: str = "", **extra: Any) -> Problem:
    """One that goes away by itself after `wait_s` seconds."""
    return Problem(code, detail, headers={"Retry-After": str(wait_s)}, **extra)
