"""/metrics for Prometheus: to who comes from METRICS_ALLOW, else to a token with the scope metrics:read."""

from __future__ import annotations

from threading import Lock
from time import monotonic

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from connections.api.bearer import refuse_unknown_parameters, token_of
from connections.api.metrics.collector import Panel
from connections.api.problems import Problem, answer
from connections.api.reach import outside, require
from connections.models.integrations.tokens import Scope
from connections.models.scope import SEES, is_bounded
from connections.web.origin import client_ip
from remoteit_admin import proxies

REMEMBERED_S = 5.0
"""Counting a million items takes a while, and several may scrape."""

BOUNDED = gettext_lazy("Metrics count everything, and the owner of this token does not see everything. %s")

registry = CollectorRegistry(auto_describe=False)
registry.register(Panel())


class _Last:
    """What this process read last. Of many that ask at once one reads, and the others wait for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at = float("-inf")
        self._text = b""

    def text(self) -> bytes:
        with self._lock:
            if monotonic() - self._at >= REMEMBERED_S:
                self._text = generate_latest(registry)
                self._at = monotonic()
            return self._text


_last = _Last()


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    try:
        _require_allowed(request)
    except Problem as problem:
        return answer(request, problem)
    return HttpResponse(_last.text(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _require_allowed(request: HttpRequest) -> None:
    address = client_ip(request)
    if settings.METRICS_ALLOW and proxies.is_trusted(address or "-", settings.METRICS_ALLOW):
        return
    token = token_of(request)
    if Scope.METRICS_READ not in token.scopes:
        raise Problem("outside_scope", f"This needs the scope {Scope.METRICS_READ}.")
    require(token, SEES)
    if is_bounded(token.owner):
        raise outside(token, BOUNDED, SEES)
    refuse_unknown_parameters(request, frozenset())
