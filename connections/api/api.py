"""The API as one thing: its parts, its errors, its description."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from pydantic import BaseModel

from connections.api import accounts, connections, history, holds
from connections.api.problems import MEDIA_TYPE, Problem, answer
from connections.api.routes import Routes
from connections.api.runs import orders, reading  # noqa: F401 - orders adds its operations to the routes
from remoteit_admin import __version__

ME = Routes(tags=["token"])
EXTRA, MISSING = "extra_forbidden", "missing"


class Me(BaseModel):
    """What this token is. A token is never more than its owner is now."""

    id: str
    name: str
    owner: str
    scopes: list[str]
    narrower: str
    most_per_run: int | None
    most_per_hour: int | None
    expires_at: datetime


class Api(NinjaAPI):
    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> Any:
        """ninja's, with the media type that problems have."""
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400:
                        response["content"] = {MEDIA_TYPE: response.pop("content")["application/json"]}
        return schema


api = Api(
    title="remoteit-admin",
    version="1",
    description="See every open remote.it connection, stop one or thousands, and prove what became of each.",
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
    openapi_extra={"info": {"x-panel-version": __version__}},
)
api.add_router("/connections", connections.routes)

api.add_router("/runs", reading.routes)
api.add_router("/runs", history.evidence)
api.add_router("/holds", holds.routes)
api.add_router("/accounts", accounts.routes)
api.add_router("/lists", accounts.lists)
api.add_router("/history", history.routes)


@ME.operation("GET", "", scope="", responses={200: Me})
def get_token(request: HttpRequest) -> dict[str, Any]:
    """The token itself: whose it is, what it may do, when it ends."""
    token = request.auth  # type: ignore[attr-defined]
    names = ("name", "scopes", "narrower", "most_per_run", "most_per_hour", "expires_at")
    shown = {name: getattr(token, name) for name in names}
    return {**shown, "id": token.shown_id, "owner": token.owner.get_username()}


api.add_router("/token", ME)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, error: Problem) -> HttpResponse:
    return answer(request, error)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [_told(one) for one in error.errors]
    unknown = any(one["type"] == EXTRA for one in error.errors)
    return answer(request, Problem("unknown_field" if unknown else "invalid_value", errors=errors))


# A form with files was read before as one.
@api.exception_handler(RawPostDataException)
@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return answer(request, Problem("unreadable_body"))


@api.exception_handler(DatabaseError)
@api.exception_handler(InterfaceError)
def _away(request: HttpRequest, error: Exception) -> HttpResponse:
    return answer(request, Problem("unavailable", headers={"Retry-After": "5"}))


def _told(one: dict[str, Any]) -> dict[str, Any]:
    """One of pydantic's errors, by the place that the program wrote it at. What was written is not repeated."""
    where, *names = one["loc"]
    if where == "body":
        place = {"pointer": "".join(f"/{name}" for name in names[1:])}
    else:
        place = {"parameter": str(names[-1]) if names else str(where)}
    return {**place, "code": str(one["type"]), "detail": str(one["msg"])}
