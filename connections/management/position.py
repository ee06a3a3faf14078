"""How far somebody has the history: a file with the number of one line."""

from __future__ import annotations

import os
from pathlib import Path


def read_position(path: Path) -> int:
    """The number in `path`, 0 where there is no file. Raises ValueError for one with something else, and OSError."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return 0
    if not text.isdigit():
        raise ValueError(f"{path} holds no number of a line.")
    return int(text)


def write_position(path: Path, seq: int) -> None:
    """Put `seq` into `path`, whole or not at all, also when the power fails. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="ascii") as file:
        file.write(f"{seq}\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
