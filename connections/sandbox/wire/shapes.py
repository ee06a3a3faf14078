"""Bodies with every documented field (remoteit-api reference, sections 1.2, 2.1 and 2.3)."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from connections.sandbox.wire.accounts import AUTHHASH, DEVELOPER_KEY, USERNAME
from connections.sandbox.world.ids import initiator_uid
from connections.sandbox.world.world import Connection, Device, Service, World

#: Leftovers in the 2020 capture of a connect answer.
STREAM = {"imageintervalms": "1000", "streamscheme": [None], "streamuri": [None], "url": [None]}
FEATURES = b"ads=0,share=200,concurrent=100,p2pduration=28800,p2pdaily=10000,guest=0"


def constant_guid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.sandbox.invalid")).upper()


def login(token: str, token_ends: float) -> dict[str, Any]:
    """The login answer without `status`; `token_ends` in Unix seconds."""
    return {
        "token": token,
        "token_index": constant_guid("token-index"),
        "email": USERNAME,
        "guid": constant_guid("user"),
        "service_token": (AUTHHASH * 4)[:128],
        "service_level": "BASIC",
        "storage_plan": "FREE",
        "secondary_auth": base64.b64encode(b"none").decode(),
        "auth_token": token,
        "auth_expiration": int(token_ends),
        "service_authhash": AUTHHASH,
        "commerical_setting": "FREE",
        "apikey": DEVELOPER_KEY,
        "developer_key": DEVELOPER_KEY,
        "language": "en",
        "developer_plan": base64.b64encode(b"FREE").decode(),
        "portal_plan": "FREE",
        "portal_plan_expires": "2038-01-01 00:00:00",
        "service_features": base64.b64encode(FEATURES).decode(),
        "announcements": [],
        "member_since": "2019-03-14 09:26:53",
        "index": "true",
        "pubsub_channel": constant_guid("channel"),
        "aws_identity": "us-east-1:00000000-0000-4000-8000-000000000000",
    }


def device_row(service: Service, connected: bool) -> dict[str, Any]:
    """A row of /device/list/all: one service; the device itself is its `Bulk Service`."""
    device = service.device
    number = int(device.address.replace(":", "")[10:], 16) // 8  # the services of a device have its place and times
    last_octets = f"{number >> 8 & 255}.{number & 255}"
    return {
        "deviceaddress": service.address,
        "devicealias": device.name if service.kind == "bulk" else f"{device.name} - {service.name}",
        "ownerusername": device.owner,
        "devicetype": f"{service.type_id}:00:00:00:04:00:06:04:60:{service.port >> 8:02X}:{service.port & 255:02X}"
        ":00:01:00:00",
        "devicestate": "connected" if connected else device.state,
        "devicelastip": f"203.0.113.{number % 254 + 1}",
        "lastinternalip": f"192.168.{last_octets}",
        # What kind of service it is, not its own name: clients choose by it and make URLs of it.
        "servicetitle": "Bulk Service" if service.kind == "bulk" else service.kind.upper(),
        "webenabled": "1",
        "weburi": [None],
        "localurl": base64.b64encode(f"192.168.{last_octets}:{service.port}".encode()).decode(),
        "georegion": "Europe" if number % 3 else "NorthAmerica",
        "webviewerurl": [None],
        "lastcontacted": f"2026-01-{number % 28 + 1:02d}T0{number % 10}:15:00-05:00",
        "createdate": f"2024-{number % 12 + 1:02d}-17T10:00:00-05:00",
        "shared": "shared-from" if device.shared else "not-shared",
        "scripting": number % 4 == 0,
    }


def device_rows(world: World) -> list[dict[str, Any]]:
    used = {one.service.address for one in world.live()}
    return [device_row(one, one.address in used) for one in world.services.values() if one.device.visible]


def metadata(device: Device) -> dict[str, str]:
    """A service's entry of /device/metadata/list/me.

    The vendor's npm package remote.it puts the services with one `hardwareid` together as a device.
    """
    digest = hashlib.sha256(device.address.encode()).hexdigest()
    mac = ":".join(digest[at : at + 2] for at in range(0, 12, 2))
    return {"hardwareid": f"{mac}-{digest[12:32]}"}


def connection(one: Connection, host_ip: str, caller_ip: str, now: float) -> dict[str, Any]:
    """The `connection` object of a connect answer, with its numbers as strings where the vendor has strings."""
    left = max(0, round(one.expires_at - now))
    opened = datetime.fromtimestamp(one.opened_at, UTC)
    return {
        "deviceaddress": one.service.address,
        "status": "running",
        "requested": eastern(opened),
        "requestedAt": opened.isoformat(timespec="seconds"),
        **proxy(one),
        "expirationsec": str(left),
        "proxyExpirationSec": left,
        "connectionid": one.id,
        "sessionID": one.session_id,
        "initiator": one.opened_by,
        "initiatorUID": initiator_uid(one.opened_by),
        "targetUID": one.service.address,
        "clientID": "sandbox",
        "filteredIP": {"255.255.255.255": "latching", "0.0.0.0": "none"}.get(host_ip, host_ip),  # noqa: S104 - a value of theirs
        "latchedIP": "0.0.0.0",  # noqa: S104
        "p2pConnected": True,
        "serviceConnected": True,
        "peerReqEP": f"{caller_ip}:0",
        "peerEP": "203.0.113.7:5960",
        "lifeLeft": 86400,
        "idleLeft": 900,
        **STREAM,
    }


def proxy(one: Connection) -> dict[str, Any]:
    """Where the proxy would be. Web services get a reverse proxy without a port; no such proxy runs in the sandbox."""
    random = Random(one.id)  # noqa: S311 - the same id, the same made-up host
    number = random.randint(10, 80)
    if one.service.kind == "http":
        host = f"{''.join(random.choices('abcdefghijklmnopqrstuvwxyz', k=9))}.p{number}.rt3.io"
        port, url, address = 443, f"https://{host}", host
    else:
        host, port = f"proxy{number}.rt3.io", random.randint(30000, 39999)
        url, address = f"http://{host}:{port}", f"{host}:{port}"
    return {
        "proxy": url,
        "proxyserver": host,
        "proxyport": str(port),
        "proxyServerPort": port,
        "proxyURL": address,
        "reverseProxy": one.service.kind == "http",
    }


def eastern(moment: datetime) -> str:
    """Like `1/15/2021T6:20 PM`, five hours behind UTC all year: the vendor's has no zone and is not to be relied on."""
    local = moment - timedelta(hours=5)
    return f"{local.month}/{local.day}/{local.year}T{local.hour % 12 or 12}:{local.minute:02d} {local:%p}"
