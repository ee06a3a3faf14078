"""`.env`: a line is what is written in it, or an error that names its number and not its content."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from remoteit_admin import env_file
from remoteit_admin.invalid_setting import InvalidSetting

README = Path(__file__).resolve().parents[2] / "README.md"
SECRET = "geheim-123"


@pytest.fixture
def env(tmp_path):
    return tmp_path / ".env"


def read(env, content):
    env.write_bytes(content if isinstance(content, bytes) else content.encode())
    return env_file.read(env)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=value", "value"),
        ("NAME = value", "value"),
        ("  NAME\t=\tvalue  ", "value"),
        ("export NAME=value", "value"),
        ("export\tNAME = value", "value"),
        ("NAME=", ""),
        ("NAME= # nothing", ""),
        ("NAME=''", ""),
        ("NAME=value # a comment", "value"),
        ("NAME=value\t# a comment", "value"),
        ("NAME=value#1", "value#1"),
        ("NAME=#1", "#1"),
        ("NAME=a#b # c # d", "a#b"),
        ("NAME=two words", "two words"),
        ("NAME='two words'", "two words"),
        ("NAME='a # b'   # a comment", "a # b"),
        ('NAME="a # b" # a comment', "a # b"),
        ("NAME=' value '", " value "),
        ('NAME="value"', "value"),
        (r'NAME="a \"b\" \\ \$c"', r'a "b" \ $c'),
        (r'NAME="C:\new"', r"C:\new"),
        (r"NAME='a\"b'", r"a\"b"),
        (r"NAME=a\b", r"a\b"),
        ("NAME=it's", "it's"),
        ("NAME=$ecret9-Blue", "$ecret9-Blue"),
        ("NAME=$HOME", "$HOME"),
        ("NAME=${HOME}", "${HOME}"),
        ("NAME=$NAME", "$NAME"),
        ("NAME=a=b==", "a=b=="),
        ("NAME=pässwört", "pässwört"),
        ("NAME=a\u2028b\u0085c", "a\u2028b\u0085c"),
    ],
)
def test_a_value_is_what_is_written(env: Path, line: str, value: str) -> None:
    assert read(env, f"# one\n\n{line}\nAFTER=1\n") == {"NAME": value, "AFTER": "1"}


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfFIRST=1\nSECOND=2\n",
        b"FIRST=1\r\nSECOND=2\r\n",
        b"\xef\xbb\xbfFIRST=1 # one\r\n\r\n# two\r\nSECOND=2",
        b"FIRST=\nFIRST=1\nSECOND=2",
    ],
)
def test_no_line_is_lost_to_the_way_a_file_was_saved(env: Path, content: bytes) -> None:
    assert read(env, content) == {"FIRST": "1", "SECOND": "2"}


NO_ASSIGNMENT = "Line 3 of .env can't be read: it has to be NAME=value, or a comment that begins with #."


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (SECRET, NO_ASSIGNMENT),
        (f"PASS WORD={SECRET}", NO_ASSIGNMENT),
        (f"PASS-WORD={SECRET}", NO_ASSIGNMENT),
        (f"1NAME={SECRET}", NO_ASSIGNMENT),
        (f"={SECRET}", NO_ASSIGNMENT),
        (f"NAME: {SECRET}", NO_ASSIGNMENT),
        (f"exportNAME {SECRET}", NO_ASSIGNMENT),
        (f"\u00a0NAME={SECRET}", NO_ASSIGNMENT),
        (f"NAME='{SECRET}", "Line 3 of .env can't be read: its quote is not closed."),
        (f'NAME="{SECRET}\\"', "Line 3 of .env can't be read: its quote is not closed."),
        (f"NAME='{SECRET}'s", "Line 3 of .env can't be read: something stands after the closing quote."),
        (f"NAME='{SECRET}'#", "Line 3 of .env can't be read: something stands after the closing quote."),
        (f"NAME={SECRET}\x00", "Line 3 of .env can't be read: it has a control character."),
        (f"A=1\rNAME={SECRET}", "Line 3 of .env can't be read: it has a control character."),
        (f"FIRST={SECRET}", "Line 3 of .env sets again what line 1 has set."),
        ("FIRST=", "Line 3 of .env sets again what line 1 has set."),
        (b"NAME=geheim-123-\xfc", "Line 3 of .env is not in UTF-8. Save the file as UTF-8."),
    ],
)
def test_a_line_that_can_not_be_read_is_named_by_its_number_alone(env: Path, line: str | bytes, told: str) -> None:
    with pytest.raises(InvalidSetting) as error:
        read(env, b"FIRST=1\n\n" + (line if isinstance(line, bytes) else line.encode()) + b"\nAFTER=1\n")
    assert str(error.value) == told


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_told_in_a_sentence(env: Path, encoding: str) -> None:
    with pytest.raises(InvalidSetting, match=r"UTF-16|control character|NAME=value") as error:
        read(env, f"NAME={SECRET}\n".encode(encoding))
    assert SECRET not in str(error.value)


def test_a_file_that_is_not_there_sets_nothing(env: Path) -> None:
    assert env_file.read(env) == {}


def test_a_file_that_can_not_be_opened_is_no_empty_one(env: Path) -> None:
    env.mkdir()
    with pytest.raises(InvalidSetting, match=r"^\.env can't be read: Is a directory\.$"):
        env_file.read(env)


def test_the_environment_wins_even_where_it_is_empty(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOTEIT_TOKEN", "")
    monkeypatch.setenv("REMOTEIT_USERNAME", "anna")
    monkeypatch.delenv("REMOTEIT_PASSWORD")
    env.write_text("REMOTEIT_TOKEN=t\nREMOTEIT_USERNAME=ben\nREMOTEIT_PASSWORD=p\n")
    env_file.load(env)
    names = ("REMOTEIT_TOKEN", "REMOTEIT_USERNAME", "REMOTEIT_PASSWORD")
    assert [os.environ[name] for name in names] == ["", "anna", "p"]


def test_the_blocks_of_the_readme_can_be_pasted(env: Path) -> None:
    blocks = [block for block in re.findall(r"```\n(.*?)```", README.read_text(), re.S) if "=" in block.split()[0]]
    assert len(blocks) == 2
    values = read(env, "".join(blocks))
    assert values["R3_ACCESS_KEY_ID"] == values["REMOTEIT_DEVELOPER_KEY"] == "…"
    assert values["USE_HTTPS"] == "on"
