"""The client's address in the history."""

from __future__ import annotations

import pytest

from connections.web.origin import web_origin


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.7, no address", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("", "198.51.100.7", "unknown"),
        ("10.0.0.1", "fe80::7%=HYPERLINK(1)", "fe80::7"),
        ("10.0.0.1", "198.51.100.7, ::ffff:10.0.0.2%x", "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4,,", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7:443", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.7:51008", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("10.0.0.1", '"[2001:db8::7]"', "2001:db8::7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7:51008, 10.0.0.2:443", "198.51.100.7"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7:x", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, 010.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, 10.0.0.2\x00", "10.0.0.1"),
        ("11.0.0.1", "10.0.0.1, 10.0.0.2", "11.0.0.1"),
    ],
)
def test_it_believes_only_what_a_trusted_proxy_says(rf, settings, remote, forwarded, client):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    request = rf.get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert web_origin(request).client_ip == client


@pytest.mark.parametrize(
    ("trusted", "forwarded", "client"),
    [
        (["unix"], "198.51.100.7", "198.51.100.7"),
        (["unix", "10.0.0.0/8"], "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (["unix"], "198.51.100.7, 10.0.0.2", "10.0.0.2"),
        (["unix"], "", "unknown"),
        (["10.0.0.0/8"], "198.51.100.7", "unknown"),
    ],
)
def test_a_unix_socket_is_believed_when_it_is_named(rf, settings, trusted, forwarded, client):
    settings.TRUSTED_PROXIES = trusted
    request = rf.get("/", REMOTE_ADDR="", HTTP_X_FORWARDED_FOR=forwarded)
    assert web_origin(request).client_ip == client


def test_without_trusted_proxies_the_header_means_nothing(rf, settings):
    settings.TRUSTED_PROXIES = []
    assert web_origin(rf.get("/", HTTP_X_FORWARDED_FOR="198.51.100.7")).client_ip == "127.0.0.1"
