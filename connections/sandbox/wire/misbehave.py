"""What a fault does to an answer (`disturb`) and to its way over the socket (`deliver`)."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from random import Random
from typing import Any

from connections.sandbox.wire import misbehave_graphql
from connections.sandbox.wire.faults import IN_GRAPHQL, Fault
from connections.sandbox.wire.http import GRAPHQL_PATH, HttpConnection, Request, Response
from connections.sandbox.wire.replies import encode, error, graphql, html, ok
from connections.sandbox.wire.stop import ADDRESS_INCORRECT, ID_INCORRECT
from connections.sandbox.world.ids import odd_variant_id

RESETS = ("reset_before", "reset_after")
DRIP_S = 0.05
DELAY_S = 30.0
CHUNK = b" " * 65536
BOMB_BYTES = 64 * 1024 * 1024
#: How often an endless body looks whether the client has room for more, in seconds.
ENDLESS_PAUSE_S = 0.005


def disturb(fault: Fault, request: Request, real: Response | None) -> Response | None:
    """The answer that this fault gives; None for none at all. `real` is the endpoint's, None if it did not act."""
    if fault.kind in REPLACING:
        return REPLACING[fault.kind](fault, request)
    if real is None or fault.kind in RESETS:
        return None
    if fault.kind == "truncated":
        return Response(real.status, real.body[: len(real.body) // 2])
    if fault.kind == "status_twice":
        return Response(real.status, real.body.replace(b"{", b'{"status":"false",', 1))
    if fault.kind == "json_array":
        return Response(200, b"[" + real.body + b"]")
    if fault.kind in ("true_bool", "echo_id", "echo_none", "echo_other"):
        return altered(fault.kind, real)
    if fault.kind in IN_GRAPHQL:
        return misbehave_graphql.altered(fault.kind, real)
    return real


def altered(kind: str, real: Response) -> Response:
    """`real` with another status type or another echo; a refusal stays as it is."""
    body: dict[str, Any] = json.loads(real.body)
    if body.get("status") != "true":
        return real
    own_id = body.get("connectionid") or body.get("id")
    if kind == "true_bool":
        return Response(real.status, encode({**body, "status": True}))
    if kind == "echo_id":
        return ok(id=own_id)
    nobodys = odd_variant_id(Random(str(own_id)))  # noqa: S311 - repeatable, no secret
    return ok() if kind == "echo_none" else ok(connectionid=nobodys)


def with_retry(fault: Fault, response: Response) -> Response:
    if fault.rule.retry_after is not None:
        response.extra["Retry-After"] = str(fault.rule.retry_after)
    return response


# Except for 401_developerkey and [0405] the reasons here are invented, the vendor gives no literal.
REPLACING: dict[str, Callable[[Fault, Request], Response]] = {
    "html500": lambda fault, request: html(500, "Slim Application Error"),
    "html200": lambda fault, request: html(200, "Sign in to this network"),
    "html404": lambda fault, request: html(404, "404 Page Not Found"),
    "404": lambda fault, request: Response(404, b"404 Not Found\n", "text/plain"),
    "403": lambda fault, request: error(
        403,
        f"[0405] {request.json().get('deviceaddress', '')} is not available for public access "
        "and is not shared with you.",
    ),
    "429": lambda fault, request: with_retry(fault, error(429, "too many requests")),
    "500": lambda fault, request: error(500, "internal error", code="GENERAL_ERROR"),
    "502": lambda fault, request: html(502, "502 Bad Gateway"),
    "503": lambda fault, request: with_retry(fault, html(503, "503 Service Temporarily Unavailable")),
    "401_developerkey": lambda fault, request: error(401, "api key failed validation", code="GENERAL_ERROR"),
    "401_connectionid": lambda fault, request: error(401, ID_INCORRECT),
    "401_deviceaddress": lambda fault, request: error(401, ADDRESS_INCORRECT),
    "token_expired": lambda fault, request: error(401, "Auth token expired", code="GENERAL_ERROR"),
    "redirect": lambda fault, request: Response(307, b"", "text/html", {"Location": str(fault.rule.location)}),
    "false_reason": lambda fault, request: error(200, fault.rule.reason),
    "false_silent": lambda fault, request: error(200, None),
    "pending": lambda fault, request: Response(200, encode({"status": "pending"})),
    "empty": lambda fault, request: Response(200, b""),
    "endless": lambda fault, request: Response(200, b""),
    "ignored": lambda fault, request: (
        graphql({"data": {"disconnect": True}})
        if request.path == GRAPHQL_PATH
        else ok(connectionid=request.json().get("connectionid"))
    ),
    "unauthorized": lambda fault, request: Response(403, b"Unauthorized", "text/plain"),
    "errors": lambda fault, request: graphql({"errors": misbehave_graphql.ERRORS}),
    "gzip_bomb": lambda fault, request: Response(
        200, gzip.compress(b" " * BOMB_BYTES), extra={"Content-Encoding": "gzip"}
    ),
}


def deliver(fault: Fault | None, response: Response | None, client: HttpConnection, sent: Callable[[], None]) -> None:
    """Put the answer on the wire, as the fault wants it. `sent` is called when the status line has gone out."""
    loop = asyncio.get_running_loop()
    if response is None:
        client.reset()
    elif fault is None:
        late(client, response, sent)
    elif fault.kind == "endless":
        client.write(response.head(None, close=True))
        sent()
        endless(client, loop)
    elif fault.kind == "delay":
        delay = DELAY_S if fault.rule.delay_s is None else fault.rule.delay_s
        loop.call_later(delay, late, client, response, sent)
    elif fault.kind == "drip":
        client.write(response.head(len(response.body), close=not client.keeps_alive))
        sent()
        drip(client, response.body, DRIP_S if fault.rule.delay_s is None else fault.rule.delay_s, loop)
    elif fault.kind in ("bad_length", "close_after"):
        extra = 64 if fault.kind == "bad_length" else 0
        client.write(response.head(len(response.body) + extra) + response.body)
        sent()
        client.close()
    else:
        late(client, response, sent)


def late(client: HttpConnection, response: Response, sent: Callable[[], None]) -> None:
    if not client.gone:
        client.send(response)
        sent()


def drip(client: HttpConnection, rest: bytes, pause: float, loop: asyncio.AbstractEventLoop) -> None:
    if client.gone:
        return
    client.write(rest[:1])
    if len(rest) > 1:
        loop.call_later(pause, drip, client, rest[1:], pause, loop)
    else:
        client.finish()


def endless(client: HttpConnection, loop: asyncio.AbstractEventLoop) -> None:
    if client.gone:
        return
    if client.transport.get_write_buffer_size() < len(CHUNK):
        client.write(CHUNK)
    loop.call_later(ENDLESS_PAUSE_S, endless, client, loop)
