"""Lines as documents of the Elastic Common Schema. Source: github.com/elastic/ecs, `schemas/event.yml`."""

from __future__ import annotations

from typing import Any

from connections.notices.siem.line import Line, Status
from remoteit_admin import __version__

VERSION = "8.17.0"
SIGN_INS = ("user.signed_in", "user.sign_in_failed", "user.signed_out", "user.old_password_wrong", "token.refused")
CATEGORIES = {
    "stop": (["network", "session"], ["end"]),
    "connection": (["network", "session"], ["info"]),
    "connections": (["network"], ["info"]),
    "hold": (["network", "session"], ["info"]),
    "user": (["iam"], ["user", "change"]),
    "group": (["iam"], ["group", "change"]),
    "token": (["iam"], ["change"]),
    "account": (["configuration"], ["change"]),
}
OUTCOMES = {
    Status.SUCCESS: "success",
    Status.GONE: "success",
    Status.FAILURE: "failure",
    Status.ERROR: "failure",
    Status.UNKNOWN: "unknown",
    Status.PENDING: "unknown",
}


def document(line: Line) -> dict[str, Any]:
    """`line` as one document; all that it says stands under `remoteit_admin`."""
    category, kinds = CATEGORIES.get(line.action.partition(".")[0], (["process"], ["info"]))
    if line.action in SIGN_INS:
        category, kinds = ["authentication"], ["end" if line.action == "user.signed_out" else "start"]
    if line.status is Status.FAILURE:
        kinds = [*kinds, "denied"]
    found: dict[str, Any] = {
        "@timestamp": line.fields["at"],
        "ecs": {"version": VERSION},
        "message": line.sentence,
        "event": {
            "kind": "event",
            "category": category,
            "type": kinds,
            "action": line.action,
            "outcome": OUTCOMES[line.status],
            "sequence": line.fields["seq"],
            "hash": line.fields["hash"],
            "severity": line.severity,
            "module": "remoteit_admin",
            "dataset": "remoteit_admin.history",
            "provider": line.text("origin"),
            **({"reason": line.text("reason")} if line.text("reason") else {}),
        },
        "observer": {"vendor": "remoteit-admin", "product": "remoteit-admin", "version": __version__},
        "remoteit_admin": line.fields,
    }
    if line.actor:
        found["user"] = {"name": line.actor}
    if line.text("client_ip"):
        found["source"] = {"address": line.text("client_ip")}
        if ":" in line.text("client_ip") or line.text("client_ip").count(".") == 3:
            found["source"]["ip"] = line.text("client_ip")
    if line.text("user_agent"):
        found["user_agent"] = {"original": line.text("user_agent")}
    if line.text("device_address"):
        found["destination"] = {"address": line.text("device_address")}
    if line.text("request_id"):
        found["http"] = {"request": {"id": line.text("request_id")}}
    return found
