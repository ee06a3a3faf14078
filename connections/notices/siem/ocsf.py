"""Lines as events of OCSF: the numbers are those of its schema 1.x, classes `uid`, activities `activity_id`.

Source: github.com/ocsf/ocsf-schema, `events/`. `class_uid` is category x 1000 + class, `type_uid` class_uid x 100 +
activity. Our chain (`seq`, `prev_hash`, `hash`) stands under `unmapped`: it is computed over our body, not over this.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from connections.notices.siem.line import Line, Status
from remoteit_admin import __version__

VERSION = "1.5.0"
OTHER = 99


class Kind(NamedTuple):
    class_uid: int
    activity_id: int


BASE = Kind(0, OTHER)
EVICT, ISOLATE, RESTORE = Kind(7004, 2), Kind(7004, 1), Kind(7004, 3)
LOGON, LOGOFF = Kind(3002, 1), Kind(3002, 2)
KINDS = {
    "stop.sent": EVICT,
    "stop.answered": EVICT,
    "hold.measure_sent": ISOLATE,
    "hold.measure_answered": ISOLATE,
    "hold.measure_seen": ISOLATE,
    "hold.restored": RESTORE,
    "connection.ended": Kind(4014, 2),
    "connection.listed_again": Kind(4014, 1),
    "hold.returned": Kind(4014, 1),
    "user.signed_in": LOGON,
    "user.sign_in_failed": LOGON,
    "user.old_password_wrong": LOGON,
    "user.signed_out": LOGOFF,
    "token.refused": LOGON,
    "user.added": Kind(3001, 1),
    "user.changed": Kind(3001, OTHER),
    "user.password_changed": Kind(3001, 3),
    "group.added": Kind(3006, OTHER),
    "group.changed": Kind(3006, OTHER),
    "group.deleted": Kind(3006, 5),
}
ENTITIES = (
    "account",
    "token",
    "run",
    "hold",
    "sending",
    "approval",
    "glass",
    "connections",
    "list",
    "backup",
    "history",
)
"""What is managed, by the first word of an action: class 3004, with the verb's activity."""
CREATES = ("added", "created", "imported", "requested", "made", "asked")
DELETES = ("deleted", "revoked", "credentials_removed", "cancelled")
READS = ("exported", "evidence_exported", "read")
STATUS = {Status.SUCCESS: 1, Status.FAILURE: 2, Status.UNKNOWN: 0, Status.GONE: OTHER, Status.ERROR: OTHER}
STATUS_OF_REMEDIATION = {**STATUS, Status.GONE: 3, Status.ERROR: 6}
SEVERITIES = {1: "Informational", 2: "Low", 3: "Medium", 4: "High"}


def kind_of(action: str) -> Kind:
    """The class and the activity of a line of this action; `BASE` for one that OCSF has no class for."""
    if action in KINDS:
        return KINDS[action]
    noun, _dot, verb = action.partition(".")
    if noun not in ENTITIES:
        return BASE
    if verb in CREATES:
        return Kind(3004, 1)
    if verb in DELETES:
        return Kind(3004, 4)
    return Kind(3004, 2 if verb in READS else 3)


def event(line: Line) -> dict[str, Any]:
    """`line` as one event."""
    kind = kind_of(line.action)
    is_remediation = kind.class_uid == 7004
    found: dict[str, Any] = {
        "class_uid": kind.class_uid,
        "category_uid": kind.class_uid // 1000,
        "activity_id": kind.activity_id,
        "type_uid": kind.class_uid * 100 + kind.activity_id,
        "time": round(line.at.timestamp() * 1000),
        "severity_id": line.severity,
        "severity": SEVERITIES[line.severity],
        "status_id": (STATUS_OF_REMEDIATION if is_remediation else STATUS).get(line.status, OTHER),
        "status": line.status,
        "message": line.sentence,
        "metadata": {
            "version": VERSION,
            "uid": str(line.fields["seq"]),
            "sequence": line.fields["seq"],
            "event_code": line.action,
            "product": {"name": "remoteit-admin", "vendor_name": "remoteit-admin", "version": __version__},
            **({"correlation_uid": line.text("request_id")} if line.text("request_id") else {}),
        },
        "actor": {"user": {"name": line.actor}} if line.actor else {"app_name": "remoteit-admin"},
        "unmapped": line.fields,
    }
    if line.text("client_ip"):
        found["src_endpoint"] = {"ip": line.text("client_ip")}
    if line.text("reason"):
        found["comment"] = line.text("reason")
    if line.text("upstream_reason"):
        found["status_detail"] = line.text("upstream_reason")
    if line.text("device_address"):
        found["dst_endpoint"] = {"uid": line.text("device_address"), "type": "remote.it service"}
    return {**found, **_required(line, kind)}


def _required(line: Line, kind: Kind) -> dict[str, Any]:
    """What the class of `kind` asks for beside what all have."""
    connection = {"uid": line.text("connection_id"), "direction_id": 0}
    if kind.class_uid == 7004:
        return {"command_uid": _command(line), "connection_info": connection}
    if kind.class_uid == 4014:
        return {"connection_info": connection, "session": {"uid": line.text("connection_id")}}
    if kind.class_uid in (3001, 3002):
        name = line.text("user") or line.text("name") or line.actor
        return {"user": {"name": name}}
    if kind.class_uid == 3006:
        return {"group": {"name": line.text("group")}}
    if kind.class_uid == 3004:
        return {"entity": _entity(line)}
    return {}


def _command(line: Line) -> str:
    names = ("item_id", "hold_id", "run_id", "seq")
    return next(f"{name}:{line.text(name)}" for name in names if line.text(name))


def _entity(line: Line) -> dict[str, str]:
    noun = line.action.partition(".")[0]
    uid = line.text(f"{noun}_id") or line.text(noun) or line.text("account")
    return {"type": noun, "name": line.text(noun) or uid or noun, **({"uid": uid} if uid else {})}
