"""How bytes get to the API and back: one pooled session that knows whether a request left."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from connections.remoteit.answers import Cause
from connections.remoteit.clocks import seconds_off
from connections.remoteit.wire.base_url import checked_proxy_url
from connections.remoteit.wire.breaks import describe
from connections.remoteit.wire.deadlines import Call, Deadlines
from connections.remoteit.wire.replies import Reply, storable
from connections.remoteit.wire.watched import POOLS, current

MAX_ANSWER = 64 * 1024


class Body(NamedTuple):
    """What was read of an answer's body; the fields as ``Reply`` has them."""

    body: bytes
    complete: bool = True
    fields: dict[str, Any] | None = None
    unreadable: str = ""


def read_short(response: requests.Response) -> Body:
    """Read at most MAX_ANSWER bytes. What stays unread makes requests close the connection instead of pooling it."""
    body = bytearray()
    for chunk in response.iter_content(MAX_ANSWER + 1):
        body += chunk
        if len(body) > MAX_ANSWER:
            return Body(bytes(body[:MAX_ANSWER]), complete=False)
    return Body(bytes(body))


class CallError(Exception):
    """No whole answer came. ``left`` tells whether any byte of the request may have left this machine."""

    def __init__(self, reason: str, *, left: bool, status: int | None = None, cause: Cause = Cause.NONE) -> None:
        super().__init__(reason)
        self.reason = reason
        self.left = left
        self.status = status
        self.cause = cause


@cache
def _trusting(ca_bundle: str) -> ssl.SSLContext:
    """Its certificates take 40 ms to read: that is done once a process and bundle, not for each client."""
    return ssl.create_default_context(cafile=ca_bundle)


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def use_ca_bundle(self, path: str) -> None:
        """Share what is trusted: requests would read the certificates for each new connection."""
        self._ssl_context = self.poolmanager.connection_pool_kw["ssl_context"] = _trusting(path)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        contexts = {"ssl_context": self._ssl_context, "proxy_ssl_context": self._ssl_context}
        manager = super().proxy_manager_for(proxy, **contexts, **proxy_kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def cert_verify(self, conn: Any, url: str | bytes, verify: Any, cert: Any) -> None:
        """Leave verification to the SSL context, which demands a known CA and the right host name."""


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Never: even unfollowed redirects would have their body read without bound to prepare ``Response.next``."""
        return None


class Transport:
    """Sends one request at a time per thread through shared connections.

    ``concurrency`` is the number of threads that call at once. ``connect_timeout`` and ``read_timeout`` are seconds;
    a whole call ends after ``patience`` times their sum, name lookup and connecting to several addresses apart, which
    can't be cut short. ``read_body`` reads what of an answer's body is wanted. ``proxy`` is the URL of an egress proxy:
    https:// goes through it by CONNECT, http:// never, for that is to this machine. ``pools`` are classes of pools by
    scheme whose connections may look at where they go. Raises InvalidProxyURL.
    """

    def __init__(
        self,
        concurrency: int,
        connect_timeout: float,
        read_timeout: float,
        ca_bundle: str | None = None,
        *,
        patience: int = 1,
        read_body: Callable[[requests.Response], Body] = read_short,
        proxy: str | None = None,
        pools: dict[str, Any] = POOLS,
    ) -> None:
        self._timeout = (connect_timeout, read_timeout)
        self._read_body = read_body
        self._deadlines = Deadlines(patience * (connect_timeout + read_timeout))
        adapter = _Adapter(pool_connections=1, pool_maxsize=concurrency, pool_block=True, max_retries=0)
        adapter.use_ca_bundle(ca_bundle or certifi.where())
        adapter.poolmanager.pool_classes_by_scheme = pools
        self._session = _Session()
        # Else a proxy, another CA bundle or a .netrc of this machine would change where credentials go.
        self._session.trust_env = False
        self._session.proxies = {"https": checked_proxy_url(proxy)} if proxy else {}
        self._empty: dict[tuple[str, str], requests.PreparedRequest] = {}
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, auth: AuthBase | None = None
    ) -> Reply:
        """Send one request, signed by ``auth``, and return its answer. Raises CallError when none came whole."""
        status: int | None = None
        asked_at = time.time()
        with self._deadlines.call() as call:
            current.call = call
            try:
                with self._session.send(
                    self._prepared(method, url, headers, body, auth),
                    timeout=self._timeout,
                    proxies=self._session.proxies,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    status = response.status_code
                    reply = self._read(response, asked_at)
            except (requests.RequestException, HTTPError, OSError, UnicodeError) as error:
                raise self._broken(error, call, status) from error
        if call.expired:
            # What reads like an end of the body may be our own cut.
            raise self._broken(TimeoutError(), call, status)
        return reply

    def close(self) -> None:
        self._session.close()

    def _prepared(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, auth: AuthBase | None
    ) -> requests.PreparedRequest:
        """The request, prepared without the session: its merging of settings takes a fifth of a call's processor time,
        and taking apart the same few addresses again and again a tenth.
        """
        if (method, url) not in self._empty:
            self._empty[method, url] = requests.Request(method, url, self._session.headers).prepare()
        prepared = self._empty[method, url].copy()
        prepared.headers.update(headers)
        prepared.prepare_body(body, None)
        prepared.prepare_auth(auth)
        return prepared

    def _read(self, response: requests.Response, asked_at: float) -> Reply:
        clock_off_s = seconds_off(response.headers.get("Date"), response.headers.get("Age"), asked_at, time.time())
        location, retry_after = (response.headers.get(name) for name in ("Location", "Retry-After"))
        # An interim answer that http.client took for the last one: the next call on this connection would get ours.
        read = Body(b"") if response.status_code < 200 else self._read_body(response)
        return Reply(
            response.status_code,
            read.body,
            read.complete,
            location,
            None if retry_after is None else storable(retry_after),
            read.fields,
            read.unreadable,
            clock_off_s,
        )

    def _broken(self, error: Exception, call: Call, status: int | None) -> CallError:
        reason = describe(error, left=call.left, expired=call.expired, limit=self._deadlines.limit)
        # What can't be sent is no matter of the way there: another try would end alike, however long it waited.
        no_way = not call.left and not isinstance(error, UnicodeError | requests.exceptions.InvalidHeader)
        return CallError(reason, left=call.left, status=status, cause=Cause.REACH if no_way else Cause.NONE)
