"""Behind a proxy that takes the HTTPS off: either it is believed, or a page says what to set."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from connections.web import behind_proxies

PROXY = "10.0.0.5"
LOGIN = "/admin/login/"


@pytest.fixture
def https(settings: Settings, db: None) -> Settings:
    behind_proxies._log.cache_clear()
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    return settings


def test_a_trusted_proxy_is_believed(https: Settings, client: Client) -> None:
    https.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert client.get(LOGIN, REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_PROTO="https").status_code == 200


def test_the_socket_of_a_trusted_proxy_is_believed(https: Settings, client: Client) -> None:
    https.TRUSTED_PROXIES = ["unix"]
    assert client.get(LOGIN, REMOTE_ADDR="", HTTP_X_FORWARDED_PROTO="https").status_code == 200


def test_a_proxy_that_is_not_trusted_leads_to_what_to_set(
    https: Settings, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for trusted in ([], ["10.9.9.9"]):
        https.TRUSTED_PROXIES = trusted
        answer = client.get(LOGIN, REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_PROTO="https")
        assert answer.status_code == 400
        assert f"TRUSTED_PROXIES={PROXY}" in answer.content.decode()
    assert [PROXY in line.getMessage() for line in caplog.records if line.name == behind_proxies.__name__] == [True]


def test_a_proxy_that_says_nothing_leads_there_at_the_second_redirect(https: Settings, client: Client) -> None:
    first = client.get(LOGIN, REMOTE_ADDR=PROXY)
    assert (first.status_code, first.cookies[behind_proxies.COOKIE]["secure"]) == (301, True)
    second = client.get(LOGIN, REMOTE_ADDR=PROXY)
    assert second.status_code == 400
    assert "X-Forwarded-Proto: https" in second.content.decode()


def test_one_who_comes_over_http_is_sent_to_https_and_can_forge_nothing(https: Settings) -> None:
    https.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert Client().get(LOGIN, REMOTE_ADDR="203.0.113.9").status_code == 301
    assert Client().get(LOGIN, REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_PROTO="https").status_code == 400
