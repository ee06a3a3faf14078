"""Reading settings from the environment: each reader returns what is written there, or refuses it in a sentence.

Set but empty means *not set* for texts and lists, since compose files do that; numbers, switches and URLs refuse it.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import environ

from connections.remoteit.wire.base_url import InvalidBaseURL, InvalidProxyURL, checked_base_url, checked_proxy_url
from remoteit_admin import bind, server_urls
from remoteit_admin.folders import can_be_written
from remoteit_admin.hosts import allowed_host, origin, own_network
from remoteit_admin.invalid_setting import InvalidSetting

SWITCH = {
    **dict.fromkeys(("on", "true", "yes", "y", "ok", "1"), True),
    **dict.fromkeys(("off", "false", "no", "n", "0"), False),
}
WHOLE = re.compile(r"[0-9]{1,15}")
NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
URL_SAFE = str.maketrans("-_", "+/")
SECRET_LENGTH = 32
SECRET_VARIETY = 8


class Environment(environ.Env):  # type: ignore[misc]
    """django-environ without its guesses: `$` is a letter like any other, and no number is made out of other text."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        """`values` instead of the process's environment."""
        super().__init__()
        if values is not None:
            self.ENVIRON = values

    def get_value(self, var: str, cast: Any = None, default: Any = "", parse_default: bool = False) -> Any:
        """As `text`. django-environ's own casts guess, so whoever asks for one gets a TypeError."""
        if cast not in (None, str):
            raise TypeError(f"{var} is read with one of Environment's own readers.")
        return self.text(var, default)

    def text(self, name: str, default: str = "") -> str:
        """A name, a password, a token: as it is written. It is told in no message."""
        text: str = self.ENVIRON.get(name, "")
        if CONTROL.search(text):
            raise InvalidSetting(
                f"{name} has to be one line of text, without line breaks and other control characters."
            )
        if not text.isprintable() and any("\ud800" <= char <= "\udfff" for char in text):
            raise InvalidSetting(f"{name} has to be text in UTF-8.")
        return text or default

    def secret_key(self, name: str) -> str:
        """What signs sessions: long and varied enough that nobody guesses it."""
        text = self.text(name)
        if not text:
            raise InvalidSetting(f"{name} is not set. `make run` writes one into .env; elsewhere set it yourself.")
        if len(text) < SECRET_LENGTH or len(set(text)) < SECRET_VARIETY:
            raise InvalidSetting(
                f"{name} can be guessed: it has to be {SECRET_LENGTH} characters or more, of which {SECRET_VARIETY} "
                "differ. `openssl rand -base64 48` makes one."
            )
        return text

    def switch(self, name: str, default: bool) -> bool:
        """On or off."""
        text = self.ENVIRON.get(name)
        if text is None:
            return default
        if text.lower() not in SWITCH:
            refuse(name, "on or off", text)
        return SWITCH[text.lower()]

    def whole(self, name: str, default: int, minimum: int, maximum: int) -> int:
        """A whole number in digits, from `minimum` to `maximum`."""
        text = self.ENVIRON.get(name)
        if text is None:
            return default
        if not WHOLE.fullmatch(text) or not minimum <= int(text) <= maximum:
            refuse(name, f"a whole number from {minimum} to {maximum}", text)
        return int(text)

    def number(self, name: str, default: float, minimum: float, maximum: float, zero: str = "") -> float:
        """A number in digits, with or without a point, from `minimum` to `maximum`; 0 too where it means `zero`."""
        text = self.ENVIRON.get(name)
        if text is None:
            return default
        if NUMBER.fullmatch(text) and (minimum <= float(text) <= maximum or (zero and float(text) == 0)):
            return float(text)
        also = f"0 ({zero}) or " if zero else ""
        refuse(name, f"{also}a number from {minimum} to {maximum}", text)

    def names(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """A list by commas; blanks around the commas are none of its words'."""
        return [word for part in self.text(name).split(",") if (word := part.strip())] or list(default)

    def hosts(self, name: str, default: Sequence[str]) -> list[str]:
        """The host names that the panel answers to. All of them (`*`) would let a stranger's link name any other."""
        expected = "host names or addresses by commas (.example.com with all below it, IPv6 in [brackets])"
        return _each(name, self.names(name, default), allowed_host, expected)

    def origins(self, name: str) -> list[str]:
        """Origins of forms: scheme, host and port, as browsers write them."""
        return _each(name, self.names(name), origin, "origins by commas, such as https://panel.example")

    def networks(self, name: str, words: Collection[str] = ()) -> list[str]:
        """Addresses and networks, and the `words` that may stand beside them."""
        also = "".join(f" or {word}" for word in words)
        expected = f"addresses or networks by commas, such as 10.0.0.0/8 (none wider){also}"
        return _each(name, self.names(name), lambda text: text if text in words else own_network(text), expected)

    def group_map(self, name: str) -> dict[str, frozenset[str]]:
        """Groups of a directory and the roles they give: GROUP=ROLE by semicolons, as names of groups have commas."""
        found: dict[str, frozenset[str]] = {}
        for part in filter(None, (word.strip() for word in self.text(name).split(";"))):
            group, sign, role = (word.strip() for word in part.rpartition("="))
            if not (group and sign and role):
                refuse(name, "GROUP=ROLE by semicolons, such as ops-team=Operators; sec=Auditors", part)
            found[group] = found.get(group, frozenset()) | {role}
        return found

    def cookie_prefix(self, name: str) -> str:
        """What the names of cookies begin with: two panels on one host need two."""
        text = self.text(name)
        if not re.fullmatch("[A-Za-z0-9_.-]{0,40}", text):
            refuse(name, "letters, digits, _, . and -", text)
        return text

    def path(self, name: str) -> str:
        """The path under which a proxy shows the panel: /panel. "" for the root."""
        text = self.text(name).rstrip("/")
        if not re.fullmatch("(/[A-Za-z0-9_.~-]+)*", text) or {".", ".."} & {*text.split("/")}:
            refuse(name, "a path that begins with /, such as /panel, without . and .. as its parts", text)
        return text

    def url(self, name: str, default: str) -> str:
        """Where an API is: https, or http on this machine; without user name, query and fragment."""
        text: str = self.ENVIRON.get(name, default)
        try:
            checked_base_url(text)
        except InvalidBaseURL as error:
            raise InvalidSetting(
                f"{name} has to be https://HOST/PATH, or http:// for this machine alone, without user name and query"
                f"{_not(text) if re.fullmatch('[a-z0-9:/._-]*', text, re.IGNORECASE) else ''}. {error}."
            ) from None
        return text

    def proxy_url(self, name: str) -> str:
        """An egress proxy, perhaps with a user name and a password, so that no message repeats it; "" when not set."""
        if name not in self.ENVIRON:
            return ""
        try:
            return checked_proxy_url(self.ENVIRON[name])
        except InvalidProxyURL as error:
            raise InvalidSetting(f"{name} has to be http://HOST:PORT or https://HOST:PORT. {error}.") from None

    def folder(self, name: str, default: Path) -> Path:
        """A folder that is there and can be written, by its absolute path."""
        text = self.text(name)
        if text and not (os.path.isabs(text) and can_be_written(Path(text))):
            refuse(name, "the absolute path of a folder that is there and can be written", text)
        return Path(text) if text else default

    def folder_to_read(self, name: str, default: Path) -> Path:
        """A folder that is there, by its absolute path; it may be one that can't be written."""
        text = self.text(name)
        if text and not (os.path.isabs(text) and os.path.isdir(text)):
            refuse(name, "the absolute path of a folder that is there", text)
        return Path(text) if text else default

    def address(self, name: str, port: int) -> str:
        """Where a server listens: see `bind.address`; this machine alone when it is not set."""
        return bind.address(name, self.text(name, "127.0.0.1"), port)

    def database_url(self, name: str, default: str, folder: Path) -> dict[str, Any]:
        """Django's description of a database: see `server_urls.database`. `folder` is where a relative file lies."""
        return server_urls.database(name, self.ENVIRON.get(name, default), folder)

    def queue_url(self, name: str, default: str, folder: Path) -> dict[str, Any]:
        """Huey's description of a queue: see `server_urls.queue`. `folder` is where a relative file lies."""
        return server_urls.queue(name, self.ENVIRON.get(name, default), folder)

    def fernet_keys(self, name: str) -> str:
        """Fernet keys by commas."""
        return self._keys(name, _is_fernet_key, "Fernet keys by commas, newest first, each 32 bytes in url-safe base64")

    def signing_keys(self, name: str) -> str:
        """Ed25519 keys by commas, older ones as `public:` and the public key."""
        expected = "an Ed25519 key, 32 bytes in base64; older ones follow by commas as public: and the public key"
        return self._keys(name, _is_signing_key, expected)

    def _keys(self, name: str, is_key: Callable[[str], bool], expected: str) -> str:
        keys = self.names(name)
        for place, key in enumerate(keys, 1):
            if not is_key(key):
                raise InvalidSetting(f"{name} has to be {expected}; number {place} of {len(keys)} is none.")
        return ",".join(keys)


def refuse(name: str, expected: str, value: str) -> NoReturn:
    """Raise InvalidSetting for the setting `name`, whose `value` is no secret."""
    raise InvalidSetting(f"{name} has to be {expected}{_not(value)}.")


def _not(value: str) -> str:
    shown = ascii(value if len(value) <= 80 else f"{value[:79]}…")
    return f", not {shown if value else 'empty'}"


def _each(name: str, words: Sequence[str], read: Callable[[str], str], expected: str) -> list[str]:
    """What `read` makes of each; it raises ValueError for what is not `expected`."""
    found = []
    for word in words:
        try:
            found.append(read(word))
        except ValueError:
            refuse(name, expected, word)
    return found


def _is_fernet_key(text: str) -> bool:
    return _is_32_bytes(text.translate(URL_SAFE))


def _is_signing_key(text: str) -> bool:
    return _is_32_bytes(text.removeprefix("public:"))


def _is_32_bytes(text: str) -> bool:
    """Whether `text` is 32 bytes in base64 and nothing more: Fernet itself overlooks what stands behind them."""
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except ValueError:
        return False
