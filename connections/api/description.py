"""The API's description: for programs as OpenAPI 3.1, for people as a page; for nobody who is a stranger."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connections.api.api import api
from connections.api.bearer import refuse_tokens_in_address, token_of
from connections.api.problems import KINDS, Problem, answer
from connections.models.integrations.tokens import Scope

PREFIX = "/api/v1"


def description() -> dict[str, Any]:
    """The OpenAPI document, as it stands in the repository: the same on every panel of this version."""
    schema = dict(api.get_openapi_schema(path_prefix=f"{PREFIX}/"))
    schema["servers"] = [{"url": settings.FORCE_SCRIPT_NAME or "/"}]
    return schema


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """For any valid token, and for who is signed in."""
    try:
        _require_known(request)
    except Problem as problem:
        return answer(request, problem)
    return JsonResponse(description(), json_dumps_params={"ensure_ascii": False})


@require_safe
def page(request: HttpRequest) -> HttpResponseBase:
    """The same to read. Who is not signed in is led to the sign-in."""
    try:
        _require_known(request)
    except Problem as problem:
        if "Authorization" in request.headers or problem.code == "token_in_address":
            return answer(request, problem)
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
    context = {"operations": list(_operations(description())), "problems": KINDS, "scopes": list(Scope)}
    return render(request, "api/docs.html", context)


def missing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Below /api/ nothing else is there; a stranger does not learn that."""
    try:
        token_of(request)
    except Problem as problem:
        return answer(request, problem)
    return answer(request, Problem("not_found"))


def _require_known(request: HttpRequest) -> None:
    refuse_tokens_in_address(request)
    if "Authorization" in request.headers or not (request.user.is_authenticated and request.user.is_active):
        token_of(request)


def _operations(schema: dict[str, Any]) -> Any:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield {
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "description": operation.get("description", ""),
                "scope": operation.get("x-scope", ""),
                "parameters": [one for one in operation["parameters"] if one["in"] != "path"],
                "fields": _fields(schema, operation),
                "statuses": sorted(map(str, operation["responses"])),
            }


def _fields(schema: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of the body that `operation` takes."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = str(content.get("$ref", "")).rpartition("/")[2]
    body = schema["components"]["schemas"].get(name, {})
    required = body.get("required", ())
    return [{"name": field, "required": field in required} for field in body.get("properties", {})]
