"""`.env` of a first run: the example's text and fresh keys."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def complete(path: Path, example: Path, known: Mapping[str, str]) -> None:
    """Write to `path` what a start can't do without, and nothing when it is all there.

    A missing file starts as a copy of `example`. Keys that are neither in the file nor set outside it, so not in
    `known`, are made and added. Other people of the machine can't read the file.
    """
    text = (path if path.exists() else example).read_bytes().decode()
    keys = {name: make() for name, make in MAKERS.items() if not known.get(name)}
    if path.exists() and not keys:
        return
    if not text.endswith("\n"):
        text += "\n"
    text += "".join(f"{name}={value}\n" for name, value in keys.items())
    replace_private(path, text)


def replace_private(path: Path, text: str) -> None:
    """Put `text` at `path`, mode 0600, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
    ) as file:
        file.write(text)
    fresh.replace(path)


def fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


MAKERS = {"SECRET_KEY": lambda: secrets.token_urlsafe(48), "CREDENTIALS_KEY": fernet_key}
