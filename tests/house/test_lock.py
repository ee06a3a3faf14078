"""What is installed with hashes is what requirements.txt asks for, and each of its files is named."""

from __future__ import annotations

import re

from tests.house.test_arrows import ROOT

PACKAGE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[\w+\])?==(\S+)", re.M)
LOCKED = re.compile(r"^([a-z0-9-]+)==(\S+)[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def test_every_requirement_is_locked_in_the_same_version_with_hashes() -> None:
    """If not: CONTRIBUTING.md says how it is made anew."""
    asked = {_name(name): version for name, version in PACKAGE.findall((ROOT / "requirements.txt").read_text())}
    text = (ROOT / "requirements.lock").read_text()
    locked = {name: version for name, version, _hashes in LOCKED.findall(text)}
    assert len(asked) > 10
    assert asked.items() <= locked.items()
    assert len(locked) == len(PACKAGE.findall(text))


def test_the_image_takes_what_is_locked_and_nothing_else() -> None:
    assert "--require-hashes -r requirements.lock" in (ROOT / "deploy/Containerfile").read_text()
