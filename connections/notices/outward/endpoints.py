"""Making, changing, rotating, turning off: what administrators do to webhooks, with a line of history each."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER, Origin
from connections.models import AuditHead, Delivery, Endpoint
from connections.models.credentials import CannotDecrypt
from connections.models.notices import DeliveryState
from connections.models.rights import may
from connections.models.scope import SEES, is_bounded
from connections.models.telling.webhooks import Form
from connections.notices.outward.guard import is_named
from connections.notices.outward.signatures import new_key

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

CHANNEL = "webhooks"
OVERLAP = timedelta(hours=24)
"""For how long a secret that was changed signs beside the new one."""
ROUTING_KEY = re.compile(r"[0-9A-Za-z]{32}")


class InvalidEndpoint(ValueError):
    """What was typed can't be used. `field`: where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def may_manage(user: User | AnonymousUser) -> bool:
    """Who manages accounts and reads everybody's history, all of it: an endpoint is told of all that happens."""
    return may(user, "manage_accounts") and may(user, "view_all_history") and not is_bounded(user, SEES)


def check(form: str, url: str, key: str) -> None:
    """Raise InvalidEndpoint for an address that nothing may be posted to, and for a routing key that is none."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if (
        not host
        or parts.scheme not in ("http", "https")
        or parts.fragment
        or not url.isascii()
        or not url.isprintable()
    ):
        raise InvalidEndpoint("url", _("It has to be https://HOST/PATH."))
    if parts.username or parts.password:
        raise InvalidEndpoint("url", _("A user name and a password have no place in it."))
    if parts.scheme == "http" and not _is_named(host):
        raise InvalidEndpoint("url", _("http:// is only for what WEBHOOK_ALLOW names. Use https://."))
    if form == Form.PAGERDUTY and not ROUTING_KEY.fullmatch(key):
        raise InvalidEndpoint("key", _("PagerDuty's routing key has 32 letters and digits."))


def make(user: User, origin: Origin, *, url: str, key: str = "", **fields: Any) -> Endpoint:
    """A new endpoint, told of what happens from now on. Raises InvalidEndpoint. Its secret is in `keys_of`."""
    check(fields["form"], url, key)
    key = new_key(fields["form"]) if Form(fields["form"]).is_signed else key
    head = AuditHead.objects.get().seq
    with transaction.atomic():
        secrets = {"url": url, "key": key, "old": ""}
        endpoint = Endpoint.objects.create(made_by=user, since_seq=head, secrets=secrets, **fields)
        append([_line("webhook.added", endpoint, user, origin)])
    return endpoint


def change(endpoint: Endpoint, user: User, origin: Origin, *, url: str, key: str = "", **fields: Any) -> None:
    """Another address, events or names; "" keeps the address and the key. Raises InvalidEndpoint."""
    secrets = opened(endpoint)
    own = secrets["key"] or (new_key(endpoint.form) if Form(endpoint.form).is_signed else "")
    secrets |= {"url": url or secrets["url"], "key": key or own}
    check(endpoint.form, secrets["url"], secrets["key"])
    with transaction.atomic():
        for name, value in {**fields, "secrets": secrets}.items():
            setattr(endpoint, name, value)
        endpoint.save(update_fields=("secrets", *fields))
        append([_line("webhook.changed", endpoint, user, origin, new_address=bool(url), new_key=bool(key))])


def rotate(endpoint: Endpoint, user: User, origin: Origin) -> None:
    """Another secret; the one before it signs beside it for a day."""
    with transaction.atomic():
        secrets = opened(endpoint)
        endpoint.secrets = {**secrets, "old": secrets["key"], "key": new_key(endpoint.form)}
        endpoint.old_until = timezone.now() + OVERLAP
        endpoint.save(update_fields=("secrets", "old_until"))
        append([_line("webhook.rotated", endpoint, user, origin)])


def turn_off(endpoint: Endpoint, user: User | None, why: str, origin: Origin = WORKER) -> bool:
    """Send it nothing more; what waits is given up, and can be replayed. Returns whether it was on."""
    now = timezone.now()
    with transaction.atomic():
        if not Endpoint.objects.filter(pk=endpoint.pk, off_at=None).update(
            off_at=now, off_why=why, gave_up=user is None
        ):
            return False
        waiting = Delivery.objects.waiting().filter(channel=CHANNEL, target=str(endpoint.pk))
        waiting.update(state=DeliveryState.GIVEN_UP, ended_at=now, said=_("the webhook was turned off"))
        append([_line("webhook.off", endpoint, user, origin, why=why)])
    return True


def turn_on(endpoint: Endpoint, user: User, origin: Origin) -> None:
    """Tell it again, of what happens from now on."""
    head = AuditHead.objects.get().seq
    with transaction.atomic():
        change = {"off_at": None, "off_why": "", "gave_up": False, "failing_since": None, "since_seq": head}
        if Endpoint.objects.filter(pk=endpoint.pk).exclude(off_at=None).update(**change):
            append([_line("webhook.on", endpoint, user, origin)])


def opened(endpoint: Endpoint) -> dict[str, str]:
    """Its address and keys; empty ones where no key in CREDENTIALS_KEY opens them any more."""
    try:
        return endpoint.opened()
    except CannotDecrypt:
        return {"url": "", "key": "", "old": ""}


def keys_of(endpoint: Endpoint) -> list[str]:
    """What signs now, the newest first; for PagerDuty its routing key. Raises CannotDecrypt."""
    secrets = endpoint.opened()
    is_old_good = endpoint.old_until is not None and endpoint.old_until > timezone.now()
    return [secrets["key"], *([secrets["old"]] if secrets["old"] and is_old_good else [])]


def test(endpoint: Endpoint) -> Delivery:
    """Have an event sent that is of no line, behind what waits."""
    data = {"words": _("This is a test."), "seq": 0, "hash": ""}
    payload = {"type": "test", "timestamp": timezone.now().isoformat(), "data": data}
    return Delivery.objects.create(channel=CHANNEL, target=str(endpoint.pk), seq=0, payload=payload)


def replay(delivery: Delivery) -> Delivery:
    """Send it again, signed anew and with the id it had: a receiver that took it can tell. The record stays."""
    payload = {**delivery.payload, "id": delivery.payload.get("id", str(delivery.key))}
    return Delivery.objects.create(channel=delivery.channel, target=delivery.target, seq=delivery.seq, payload=payload)


def _is_named(host: str) -> bool:
    try:
        return is_named(host, ipaddress.ip_address(host))
    except ValueError:
        return is_named(host)


def _line(action: str, endpoint: Endpoint, user: User | None, origin: Origin, **facts: Any) -> Entry:
    told = {"webhook": endpoint.name, "webhook_id": endpoint.pk, "form": endpoint.form, "events": endpoint.events}
    return Entry(action, origin, actor=user, facts={**told, "with_names": endpoint.with_names, **facts})
