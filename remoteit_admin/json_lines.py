"""LOG_FORMAT=json: each record of the log as one line of JSON, for a collector."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from remoteit_admin.quiet import Line

REQUEST_ID = "panel.request_id"


class JsonLine(Line):
    """`at`, `level`, `logger`, `message`; where there are such, `request_id`, `error` and the record's own `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        # The error of a queue that is away is one line without a traceback here, too.
        record = self.plain(record)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, Any] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if request_id := _request_id(record):
            told["request_id"] = request_id
        if record.exc_text or record.exc_info:
            told["error"] = record.exc_text or self.formatException(record.exc_info)  # type: ignore[arg-type]
        return json.dumps(told, ensure_ascii=False, default=str)


def _request_id(record: logging.LogRecord) -> str:
    """That of the request with which Django logs, "" for a record that is of none."""
    meta = getattr(getattr(record, "request", None), "META", {})
    return str(meta.get(REQUEST_ID, "")) if isinstance(meta, dict) else ""
