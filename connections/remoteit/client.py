"""The client of the remote.it API: sign in, stop a connection, tell what became of it."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from types import TracebackType

from connections.remoteit.answers import (
    Answer,
    Cause,
    Login,
    Outcome,
    Reply,
    body_text,
    read_login,
    read_probe,
    read_stop,
)
from connections.remoteit.base_url import checked_base_url
from connections.remoteit.transport import CallError, Transport

_CONSTANT_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
# Visible latin-1, blanks only inside: what http.client can send as a header value and a server gets unchanged.
_HEADER_VALUE = re.compile(r"[!-~\xa1-\xff]([ -~\xa1-\xff]*[!-~\xa1-\xff])?")
# Shorter values would also be replaced inside ordinary words.
SHORTEST_HIDDEN_SECRET = 6


@dataclass(frozen=True, repr=False)
class Credentials:
    """What an account signs in with: a token, or a user name and password; the developer key goes with both."""

    developer_key: str = ""
    username: str = ""
    password: str = ""
    token: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""

    def __repr__(self) -> str:
        return "Credentials(hidden)"

    @property
    def can_log_in(self) -> bool:
        return bool(self.username and self.password)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.developer_key, self.password, self.token, self.secret_access_key)


class Client:
    """One account's way to the API, to be shared by all threads that call it.

    ``concurrency`` is how many threads call at once. ``connect_timeout`` and ``read_timeout`` are seconds; their sum is
    the end of a whole call. ``ca_bundle`` is a file of CA certificates to trust instead of certifi's. Raises
    InvalidBaseURL for a base URL that isn't https, unless it is http to this machine.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        concurrency: int,
        connect_timeout: float,
        read_timeout: float,
        ca_bundle: str | None = None,
    ) -> None:
        self._base_url = checked_base_url(base_url)
        self._credentials = credentials
        self._transport = Transport(concurrency, connect_timeout, read_timeout, ca_bundle)
        self._token = credentials.token
        self._login_lock = threading.Lock()
        self._logins = 0
        self._last_login = Login(None, Cause.NONE, None, "", None)

    def __repr__(self) -> str:
        return f"Client({self._base_url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def needs_login(self) -> bool:
        """Whether a sign-in has to come before the next stop."""
        return not self._token and self._credentials.can_log_in

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    def stop(self, device_address: str, connection_id: str) -> Answer:
        """Ask the API to end one proxy connection, once, and return what became of it.

        Source: the vendor's page "device/connect/stop". Raises nothing for what the network or the API does. Without a
        token it signs in first, once for all threads; when that fails the stop was not sent and its outcome is
        ``failed``. A token that the API calls missing or expired is forgotten, so that the next stop signs in anew.
        """
        started = time.monotonic()
        token = self._token
        if not token and self._credentials.can_log_in:
            login = self.renew_token(stale="")
            token = self._token
            if not token:
                return _not_signed_in(login, _ms_since(started))
        answer = self._stop(token, {"deviceaddress": device_address, "connectionid": connection_id}, started)
        if answer.cause is Cause.TOKEN:
            self._forget(token)
        return answer

    def login(self) -> Login:
        """Sign in with user name and password, once, and keep the token when there is one.

        Source: remoteit-api reference, section 1.2. Raises nothing for what the network or the API does. Also tells
        whether the API takes the credentials at all; ``accepted`` is None when that stays open.
        """
        if not self._credentials.can_log_in:
            return Login(None, Cause.NONE, None, "No user name and password to sign in with", None)
        started = time.monotonic()
        fields = {"username": self._credentials.username, "password": self._credentials.password}
        try:
            reply = self._send("POST", "/user/login", "", fields)
        except CallError as error:
            return Login(None, error.cause, error.status, error.reason, _ms_since(started))
        token, accepted, cause, reason = read_login(reply)
        if accepted:
            self._token = token
        return Login(accepted, cause, reply.status, self._hide(reason), _ms_since(started), reply.retry_after)

    def renew_token(self, stale: str) -> Login:
        """Sign in anew unless there is a token other than ``stale``: once, however many threads ask at once.

        Those who waited get the result of the one sign-in that was made, a "no" included: sixteen wrong passwords in a
        row could lock the account.
        """
        seen = self._logins
        with self._login_lock:
            if self._token not in ("", stale):
                return Login(True, Cause.NONE, None, "", None)
            if self._logins == seen:
                if self._credentials.can_log_in:
                    self._token = ""
                self._last_login = self.login()
                self._logins += 1
            return self._last_login

    def probe(self) -> Login:
        """Ask whether the API takes the credentials: by a sign-in, or with a token alone by reading the device list.

        Source: remoteit-api reference, sections 1.2 and 2.3. ``accepted`` is None when it stays open. Raises nothing.
        """
        if self._credentials.can_log_in:
            return self.login()
        started = time.monotonic()
        try:
            reply = self._send("GET", "/device/list/all", self._token)
        except CallError as error:
            return Login(None, error.cause, error.status, error.reason, _ms_since(started))
        accepted, cause, reason = read_probe(reply)
        return Login(accepted, cause, reply.status, self._hide(reason), _ms_since(started), reply.retry_after)

    def _stop(self, token: str, fields: dict[str, str], started: float) -> Answer:
        try:
            reply = self._send("POST", "/device/connect/stop", token, fields)
        except CallError as error:
            outcome = Outcome.UNKNOWN if error.left else Outcome.FAILED
            return Answer(outcome, error.cause, error.status, error.reason, _ms_since(started))
        took_ms = _ms_since(started)
        outcome, cause, reason = read_stop(reply, fields["connectionid"])
        body = self._hide(body_text(reply), token)
        return Answer(outcome, cause, reply.status, self._hide(reason, token), took_ms, reply.retry_after, body)

    def _send(self, method: str, path: str, token: str, fields: dict[str, str] | None = None) -> Reply:
        """Send one request of ours. Raises CallError when no whole answer came, or when it can't be sent as it is."""
        credentials = {"developerkey": self._credentials.developer_key, "token": token}
        headers = {name: value for name, value in credentials.items() if value}
        # The libraries would refuse these too, but their messages repeat the value.
        if not all(_HEADER_VALUE.fullmatch(value) for value in headers.values()):
            reason = "The developer key or the token has characters that an HTTP header can't carry"
            raise CallError(reason, left=False, cause=Cause.CREDENTIALS)
        return self._transport.send(method, self._base_url + path, _CONSTANT_HEADERS | headers, _body(fields))

    def _forget(self, token: str) -> None:
        with self._login_lock:
            if self._credentials.can_log_in and self._token == token:
                self._token = ""

    def _hide(self, text: str, token: str = "") -> str:
        """Take our secrets out of the API's words: an error page may echo the request that it failed on."""
        for secret in (*self._credentials.secrets, token):
            if len(secret) >= SHORTEST_HIDDEN_SECRET:
                # JSON may spell / as \/ (remoteit-api reference, section 0), and keys are base64.
                text = text.replace(secret, "[hidden]").replace(secret.replace("/", "\\/"), "[hidden]")
        return text


def _body(fields: dict[str, str] | None) -> bytes | None:
    if fields is None:
        return None
    try:
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise CallError("The request holds characters that can't be sent", left=False) from error


def _not_signed_in(login: Login, took_ms: int) -> Answer:
    reason = f"Sign-in to remote.it failed: {login.reason or 'its token was rejected at once'}"
    return Answer(Outcome.FAILED, login.cause, None, reason, took_ms, login.retry_after)


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
