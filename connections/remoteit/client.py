"""The client of the remote.it API: sign in, stop a connection, tell what became of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any

from connections.remoteit import clocks
from connections.remoteit.answers import Answer, Cause, Login, Outcome, read_login, read_probe, read_stop
from connections.remoteit.asking import Told, ask, read_wide
from connections.remoteit.credentials import Credentials
from connections.remoteit.documents import Document
from connections.remoteit.graphql import DISCONNECT, read_disconnect
from connections.remoteit.openings import Opened, Opening, read_connect
from connections.remoteit.sender import Sender
from connections.remoteit.session_stream import read_stream
from connections.remoteit.sessions import SessionList, read_sessions, row_of
from connections.remoteit.wire.replies import Reply, body_text
from connections.remoteit.wire.transport import CallError, Transport

#: A list may take this many times as long as another call.
LIST_PATIENCE = 6
NOT_SIGNED_IN = "Not signed in to remote.it"
# GraphQL has one word for all credentials that it doesn't take, a token that has expired among them.
_STALE_IN_GRAPHQL = (Cause.TOKEN, Cause.CREDENTIALS)


class Client:
    """One account's way to the API, to be shared by all threads that call it.

    ``concurrency`` is how many threads call at once. ``connect_timeout`` and ``read_timeout`` are seconds; their sum is
    the end of a whole call, and a list's end is six times as far. ``ca_bundle`` is a file of CA certificates to trust
    instead of certifi's. ``graphql_url`` is needed for lists of sessions and for ``disconnect``. ``proxy`` is an
    egress proxy's URL. Raises InvalidBaseURL for an address that isn't https, unless it is http to this machine,
    InvalidProxyURL and InvalidAccessKey.
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
        graphql_url: str | None = None,
        proxy: str | None = None,
    ) -> None:
        self._sender = Sender(base_url, graphql_url, credentials)
        self._credentials = credentials
        self._transport = Transport(concurrency, connect_timeout, read_timeout, ca_bundle, proxy=proxy)
        self._wide = Transport(concurrency, connect_timeout, read_timeout, ca_bundle, proxy=proxy, read_body=read_wide)
        self._list_transport = partial(
            Transport, 1, connect_timeout, read_timeout, ca_bundle, proxy=proxy, patience=LIST_PATIENCE
        )
        self._token, self._stale_token = "" if credentials.has_access_key else credentials.token, ""
        self.before_question: Callable[[], None] = lambda: None
        self._token_lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Client({self._sender.base_url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def needs_login(self) -> bool:
        """Whether a sign-in has to come first: the client makes none by itself, so that each can be told of."""
        return not self._token and self._credentials.can_log_in

    @property
    def session_token(self) -> str:
        """The token that it sends just now, for others who speak for the same login; "" without one."""
        return self._token

    def use_token(self, token: str) -> bool:
        """Send ``token``, which somebody else was given for the same login. Returns False for one that is stale."""
        with self._token_lock:
            if token in ("", self._stale_token):
                return False
            self._token = token
            return True

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()
        self._wide.close()

    def stop(self, device_address: str, connection_id: str) -> Answer:
        """Ask the API to end one proxy connection, once, and return what became of it.

        Source: the vendor's page "device/connect/stop". Raises nothing for what the network or the API does. While
        ``needs_login`` nothing is sent: the outcome is ``failed``, its cause the token. A token that the API calls
        missing or expired is forgotten.
        """
        fields = {"deviceaddress": device_address, "connectionid": connection_id}
        return self._end(
            lambda token: self._rest("POST", "/device/connect/stop", token, fields),
            lambda reply: read_stop(reply, connection_id),
        )

    def disconnect(self, service_address: str, connection_id: str) -> Answer:
        """End one connection through GraphQL's ``disconnect``, once, and return what became of it, as ``stop`` does.

        ``connection_id`` may be the id of a session. Source: remoteit-api reference, sections 2.4 and 2.5.
        """
        variables = {"connectionId": connection_id, "serviceId": service_address}
        return self._end(
            lambda token: self._sender.graphql(self._transport, token, DISCONNECT, variables),
            read_disconnect,
            stale=_STALE_IN_GRAPHQL,
        )

    def open_connection(self, device_address: str, host_ip: str) -> Opened:
        """Ask for a proxy connection to a service, once, and return what became of it.

        ``host_ip`` is who may use it: an IPv4 address, 0.0.0.0 for everybody, 255.255.255.255 for the first to come.
        Source: the vendor's page "connect"; remoteit-api reference, section 2.1. Raises nothing, as ``stop``.
        """
        if self.needs_login:
            return Opened(Opening.FAILED, Cause.TOKEN, None, NOT_SIGNED_IN, 0)
        started, token = time.monotonic(), self._token
        fields = {"deviceaddress": device_address, "wait": True, "hostip": host_ip}
        try:
            reply = self._rest("POST", "/device/connect", token, fields)
        except CallError as error:
            outcome = Opening.UNKNOWN if error.left else Opening.FAILED
            return Opened(outcome, error.cause, error.status, error.reason, _ms_since(started))
        opened = read_connect(reply, device_address, _ms_since(started))
        if opened.cause is Cause.TOKEN:
            self._forget(token)
        return replace(opened, reason=self._sender.hide(opened.reason, token))

    def read_sessions(self) -> SessionList:
        """List the open sessions of the login and of each organisation that it belongs to.

        Source: remoteit-api reference, section 2.4. Raises nothing for what the network or the API does: the list then
        isn't complete, and says why.
        """
        if self.needs_login:
            return SessionList(False, NOT_SIGNED_IN, Cause.TOKEN, None, 0)
        started, token = time.monotonic(), self._token
        transport = self._list_transport(read_body=partial(read_stream, take=row_of))
        with contextlib.closing(transport):
            listed = read_sessions(lambda query, variables: self._sender.graphql(transport, token, query, variables))
        if listed.cause in _STALE_IN_GRAPHQL:
            self._forget(token)
        why = self._sender.hide(listed.why_incomplete, token)
        if listed.cause is Cause.CREDENTIALS and self._credentials.has_access_key and clocks.is_off(listed.clock_off_s):
            why += f"; {clocks.said(listed.clock_off_s)}, and a signed request may be refused for that alone"
        return replace(listed, why_incomplete=why, took_ms=_ms_since(started))

    def ask(self, document: Document, variables: Mapping[str, Any]) -> Told:
        """Ask one of the documents that there are, once. Raises nothing for what the network or the API does."""
        if self.needs_login:
            return Told(problem=NOT_SIGNED_IN, cause=Cause.TOKEN, left=False)
        if document.is_question:
            self.before_question()
        token = self._token
        told = ask(self._sender, self._wide, token, document, variables)
        if told.cause in _STALE_IN_GRAPHQL:
            self._forget(token)
        return told

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
            reply = self._rest("POST", "/user/login", "", fields)
        except CallError as error:
            return Login(None, error.cause, error.status, error.reason, _ms_since(started))
        token, accepted, cause, reason = read_login(reply)
        if accepted:
            self._token = token
        return self._login(reply, (accepted, cause, reason), started)

    def probe(self) -> Login:
        """Ask whether the API takes the credentials: by a sign-in, or with a token alone by reading the device list.

        Source: remoteit-api reference, sections 1.2 and 2.3. ``accepted`` is None when it stays open. Raises nothing.
        """
        if self._credentials.can_log_in:
            return self.login()
        started = time.monotonic()
        try:
            reply = self._rest("GET", "/device/list/all", self._token)
        except CallError as error:
            return Login(None, error.cause, error.status, error.reason, _ms_since(started))
        accepted, cause, reason = read_probe(reply)
        return self._login(reply, (accepted, cause, reason), started)

    def _login(self, reply: Reply, read: tuple[bool | None, Cause, str], started: float) -> Login:
        accepted, cause, reason = read
        reason, took_ms = self._sender.hide(reason), _ms_since(started)
        return Login(accepted, cause, reply.status, reason, took_ms, reply.retry_after, reply.clock_off_s)

    def _end(
        self,
        send: Callable[[str], Reply],
        read: Callable[[Reply], tuple[Outcome, Cause, str]],
        stale: tuple[Cause, ...] = (Cause.TOKEN,),
    ) -> Answer:
        """Send a stop with a token, read its answer, and forget the token when the cause of a "no" is in ``stale``."""
        if self.needs_login:
            return Answer(Outcome.FAILED, Cause.TOKEN, None, NOT_SIGNED_IN, 0)
        started, token = time.monotonic(), self._token
        try:
            reply = send(token)
        except CallError as error:
            outcome = Outcome.UNKNOWN if error.left else Outcome.FAILED
            return Answer(outcome, error.cause, error.status, error.reason, _ms_since(started))
        took_ms = _ms_since(started)
        outcome, cause, reason = read(reply)
        if cause in stale and self._forget(token):
            cause = Cause.TOKEN
        body, reason = (self._sender.hide(text, token) for text in (body_text(reply), reason))
        return Answer(outcome, cause, reply.status, reason, took_ms, reply.retry_after, body)

    def _rest(self, method: str, path: str, token: str, fields: Mapping[str, Any] | None = None) -> Reply:
        return self._sender.rest(self._transport, method, path, token, fields)

    def _forget(self, token: str) -> bool:
        """Forget a stale ``token``; returns False when there is no way to another one."""
        with self._token_lock:
            if self._credentials.can_log_in and self._token == token:
                self._token, self._stale_token = "", token
        return self._credentials.can_log_in


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
