"""An identity provider on loopback, as far as a panel asks one: what it is, its key, and a token for a code."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client
from joserfc import jwt
from joserfc.jwk import ECKey

CALLBACK = "/admin/login/oidc/callback/"


class Provider:
    """`claims`: what it says of whoever comes next. `nonce` is that of the sign-in under way."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.nonce = ""
        self._key = ECKey.generate_key("P-256", {"kid": "1", "use": "sig"})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def run(self) -> None:
        self._server.serve_forever(poll_interval=0.01)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def come(self, client: Client, wish: str = "sign_in", **claims: Any) -> Any:
        """The way of a browser there and back: the panel's answer to the callback, or where it led instead."""
        going = client.get("/admin/login/oidc/", {"for": wish})
        if not going.headers.get("Location", "").startswith(self.issuer):
            return going
        asked = parse_qs(urlsplit(going.headers["Location"]).query)
        self.nonce, self.claims = asked["nonce"][0], claims
        return client.get(CALLBACK, {"code": "one", "state": asked["state"][0]})

    def answer(self, path: str) -> dict[str, Any] | None:
        match path:
            case "/.well-known/openid-configuration":
                ways = {name: f"{self.issuer}/{name}" for name in ("authorize", "token", "jwks")}
                return {
                    "issuer": self.issuer,
                    "authorization_endpoint": ways["authorize"],
                    "token_endpoint": ways["token"],
                    "jwks_uri": ways["jwks"],
                    "id_token_signing_alg_values_supported": ["ES256"],
                }
            case "/jwks":
                return {"keys": [self._key.as_dict(private=False)]}
            case "/token":
                return {"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": self._token()}
        return None

    def _token(self) -> str:
        now = int(time.time())
        ours = {"iss": self.issuer, "aud": "panel", "iat": now, "exp": now + 60, "nonce": self.nonce, "auth_time": now}
        return jwt.encode({"alg": "ES256", "kid": "1"}, {**ours, **self.claims}, self._key)


@contextmanager
def provider() -> Iterator[Provider]:
    made = Provider()
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join()


def _handler(made: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer()

        def _answer(self) -> None:
            found = made.answer(urlsplit(self.path).path)
            body = json.dumps(found or {}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the standard library
            pass

    return Handler
