"""Settings are read or refused, never guessed; a refusal names the setting and what is expected, and no secret."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from remoteit_admin.environment import Environment
from remoteit_admin.invalid_setting import InvalidSetting

Reader = Callable[[Environment], Any]
FERNET = "dGhlc2Uga2V5cyBhcmUgZm9yIHRlc3RzIG9ubHkhISE="  # the same in every process: it stands in the names of tests
ED25519 = base64.b64encode(b"\x07" * 32).decode()


def read(reader: Reader, value: str | None) -> Any:
    return reader(Environment({} if value is None else {"NAME": value}))


def refusal(reader: Reader, value: str) -> str:
    with pytest.raises(InvalidSetting) as error:
        read(reader, value)
    told = str(error.value)
    assert told.startswith("NAME ")
    assert "\n" not in told
    return told


def text(env: Environment) -> Any:
    return env.text("NAME")


def whole(env: Environment) -> Any:
    return env.whole("NAME", default=16, minimum=1, maximum=1000)


def timeout(env: Environment) -> Any:
    return env.number("NAME", default=5, minimum=0.1, maximum=600)


def rate(env: Environment) -> Any:
    return env.number("NAME", default=0, minimum=0.01, maximum=10_000, zero="no limit")


def switch(env: Environment) -> Any:
    return env.switch("NAME", default=True)


def names(env: Environment) -> Any:
    return env.names("NAME", ["a"])


def hosts(env: Environment) -> Any:
    return env.hosts("NAME", ["localhost"])


def origins(env: Environment) -> Any:
    return env.origins("NAME")


def networks(env: Environment) -> Any:
    return env.networks("NAME")


def path(env: Environment) -> Any:
    return env.path("NAME")


def url(env: Environment) -> Any:
    return env.url("NAME", "https://api.example/v1")


def fernet_keys(env: Environment) -> Any:
    return env.fernet_keys("NAME")


def signing_keys(env: Environment) -> Any:
    return env.signing_keys("NAME")


def secret_key(env: Environment) -> Any:
    return env.secret_key("NAME")


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        (text, None, ""),
        (text, "", ""),
        (text, "$ecret9-Blue", "$ecret9-Blue"),
        (text, "$NAME", "$NAME"),
        (text, " a b ", " a b "),
        (text, "pässwört", "pässwört"),
        (whole, None, 16),
        (whole, "1", 1),
        (whole, "1000", 1000),
        (timeout, None, 5),
        (timeout, "0.1", 0.1),
        (timeout, "20", 20.0),
        (rate, None, 0),
        (rate, "0", 0.0),
        (rate, "0.5", 0.5),
        (switch, None, True),
        *((switch, word, True) for word in ("on", "ON", "true", "True", "yes", "y", "ok", "1")),
        *((switch, word, False) for word in ("off", "Off", "false", "no", "n", "0")),
        (names, None, ["a"]),
        (names, "", ["a"]),
        (names, " , ", ["a"]),
        (names, "b, c ,d,", ["b", "c", "d"]),
        (hosts, "", ["localhost"]),
        (hosts, "localhost, 127.0.0.1", ["localhost", "127.0.0.1"]),
        (hosts, ".panel.example,[::1],Panel-2", [".panel.example", "[::1]", "Panel-2"]),
        (hosts, "[0:0:0:0:0:0:0:1],[2001:DB8::0001],[::ffff:10.0.0.1]", ["[::1]", "[2001:db8::1]", "[::ffff:a00:1]"]),
        (origins, "", []),
        (
            origins,
            "https://[0:0:0:0:0:0:0:1]:8443,http://[::FFFF:10.0.0.1]",
            ["https://[::1]:8443", "http://[::ffff:a00:1]"],
        ),
        (origins, "https://panel.example, http://127.0.0.1:8000", ["https://panel.example", "http://127.0.0.1:8000"]),
        (origins, "https://*.panel.example,https://[::1]:8443", ["https://*.panel.example", "https://[::1]:8443"]),
        (
            origins,
            "HTTPS://Panel.example:443,http://a.b:080,https://a:08443",
            ["https://panel.example", "http://a.b", "https://a:8443"],
        ),
        (networks, "", []),
        (networks, "::ffff:10.0.0.1,::ffff:10.0.0.0/104", ["10.0.0.1/32", "10.0.0.0/8"]),
        (networks, "10.0.0.0/8, ::1,192.168.1.7,fc00::/7", ["10.0.0.0/8", "::1", "192.168.1.7", "fc00::/7"]),
        (path, "", ""),
        (path, "/panel/.v2/a..b/", "/panel/.v2/a..b"),
        (url, None, "https://api.example/v1"),
        (url, "https://api.remote.it/apv/v27", "https://api.remote.it/apv/v27"),
        (url, "http://127.0.0.1:9527/apv/v27", "http://127.0.0.1:9527/apv/v27"),
        (fernet_keys, "", ""),
        (fernet_keys, f"{FERNET}, {FERNET},", f"{FERNET},{FERNET}"),
        (signing_keys, "", ""),
        (signing_keys, f"{ED25519}, public:{ED25519}", f"{ED25519},public:{ED25519}"),
        (secret_key, f"${FERNET}", f"${FERNET}"),
    ],
)
def test_a_value_is_what_was_written(reader: Reader, value: str | None, expected: Any) -> None:
    assert read(reader, value) == expected


def test_no_value_is_a_reference_to_another_setting() -> None:
    assert Environment({"NAME": "$HOME", "HOME": "/root"})("NAME") == "$HOME"


WHOLE = "NAME has to be a whole number from 1 to 1000, not {}."
TIMEOUT = "NAME has to be a number from 0.1 to 600, not {}."
RATE = "NAME has to be 0 (no limit) or a number from 0.01 to 10000, not {}."
SWITCH = "NAME has to be on or off, not {}."


@pytest.mark.parametrize(
    ("reader", "sentence", "value"),
    [
        *((whole, WHOLE, value) for value in ("", "0", "1001", "-1", "+1", "1.0", "1e2", "16 ", "1_6", "١٦", "x", "²")),
        *((timeout, TIMEOUT, value) for value in ("", "0", "0.0", "601", "nan", "inf", "-1", "5s", "1e3", ".", "5.")),
        *((rate, RATE, value) for value in ("", "5 # max 10", "1,500", "0.001", "-0", "10001", "1_000", "0x10", "5\r")),
        *((switch, SWITCH, value) for value in ("", "maybe", "2", "on ", "tru", "$DEBUG", "none")),
    ],
)
def test_what_is_no_plain_number_or_switch_is_refused(reader: Reader, sentence: str, value: str) -> None:
    assert refusal(reader, value) == sentence.format(ascii(value) if value else "empty")


def test_a_long_value_is_not_told_whole() -> None:
    assert len(refusal(whole, "9" * 5000)) < 200


@pytest.mark.parametrize(
    ("reader", "value", "wrong"),
    [
        *((hosts, value, value) for value in ("*", "*.panel.example", "https://panel.example", "panel.example:443")),
        *((hosts, value, value) for value in ("panel.example/admin", "::1", "two words", "..", "panel..example")),
        (hosts, "localhost,*", "*"),
        *((hosts, value, value) for value in (".1.2.3.4", ".[::1]", ".", "..a", "panel.0x1", "0x7f000001")),
        *((origins, value, value) for value in ("https://*.[::1]", "https://*.1.2.3.4", "https://*.", "https://a.0x1")),
        *((networks, value, value) for value in ("::ffff:0:0/96", "::ffff:10.0.0.0/103")),
        *((origins, value, value) for value in ("panel.example", "https://", "https://panel.example/", "*")),
        *(
            (hosts, value, value)
            for value in ("10.0.0.256", "[:::]", "[10.0.0.1]", "[::1%eth0]", "-a.example", "a" * 64)
        ),
        (origins, "https://panel.example, ftp://panel.example", "ftp://panel.example"),
        *(
            (origins, f"https://{value}", f"https://{value}")
            for value in ("x:99999", "x:0", "x:", "[:::]", "10.0.0.256")
        ),
        *((path, value, value) for value in ("/..", "/../panel", "/panel/.", "/./panel", "panel", "/a b")),
        *((url, value, value) for value in ("https://api.example:99999/v1", "https://api.example:0/v1")),
        *((networks, value, value) for value in ("nonsense", "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0", "unix")),
        (networks, "10.0.0.0/8, 128.0.0.0/1", "128.0.0.0/1"),
        *((url, value, value) for value in ("http://api.remote.it/apv/v27", "ftp://127.0.0.1/x", "https://", "api")),
        *((url, value, value) for value in ("https://api.example:x/", "http://127.0.0.1.evil.example/")),
    ],
)
def test_what_is_refused_of_a_list_or_an_address_is_named(reader: Reader, value: str, wrong: str) -> None:
    assert f", not '{wrong}'." in refusal(reader, value)


def test_an_empty_address_is_refused() -> None:
    assert ", not empty." in refusal(url, "")


@pytest.mark.parametrize(
    ("reader", "secret"),
    [
        (text, "geheim\n123"),
        (text, "geheim\r"),
        (text, "geheim\udcfc"),
        (secret_key, "a"),
        (secret_key, "geheim" * 5),
        (secret_key, "geheim" * 20),
        (fernet_keys, "geheim"),
        (fernet_keys, f"{FERNET},geheim"),
        (fernet_keys, f"{FERNET}geheim"),
        (fernet_keys, "gehäim"),
        (signing_keys, "geheim"),
        (signing_keys, f"{ED25519},private:{ED25519}"),
        (signing_keys, base64.b64encode(b"geheim" * 6).decode()),
        (signing_keys, "gehäim"),
        (url, "https://anna:geheim@api.example/v1"),
        (url, "https://api.example/v1?token=geheim"),
        (url, "https://api.example/v1#geheim"),
    ],
)
def test_a_secret_stands_in_no_refusal(reader: Reader, secret: str) -> None:
    told = refusal(reader, secret)
    assert "geh" not in told
    assert FERNET not in told


def test_a_key_that_is_none_is_counted() -> None:
    assert refusal(fernet_keys, f"{FERNET},x,{FERNET}").endswith("; number 2 of 3 is none.")


def test_a_session_key_is_needed() -> None:
    assert refusal(secret_key, "").startswith("NAME is not set.")


def test_django_environ_s_own_casts_can_not_be_asked_for() -> None:
    with pytest.raises(TypeError):
        Environment({"NAME": "5 # max 10"}).float("NAME")
