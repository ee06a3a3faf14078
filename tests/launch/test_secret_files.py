"""Secrets come from files, and stand in no log."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from remoteit_admin.invalid_setting import InvalidSetting
from remoteit_admin.no_secrets import NoSecrets
from remoteit_admin.secret_files import NAMES, taken

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_its_file(tmp_path: Path, end: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f" s3cret\t{end}".encode())
    assert taken({"SECRET_KEY_FILE": str(file)})["SECRET_KEY"] == " s3cret\t"


def test_both_are_refused_and_neither_is_told(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from-the-file")
    with pytest.raises(InvalidSetting, match="both set") as refused:
        taken({"SECRET_KEY": "from-the-environment", "SECRET_KEY_FILE": str(file)})
    assert "from-the" not in str(refused.value)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_holds_no_secret_is_refused_in_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidSetting, match="SECRET_KEY_FILE: "):
        taken({"SECRET_KEY_FILE": str(file)})


def test_an_empty_name_is_not_set() -> None:
    assert taken({"SECRET_KEY_FILE": "", "SECRET_KEY": "x"})["SECRET_KEY"] == "x"


def test_the_readme_tells_of_every_secret_that_may_stand_in_a_file() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in NAMES if f"`{name}_FILE`" not in readme] == []


def line(text: str, *args: object, error: bool = False) -> logging.LogRecord:
    return logging.LogRecord("x", logging.ERROR, "", 0, text, args, sys.exc_info() if error else None)


def test_a_secret_is_hidden_in_a_line_and_in_its_error() -> None:
    hides = NoSecrets(["swordfish-7", "", "short"])
    record = line("signing in with %s, short", "swordfish-7")
    assert hides.filter(record)
    assert record.getMessage() == "signing in with [hidden], short"
    try:
        raise ValueError("swordfish-7")
    except ValueError:
        record = line("failed", error=True)
    hides.filter(record)
    assert "swordfish" not in logging.Formatter().format(record)


def test_each_of_several_keys_is_hidden() -> None:
    assert NoSecrets(["first-key-1,second-key-2"]).hide("second-key-2") == "[hidden]"
