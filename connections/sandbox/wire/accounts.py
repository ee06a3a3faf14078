"""Who may call: the one login of the sandbox, its developer key, its access key and its session tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time

from connections.sandbox.wire import signature
from connections.sandbox.wire.http import Request, Response
from connections.sandbox.wire.replies import error
from connections.sandbox.world.clock import Clock
from connections.sandbox.world.names import OWNER
from connections.sandbox.world.settings import Settings

#: Public and worth nothing: the server listens on loopback and everything behind it is made up.
USERNAME = OWNER
PASSWORD = "-".join(("nothing", "real", "behind", "this"))
DEVELOPER_KEY = base64.b64encode(b"5A4DB0C5-0B5E-4F1D-9527-0A11C0FFEE27").decode()
ACCESS_KEY_ID = "SANDBOX0ACCESS0KEY00"
SECRET_ACCESS_KEY = base64.b64encode(hashlib.sha256(b"nothing real behind this key").digest()).decode()
AUTHHASH = hashlib.sha256(PASSWORD.encode()).hexdigest()[:40].upper()


class Accounts:
    """The session tokens in force: token -> Unix seconds at which it ends."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self.clock = clock
        self.settings = settings
        self.tokens: dict[str, float] = {}

    def new_token(self) -> str:
        token = secrets.token_hex(16)
        self.tokens[token] = self.clock.now() + self.settings.token_life_s
        return token

    def token_ends(self, token: str) -> float | None:
        """When the token ends (Unix seconds), or None if it is unknown or has ended."""
        ends = self.tokens.get(token)
        return None if ends is None or ends <= self.clock.now() else ends

    def check_developer_key(self, request: Request) -> Response | None:
        """None when the key is right, else the documented refusal (remoteit-api reference, section 1.1)."""
        given = request.headers.get("developerkey") or request.headers.get("apikey")
        return None if given == DEVELOPER_KEY else error(401, "api key failed validation", code="GENERAL_ERROR")

    def check_session(self, request: Request) -> Response | None:
        """None for a right developer key and a living token or a right signature, else the refusal."""
        refusal = self.check_developer_key(request)
        if refusal is not None or not (reason := self.problem(request)):
            return refusal
        return error(401, reason, code="GENERAL_ERROR")

    def check_graphql(self, request: Request) -> Response | None:
        """None for a living token or a right signature, else the refusal: the bare word of the vendor's GraphQL.

        The header that says why is the sandbox's own.
        """
        reason = self.problem(request)
        return Response(403, b"Unauthorized", "text/plain", {"X-Sandbox-Reason": reason}) if reason else None

    def problem(self, request: Request) -> str:
        """What is wrong with a request's token or signature; "" for nothing."""
        if signature.is_signed(request):
            try:
                # Real time, for the client's clock does not move with the sandbox's.
                now = time.time() + self.settings.clock_ahead_s
                signature.check(request, ACCESS_KEY_ID, SECRET_ACCESS_KEY, now, self.settings.skew_s)
            except signature.BadSignatureError as error:
                return str(error)
            return ""
        token = session_token(request)
        if not token:
            return "missing api token"
        if token not in self.tokens:
            return "api token is incorrect"  # invented, the vendor gives no literal
        # The words are attested for GET /user/token only; on other endpoints they are invented.
        return "" if self.token_ends(token) is not None else "Auth token expired"


def session_token(request: Request) -> str:
    """The token header, or else a bearer token; the sandbox gives out one kind for both."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    return request.headers.get("token") or (bearer.strip() if scheme.lower() == "bearer" else "")
