"""The channel to machines: each endpoint gets its events in the history's order, signed, until it takes them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from connections.models import Delivery, Endpoint
from connections.models.credentials import CannotDecrypt
from connections.models.telling.webhooks import Form
from connections.notices.channels import Channel, Sent, register
from connections.notices.outward.bodies import body_of
from connections.notices.outward.endpoints import keys_of, turn_off
from connections.notices.outward.events import ALARMS, TYPES, event_of
from connections.notices.outward.guard import GUARDED, Forbidden
from connections.notices.outward.signatures import sign
from connections.remoteit.wire.replies import body_text
from connections.remoteit.wire.transport import Body, CallError, Transport

if TYPE_CHECKING:
    import requests

    from connections.models import AuditEvent
    from connections.remoteit.wire.replies import Reply

CONNECT_S, READ_S = 5.0, 10.0
"""A whole call ends after their sum."""
KEPT = 1024
"""So many bytes of an answer are kept, for administrators."""
TRIED_FOR = timedelta(days=3)
GONE = 410


class Webhooks:
    """See `channels.Channel`. A target is the key of an endpoint."""

    name = "webhooks"
    actions = frozenset(TYPES)
    give_up_after = TRIED_FOR

    def deliveries(self, lines: Sequence[AuditEvent]) -> Iterator[Delivery]:
        endpoints = list(Endpoint.objects.filter(off_at=None))
        for line in lines:
            for endpoint in endpoints:
                if line.seq > endpoint.since_seq and wants(endpoint, line):
                    yield delivery_of(endpoint, line)

    def send(self, delivery: Delivery) -> Sent:
        endpoint = Endpoint.objects.filter(pk=delivery.target).first()
        if endpoint is None or endpoint.off_at is not None:
            return Sent(False, _("the webhook is off"), again=False)
        sent = post(endpoint, delivery)
        _note(endpoint, sent)
        return sent


CHANNEL: Channel = register(Webhooks())


def wants(endpoint: Endpoint, line: AuditEvent) -> bool:
    """Whether `endpoint` is told of `line`. A pager is told of alarms and of their ends alone."""
    if endpoint.form == Form.PAGERDUTY and line.action not in ALARMS:
        return False
    return TYPES[line.action] in endpoint.events


def delivery_of(endpoint: Endpoint, line: AuditEvent) -> Delivery:
    payload = event_of(line, with_names=endpoint.with_names)
    return Delivery(channel=Webhooks.name, target=str(endpoint.pk), seq=line.seq, payload=payload)


def post(endpoint: Endpoint, delivery: Delivery) -> Sent:
    """Post it once. What came back is kept to its first kilobyte; a redirect is a refusal, and is not followed."""
    try:
        url = endpoint.opened()["url"]
        body, headers = request_of(endpoint, delivery, int(time.time()))
    except CannotDecrypt as error:
        return Sent(False, str(error))
    transport = Transport(1, CONNECT_S, READ_S, read_body=_first_kilobyte, pools=GUARDED)
    try:
        return _sent(transport.send("POST", url, headers, body))
    except CallError as error:
        return Sent(False, _why_forbidden(error) or error.reason, error.status)
    finally:
        transport.close()


def request_of(endpoint: Endpoint, delivery: Delivery, now: int) -> tuple[bytes, dict[str, str]]:
    """Body and headers of `delivery`, sent at `now`, seconds since 1970. A replay has the id of what it repeats."""
    event = {name: value for name, value in delivery.payload.items() if name != "id"}
    keys = keys_of(endpoint)
    body = json.dumps(body_of(endpoint.form, event, keys[0]), ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "remoteit-admin", "Accept-Encoding": "identity"}
    if Form(endpoint.form).is_signed:
        message_id = delivery.payload.get("id", str(delivery.key))
        signature = sign(keys, message_id, now, body)
        headers |= {"webhook-id": message_id, "webhook-timestamp": str(now), "webhook-signature": signature}
    return body, headers


def _why_forbidden(error: CallError) -> str:
    """What the guard says, where it was the guard that opened no socket."""
    link: BaseException | None = error
    while link is not None:
        inner = next((one for one in (getattr(link, "reason", None), *link.args) if isinstance(one, Exception)), None)
        link = link.__cause__ or inner
        if isinstance(link, Forbidden):
            return _("Nothing was sent: the address is not public, and WEBHOOK_ALLOW does not name it.")
    return ""


def _sent(reply: Reply) -> Sent:
    said = body_text(reply)
    if 200 <= reply.status < 300:
        return Sent(True, said, reply.status)
    after = reply.retry_after or ""
    retry_in = float(min(int(after), 24 * 3600)) if after.isascii() and after.isdigit() and len(after) < 9 else None
    return Sent(False, said, reply.status, again=reply.status != GONE, retry_in=retry_in)


def _note(endpoint: Endpoint, sent: Sent) -> None:
    """Keep since when it fails, and turn it off where that has lasted long enough, or where it says that it is gone."""
    if sent.ok:
        Endpoint.objects.filter(pk=endpoint.pk).exclude(failing_since=None).update(failing_since=None)
        return
    now = timezone.now()
    Endpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=now)
    if sent.status == GONE:
        turn_off(endpoint, None, _("it answered 410: gone"))
    elif endpoint.failing_since is not None and now - endpoint.failing_since > TRIED_FOR:
        turn_off(endpoint, None, _("it took nothing for three days"))


def _first_kilobyte(response: requests.Response) -> Body:
    found: Any = next(response.iter_content(KEPT), b"")
    return Body(bytes(found[:KEPT]), complete=False)
