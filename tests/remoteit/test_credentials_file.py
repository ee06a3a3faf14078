"""The vendor's credentials file, as an operator pastes it."""

from __future__ import annotations

import pytest

from connections.remoteit import InvalidCredentialsFile, read_credentials_file

SECRET = "XXXWC14Qsktnq/nbF+iXxXq2yc4sVPkQn3J0m5i"
KEY = f"R3_ACCESS_KEY_ID=Z5QCS6ZO7PXXXMVDNXXX\nR3_SECRET_ACCESS_KEY={SECRET}\n"


@pytest.mark.parametrize("header", ["[default]", "[DEFAULT]", "[Default]"])
def test_it_reads_the_documented_example(header: str) -> None:
    credentials = read_credentials_file(f"{header}\n{KEY}R3_DEVELOPER_API_KEY=QUJD==\n")
    assert credentials.access_key_id == "Z5QCS6ZO7PXXXMVDNXXX"
    assert credentials.secret_access_key == SECRET
    assert credentials.developer_key == "QUJD=="


def test_the_developer_key_may_be_missing() -> None:
    assert read_credentials_file(f"[default]\n{KEY}").developer_key == ""


def test_other_profiles_are_left_alone() -> None:
    text = f"[work]\nR3_ACCESS_KEY_ID=OTHER\nR3_SECRET_ACCESS_KEY=b3RoZXI=\n\n[default]\n{KEY}"
    assert read_credentials_file(text).access_key_id == "Z5QCS6ZO7PXXXMVDNXXX"


def test_windows_line_ends_a_byte_order_mark_comments_and_blanks_do_no_harm() -> None:
    text = f"\ufeff# mine\n[default]\n; the key\n{KEY}".replace("=", " = ").replace("\n", "\r\n")
    assert read_credentials_file(text).secret_access_key == SECRET


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There is no section [default]."),
        ("   \n", "There is no section [default]."),
        (f"[work]\n{KEY}[play]\n", "There is no section [default], only [work], [play]."),
        (f"\n{KEY}", "Line 2 stands before any section such as [default]."),
        (f"[default]\n{KEY}{KEY}", "Line 4 repeats what an earlier line says."),
        (f"[default]\n{KEY}[default]\n", "Line 4 repeats what an earlier line says."),
        (f"[default]\n{KEY}[DEFAULT]\n", "There are 2 sections called [default]."),
        (f"[default]\n{KEY}{SECRET}\n", "Line 4 is neither a section nor NAME=value."),
        ("[default]\nR3_ACCESS_KEY_ID=Z5\n", "The section [default] has no R3_SECRET_ACCESS_KEY."),
        (
            "[default]\nR3_ACCESS_KEY_ID=\n",
            "The section [default] has no R3_ACCESS_KEY_ID and no R3_SECRET_ACCESS_KEY.",
        ),
        (
            f'[default]\nR3_ACCESS_KEY_ID=Z5\nR3_SECRET_ACCESS_KEY="{SECRET}"\n',
            "R3_SECRET_ACCESS_KEY is not base64: copy it again, whole and without quotes.",
        ),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence_without_a_value(text: str, words: str) -> None:
    with pytest.raises(InvalidCredentialsFile) as caught:
        read_credentials_file(text)
    assert str(caught.value) == words
    assert SECRET not in repr(caught.value)
