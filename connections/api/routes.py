"""How an operation of the API is declared: with its scope, and with each answer that it may give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ninja import Router
from pydantic import BaseModel

from connections.api.bearer import Bearer


class FieldError(BaseModel):
    """What is wrong with one value. `pointer`: its place in the body (RFC 6901); `parameter`: of the address."""

    code: str
    detail: str | None = None
    pointer: str | None = None
    parameter: str | None = None
    start: int | None = None
    end: int | None = None


class ProblemBody(BaseModel):
    """RFC 9457. `code` is stable, and more codes may come; `request_id` stands in the log and in the history."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError] | None = None
    count: int | None = None


ALWAYS = (400, 401, 403, 413, 429, 500, 503)
"""What any operation may answer instead of its own."""


class Routes(Router):
    """A ninja router whose operations name a scope."""

    def operation(
        self,
        method: str,
        path: str,
        *,
        scope: str,
        responses: dict[int, Any],
        problems: tuple[int, ...] = (),
        **kwargs: Any,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare the view for `method` and `path`. `problems`: statuses beside those of `ALWAYS`."""
        bearer = Bearer(scope)
        described = {**responses, **dict.fromkeys(sorted({*ALWAYS, *problems}), ProblemBody)}

        def decorator(view: Callable[..., Any]) -> Callable[..., Any]:
            view._ninja_contribute_to_operation = [bearer.contribute]  # type: ignore[attr-defined]
            summary = (view.__doc__ or "").partition("\n")[0].rstrip(".")
            extra = {"x-scope": scope} if scope else {}
            self.add_api_operation(
                path,
                [method],
                view,
                auth=bearer,
                response=described,
                operation_id=view.__name__,
                summary=summary,
                exclude_none=False,
                openapi_extra={**extra, **kwargs.pop("openapi_extra", {})},
                **kwargs,
            )
            return view

        return decorator
