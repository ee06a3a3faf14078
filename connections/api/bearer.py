"""Who asks: the token in the header, its scope, and what a refused one costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.api import limits
from connections.api.problems import Problem, busy
from connections.audit.append import Entry, append
from connections.models import ApiToken
from connections.models.integrations.tokens import TokenState
from connections.people import tokens
from connections.people.brakes import brakes_for, take
from connections.people.failures import Failure, has_own_line, refused
from connections.web.origin import UNKNOWN, api_origin, client_ip

if TYPE_CHECKING:
    from datetime import datetime

    from ninja.operation import Operation

REFUSED = "token.refused"
WHY = {
    TokenState.REVOKED: gettext_lazy("The token was revoked."),
    TokenState.EXPIRED: gettext_lazy("The token is past its end."),
    TokenState.OWNER_OFF: gettext_lazy("The token's owner may not sign in any more."),
    "network": gettext_lazy("The token is not taken from this address."),
}
CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Bearer:
    """What ninja calls before an operation. `scope`: what the token needs; "" for any token."""

    openapi_security_schema = {"type": "http", "scheme": "bearer", "description": "A token of the panel: ria_…"}

    def __init__(self, scope: str = "") -> None:
        self.scope = scope
        self.parameters: frozenset[str] = frozenset()
        """The names that the operation takes in its query."""

    def contribute(self, operation: Operation) -> None:
        """Learn the operation's parameters."""
        queries = [model for model in operation.models if model.__ninja_param_source__ == "query"]
        self.parameters = frozenset(
            name for model in queries for name in getattr(model, "__ninja_flatten_map__", model.model_fields)
        )

    def __call__(self, request: HttpRequest) -> ApiToken:
        token = token_of(request)
        if self.scope and self.scope not in token.scopes:
            raise Problem("outside_scope", _("This needs the scope %s.") % self.scope)
        refuse_unknown_parameters(request, self.parameters)
        return token


def token_of(request: HttpRequest) -> ApiToken:
    """The token that `request` came with, counted. Raises Problem."""
    refuse_tokens_in_address(request)
    scheme, _blank, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Problem("token_required", headers=CHALLENGE)
    text, address, at = text.strip(), client_ip(request), timezone.now()
    token = tokens.find(text)
    why = tokens.why_refused(token, address, at) if token else "unknown"
    if token is None or why:
        raise _refuse(request, token, text, why, at)
    limits.count(request, token.pk)
    tokens.note_use(token, address, at)
    return token


def refuse_tokens_in_address(request: HttpRequest) -> None:
    """A token in the address is in logs by now, so it counts as leaked. Raises Problem."""
    found = tokens.FORM.search(request.get_full_path())
    if found is None:
        return
    token = tokens.find(found[0])
    if token is not None:
        tokens.note_leak(token, api_origin(request, token.name))
    raise Problem("token_in_address")


def refuse_unknown_parameters(request: HttpRequest, known: frozenset[str]) -> None:
    """An unknown parameter, or one that stands twice, is an error: it must never become "everything"."""
    errors = [
        {"parameter": name, "code": "unknown" if name not in known else "twice"}
        for name, values in request.GET.lists()
        if name not in known or len(values) > 1
    ]
    if errors:
        raise Problem("unknown_parameter", errors=errors)


def _refuse(request: HttpRequest, token: ApiToken | None, text: str, why: str, at: datetime) -> Problem:
    """Count it as a guess, as a wrong password is, and tell the history, in sums where there are many."""
    address = client_ip(request) or UNKNOWN
    failure = Failure(REFUSED, tokens.public_id_of(text), address)
    if wait_s := take(brakes_for(f"token {failure.name}", address), at):
        refused(failure, at)
        return busy("too_many_refused", wait_s)
    if has_own_line(failure, at):
        with transaction.atomic():
            append([_line(request, token, failure, why)])
    if token is not None:
        tokens.note_refusal(token, address, at)
    return Problem("token_refused", str(WHY.get(why, "")), headers=CHALLENGE)


def _line(request: HttpRequest, token: ApiToken | None, failure: Failure, why: str) -> Entry:
    if token is not None:
        return tokens.refused_line(token, why, api_origin(request, token.name))
    return Entry(REFUSED, api_origin(request, ""), facts={"why": why, "name": failure.name})
