"""Secrets that stand in files, as Docker, Kubernetes and systemd hand them over: `NAME_FILE` instead of `NAME`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from remoteit_admin.invalid_setting import InvalidSetting

NAMES = (
    *("SECRET_KEY", "CREDENTIALS_KEY", "AUDIT_SIGNING_KEY"),
    *("REMOTEIT_DEVELOPER_KEY", "REMOTEIT_PASSWORD", "REMOTEIT_TOKEN", "R3_SECRET_ACCESS_KEY"),
    *("OIDC_CLIENT_SECRET", "REMOTEIT_PROXY", "DATABASE_URL", "QUEUE_URL", "EMAIL_URL"),
)
"""What is a secret, or may hold one."""
LARGEST = 64 * 1024


def taken(values: Mapping[str, str]) -> dict[str, str]:
    """`values` with what the files hold that its `NAME_FILE`s name, without the line break at their end.

    Not put into the process's environment, which its children and crash reports get. Raises InvalidSetting where both
    are set, and where a file can't be read; what it holds is told in no message.
    """
    found = dict(values)
    for name in NAMES:
        if path := values.get(f"{name}_FILE", ""):
            if values.get(name):
                raise InvalidSetting(f"{name} and {name}_FILE are both set. Unset one: nobody could say which counts.")
            found[name] = _read(f"{name}_FILE", Path(path))
    return found


def _read(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise InvalidSetting(f"{name}: {path} can't be read: {why}.") from None
    if not text or len(content) > LARGEST:
        raise InvalidSetting(f"{name}: {path} has to hold the secret and nothing else; it is empty or too large.")
    return text
