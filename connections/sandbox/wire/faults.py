"""Faults on demand: which request gets which, and how often."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from connections.sandbox.wire.http import Request

#: kind -> (is the request acted on before the fault?, what the client sees)
GRAPHQL_KINDS: dict[str, tuple[bool, str]] = {
    "unauthorized": (False, "GraphQL: 403 with the bare text Unauthorized"),
    "errors": (False, "GraphQL: 200 with errors alone"),
    "errors_too": (True, "GraphQL: the true answer with errors beside it"),
    "null_sessions": (True, "GraphQL: the true answer with null in place of each list of sessions"),
    "null_session": (True, "GraphQL: the true answer with null in place of the first session of each list"),
    "null_endpoint": (True, "GraphQL: the true answer with null as the endpoint of the first session of each list"),
    "blank_id": (True, "GraphQL: the true answer with two blanks as the id of the first session of each list"),
    "sessions_twice": (True, "GraphQL: the true answer with an empty list before each list of sessions"),
}
KINDS: dict[str, tuple[bool, str]] = {
    "html500": (False, "500 with an HTML page that says Slim Application Error"),
    "html200": (False, "200 with an HTML page, as from a portal in between"),
    "html404": (False, "404 with an HTML page that says 404 Page Not Found"),
    "404": (False, "404 with the plain text 404 Not Found"),
    "403": (False, "403, JSON with the reason [0405]"),
    "429": (False, "429, JSON; with Retry-After when retry_after is given"),
    "500": (False, "500, JSON with a reason"),
    "502": (False, "502 with a proxy's HTML page"),
    "503": (False, "503 with a proxy's HTML page; with Retry-After when retry_after is given"),
    "401_developerkey": (False, "401 api key failed validation"),
    "401_connectionid": (False, "401 connectionid is incorrect, though it is not"),
    "401_deviceaddress": (False, "401 deviceaddress is incorrect, though it is not"),
    "token_expired": (False, "401 Auth token expired, whatever the token"),
    "redirect": (False, "307 to location"),
    "false_reason": (False, "200 with status false and a reason"),
    "false_silent": (False, "200 with status false alone"),
    "pending": (False, "200 with status pending"),
    "ignored": (False, "200 with status true, though nothing was done"),
    "reset_before": (False, "connection reset; nothing was done"),
    "reset_after": (True, "connection reset after the request was acted on"),
    "empty": (True, "200 with an empty body"),
    "truncated": (True, "the true answer cut in the middle, with a Content-Length that fits the rest"),
    "bad_length": (True, "the true answer with a Content-Length 64 bytes too long, then the connection ends"),
    "json_array": (True, "200 with a JSON array around the true answer"),
    "true_bool": (True, "the true answer with status as a JSON boolean"),
    "status_twice": (True, "the true answer with status false before its own status"),
    "gzip_bomb": (False, "200 with 64 MB of blanks in 64 KB of gzip, which nobody asked for"),
    "echo_id": (True, "the true answer with the id under `id`"),
    "echo_none": (True, "the true answer without the id"),
    "echo_other": (True, "the true answer with somebody else's connection id"),
    "drip": (True, "the true answer's body a byte each delay_s seconds (0.05)"),
    "endless": (True, "a body that never ends"),
    "delay": (True, "the true answer delay_s seconds (30) late"),
    "close_after": (True, "the true answer, then the connection is closed without a word in the headers"),
} | GRAPHQL_KINDS
#: Kinds that only GraphQL's answers can have.
IN_GRAPHQL = frozenset(GRAPHQL_KINDS)
#: Kinds that show the endpoint's own answer: without acting on the request there is none.
SHOWS_ANSWER = {kind for kind, (applied, _) in KINDS.items() if applied} - {"reset_after", "empty", "endless"}
MIXTURE = "mixture"
#: What a mixture draws from when its rule names no kinds: all that answer or break at once and tell no lie.
SLOW_OR_LYING = {"drip", "endless", "delay", "redirect", "ignored", "401_connectionid", "401_deviceaddress"}
QUICK = tuple(kind for kind in KINDS if kind not in SLOW_OR_LYING | IN_GRAPHQL)


@dataclass(frozen=True)
class FaultRule:
    """One fault and the requests that get it. Raises ValueError for a rule that makes no sense.

    kind: a name in KINDS, or "mixture": one of `kinds` drawn with `seed`.
    times: how often at most; every: only each n-th matching request; probability: of those, the share that gets it.
    address, connection_id, path: which requests match; path None means every endpoint, graphql/v1 is GraphQL.
    applied: act on the request before the fault? None: as KINDS says.
    delay_s: for delay and drip; retry_after: header value for 429 and 503; location: for redirect; reason: what
    false_reason says.
    """

    kind: str
    times: int | None = None
    every: int | None = None
    address: str | None = None
    connection_id: str | None = None
    path: str | None = "device/connect/stop"
    applied: bool | None = None
    delay_s: float | None = None
    retry_after: int | str | None = None
    location: str | None = None
    reason: str = "the connection could not be stopped"
    probability: float = 1.0
    seed: int = 0
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for kind in (*self.kinds, *(() if self.kind == MIXTURE else (self.kind,))):
            if kind not in KINDS:
                raise ValueError(f"There is no fault {kind!r}. Known: {', '.join((*KINDS, MIXTURE))}.")
            if self.applied is False and kind in SHOWS_ANSWER:
                raise ValueError(f"{kind} shows the answer of a request that was acted on: leave out applied=false.")
        if self.kind == "redirect" and not self.location:
            raise ValueError("redirect needs a location.")
        if any(number is not None and number < 1 for number in (self.times, self.every)):
            raise ValueError("times and every are whole numbers from 1.")

    @classmethod
    def from_json(cls, value: Any) -> FaultRule:
        if not isinstance(value, dict):
            raise ValueError("A fault rule is a JSON object.")
        unknown = set(value) - {item.name for item in fields(cls)}
        if unknown:
            raise ValueError(f"A fault rule has no {', '.join(sorted(unknown))}.")
        try:
            return cls(**{**value, "kinds": tuple(value.get("kinds", ()))})
        except TypeError as error:
            raise ValueError(f"This fault rule cannot be read: {error}.") from None

    def matches(self, request: Request) -> bool:
        fit = self.path in (None, request.path) and same(self.address, request, "deviceaddress")
        return fit and same(self.connection_id, request, "connectionid")


def same(wanted: str | None, request: Request, key: str) -> bool:
    """Has the body `wanted` under `key`, or in one of GraphQL's variables, whose names are the client's own?"""
    if wanted is None:
        return True
    variables = request.json().get("variables")
    found = variables.values() if isinstance(variables, dict) else [request.json().get(key, "")]
    return wanted.lower() in [str(value).lower() for value in found]


@dataclass
class Armed:
    """A rule with what has become of it so far."""

    rule: FaultRule
    matched: int = 0
    fired: int = 0
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.rule.seed)  # noqa: S311 - repeatable faults are the point

    def draw(self, request: Request) -> Fault | None:
        rule = self.rule
        if (rule.times is not None and self.fired >= rule.times) or not rule.matches(request):
            return None
        self.matched += 1
        if rule.every is not None and self.matched % rule.every:
            return None
        if rule.probability < 1 and self.random.random() >= rule.probability:
            return None
        self.fired += 1
        kind = self.random.choice(rule.kinds or QUICK) if rule.kind == MIXTURE else rule.kind
        return Fault(kind, rule)


@dataclass(frozen=True)
class Fault:
    """A fault that one request gets."""

    kind: str
    rule: FaultRule

    @property
    def applied(self) -> bool:
        return KINDS[self.kind][0] if self.rule.applied is None else self.rule.applied


class Faults:
    """The armed rules. The first one that fires for a request wins."""

    def __init__(self) -> None:
        self.armed: list[Armed] = []

    def add(self, *rules: FaultRule) -> None:
        self.armed += [Armed(rule) for rule in rules]

    def clear(self) -> None:
        self.armed.clear()

    def draw(self, request: Request) -> Fault | None:
        return next(filter(None, (one.draw(request) for one in self.armed)), None)

    def rows(self) -> list[dict[str, Any]]:
        """Each rule with how many requests matched it and how many got its fault."""
        return [{**asdict(one.rule), "matched": one.matched, "fired": one.fired} for one in self.armed]
