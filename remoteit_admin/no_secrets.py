"""No secret of the panel's own in a log: whatever a library writes there, what stands in the settings is taken out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "[hidden]"
SHORTEST = 8
"""Characters: what is shorter would be found in ordinary words."""


class NoSecrets(logging.Filter):
    """Writes `[hidden]` in the place of each of the `secrets`, in a line and in what it tells of an error."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        parts = (part for secret in secrets for part in (secret, *secret.split(",")))
        self._secrets = sorted({part for part in parts if len(part) >= SHORTEST}, key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if (hidden := self.hide(text)) != text:
            record.msg, record.args = hidden, ()
        if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
            told = _PLAIN.formatException(record.exc_info)
            if (hidden := self.hide(told)) != told:
                record.exc_text = hidden
        return True

    def hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


_PLAIN: Any = logging.Formatter()
