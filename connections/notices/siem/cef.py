"""Lines in the Common Event Format: one line of text each."""

from __future__ import annotations

from connections.notices.siem.line import Line
from remoteit_admin import __version__

SEVERITIES = {1: 1, 2: 3, 3: 6, 4: 9}
"""From ours to those of CEF, 0 to 10."""
STRINGS = (
    ("Connection", "connection_id"),
    ("Run", "run_id"),
    ("Ticket", "ticket"),
    ("Verdict", "verdict"),
    ("Account", "account"),
    ("LineHash", "hash"),
)
"""The six strings that a line may have of its own: their labels, and the facts that stand in them."""


def text(line: Line) -> str:
    """`line` without its end."""
    head = ("CEF:0", "remoteit-admin", "remoteit-admin", __version__, line.action, line.sentence)
    said = {
        "rt": str(round(line.at.timestamp() * 1000)),
        "externalId": line.text("seq"),
        "act": line.action,
        "outcome": line.text("outcome") or line.status,
        "suser": line.actor,
        "src": line.text("client_ip") if line.text("client_ip")[:1].isdigit() or ":" in line.text("client_ip") else "",
        "dhost": line.text("device_address"),
        "duser": line.text("user"),
        "reason": line.text("upstream_reason"),
        "msg": line.text("reason"),
    }
    for number, (label, name) in enumerate(STRINGS, 1):
        if line.text(name):
            said |= {f"cs{number}": line.text(name), f"cs{number}Label": label}
    extension = " ".join(f"{name}={_value(value)}" for name, value in said.items() if value)
    return f"{'|'.join([head[0], *map(_head, head[1:]), str(SEVERITIES[line.severity])])}|{extension}"


def _head(value: str) -> str:
    return " ".join(value.split()).replace("\\", "\\\\").replace("|", "\\|")


def _value(value: str) -> str:
    return value.replace("\\", "\\\\").replace("=", "\\=")
