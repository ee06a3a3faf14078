"""The formats in which the history goes out line by line: what each writes of one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from connections.audit import export_csv
from connections.audit.append import canonical
from connections.notices.siem import cef, ecs, ocsf
from connections.notices.siem.line import Line


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


FORMATS: dict[str, Callable[[dict[str, Any]], str]] = {
    "jsonl": lambda fields: f"{canonical(fields)}\n",
    "csv": export_csv.as_row,
    "ocsf": lambda fields: f"{_json(ocsf.event(Line(fields)))}\n",
    "ecs": lambda fields: f"{_json(ecs.document(Line(fields)))}\n",
    "cef": lambda fields: f"{cef.text(Line(fields))}\n",
}
"""By name: what is written of the fields of `audit.export.as_objects`, with its line end."""
