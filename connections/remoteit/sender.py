"""Requests as the API wants them: address, headers, credentials, body; and answers without our secrets in them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from connections.remoteit.answers import Cause
from connections.remoteit.credentials import Credentials
from connections.remoteit.wire.base_url import checked_base_url
from connections.remoteit.wire.replies import FIRST_LINE_LENGTH, Reply
from connections.remoteit.wire.transport import CallError, Transport

_CONSTANT_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
# Visible latin-1, blanks only inside: what http.client can send as a header value and a server gets unchanged.
_HEADER_VALUE = re.compile(r"[!-~\xa1-\xff]([ -~\xa1-\xff]*[!-~\xa1-\xff])?")
# Good for a while, so worth hiding where an error page echoes the request.
_SIGNATURE = re.compile(r'(signature=\\*")[A-Za-z0-9+/=\\]+', re.IGNORECASE)
# Shorter values would also be replaced inside ordinary words.
SHORTEST_HIDDEN_SECRET = 6


class Sender:
    """Sends requests with an account's credentials, signed when it has an access key.

    Raises InvalidBaseURL for an address that isn't https, unless it is http to this machine, and InvalidAccessKey.
    """

    def __init__(self, base_url: str, graphql_url: str | None, credentials: Credentials) -> None:
        self.base_url = checked_base_url(base_url)
        self._graphql_url = checked_base_url(graphql_url) if graphql_url else ""
        self._credentials = credentials
        self._signer = credentials.signer()

    def rest(
        self, transport: Transport, method: str, path: str, token: str, fields: Mapping[str, Any] | None = None
    ) -> Reply:
        """Send one request to the REST API. Raises CallError when no whole answer came, or it can't be sent."""
        headers = {"developerkey": self._credentials.developer_key, "token": token}
        return self._send(transport, method, self.base_url + path, headers, fields)

    def graphql(self, transport: Transport, token: str, query: str, variables: Mapping[str, Any]) -> Reply:
        """Send one query or mutation. Raises CallError as ``rest`` does.

        Source: remoteit-api reference, sections 1.5 and 1.6: a signed request needs no developer key here.
        """
        if not self._graphql_url:
            raise CallError("No address of the GraphQL API is set", left=False)
        headers = {} if self._signer else {"developerkey": self._credentials.developer_key, "token": token}
        return self._send(transport, "POST", self._graphql_url, headers, {"query": query, "variables": variables})

    def hide(self, text: str, token: str = "") -> str:
        """Take our secrets out of the API's words: an error page may echo the request that it failed on."""
        for secret in (*self._credentials.secrets, token):
            if len(secret) >= SHORTEST_HIDDEN_SECRET:
                # JSON may spell / as \/ (remoteit-api reference, section 0), and keys are base64.
                for spelled in {secret, secret.replace("/", "\\/")}:
                    text = _without_its_beginning(text.replace(spelled, "[hidden]"), spelled)
        return _SIGNATURE.sub(r"\1[hidden]", text)

    def _send(
        self, transport: Transport, method: str, url: str, credentials: dict[str, str], fields: Mapping[str, Any] | None
    ) -> Reply:
        headers = {name: value for name, value in credentials.items() if value}
        # The libraries would refuse these too, but their messages repeat the value.
        if not all(_HEADER_VALUE.fullmatch(value) for value in headers.values()):
            reason = "The developer key or the token has characters that an HTTP header can't carry"
            raise CallError(reason, left=False, cause=Cause.CREDENTIALS)
        return transport.send(method, url, _CONSTANT_HEADERS | headers, _body(fields), self._signer)


def _without_its_beginning(text: str, secret: str) -> str:
    """`text` without a beginning of `secret` at its end, where a long line was cut off."""
    if len(text) < FIRST_LINE_LENGTH:
        return text
    for length in range(min(len(secret), len(text)), SHORTEST_HIDDEN_SECRET - 1, -1):
        if text.endswith(secret[:length]):
            return text[:-length] + "[hidden]"
    return text


def _body(fields: Mapping[str, Any] | None) -> bytes | None:
    if fields is None:
        return None
    try:
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise CallError("The request holds characters that can't be sent", left=False) from error
