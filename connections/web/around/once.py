"""What several parts of one page ask, asked once: the one memo of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from django.http import HttpRequest

Answer = TypeVar("Answer")


def once(request: HttpRequest, ask: Callable[[Any], Answer]) -> Answer:
    """What `ask` answers for the person of `request`: asked the first time, and kept as long as the request lasts.

    For what is shown, never for what is decided: a POST that acts asks anew.
    """
    kept: dict[Any, Any] = request.__dict__.setdefault("_asked_once", {})
    if ask not in kept:
        kept[ask] = ask(request.user)
    answer: Answer = kept[ask]
    return answer
