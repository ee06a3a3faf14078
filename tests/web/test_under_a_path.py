"""Under a path of a host that shows other things, too: pages, links, files and probes are below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from django.core.wsgi import get_wsgi_application
from django.urls import set_script_prefix
from pytest_django import Settings

from connections.sandbox import Sandbox
from connections.templatetags.panel import icon
from tests.support.panels import PASSWORD, Panel, Web
from tests.web.test_bad_requests import Environs, connections_kept

UNDER = "/panel"
LED_TO = re.compile(r'(?:href|src|action)="([^"#]+)')


@pytest.fixture
def under_a_path(
    served: None, db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """What gunicorn serves with SCRIPT_NAME, its files as whitenoise finds them in the code."""
    settings.FORCE_SCRIPT_NAME = UNDER
    settings.STATIC_URL, settings.WHITENOISE_STATIC_PREFIX = f"{UNDER}/static/", "/static/"
    settings.WHITENOISE_USE_FINDERS, settings.STATIC_ROOT = True, tmp_path
    settings.MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware", *settings.MIDDLEWARE]
    monkeypatch.setattr("remoteit_admin.wsgi.pages", get_wsgi_application())
    icon.cache_clear()
    yield
    icon.cache_clear()
    set_script_prefix("/")


def ask(path: str) -> tuple[int, str]:
    """The status, and the page or where it leads."""
    from remoteit_admin.wsgi import application

    heard: list[Any] = []
    with connections_kept():
        answer = application(Environs().get(path), lambda status, headers: heard.extend((status, dict(headers))))
        words = b"".join(answer).decode()
    return int(heard[0].split()[0]), heard[1].get("Location", words)


@pytest.mark.parametrize("path", [UNDER, f"{UNDER}/"])
def test_the_path_itself_leads_to_the_overview(under_a_path: None, path: str) -> None:
    assert ask(path) == (302, f"{UNDER}/admin/")


@pytest.mark.parametrize("begin", ["", UNDER])
def test_a_probe_is_answered_with_the_path_and_by_address(under_a_path: None, begin: str) -> None:
    assert ask(f"{begin}/healthz") == (200, '{"status": "ok"}')


def test_what_only_begins_alike_is_not_below_it(under_a_path: None) -> None:
    assert ask(f"{UNDER}x/admin/login/")[0] == 404


def test_links_and_files_are_below_it(under_a_path: None) -> None:
    status, page = ask(f"{UNDER}/admin/login/")
    found = set(LED_TO.findall(page))
    assert status == 200
    assert {link for link in found if not link.startswith(f"{UNDER}/")} == set()
    files = [link for link in found if link.startswith(f"{UNDER}/static/")]
    assert len(files) > 3
    assert {ask(file)[0] for file in files} == {200}


@pytest.mark.slow
@pytest.mark.once
def test_gunicorn_shows_every_page_below_it(tmp_path: Path) -> None:
    with Sandbox(connections=3) as remoteit:
        panel = Panel(tmp_path, remoteit, f"sqlite:///{tmp_path}/db.sqlite3", f"sqlite:///{tmp_path}/queue.sqlite3")
        panel.know_what_is_open()
        panel.environment |= {
            "DJANGO_SETTINGS_MODULE": "remoteit_admin.settings",
            "USE_HTTPS": "off",
            "SECRET_KEY": "tests-only-0123456789-0123456789-0123456789",
            "DATA_FOLDER": str(tmp_path),
            "SCRIPT_NAME": f"{UNDER}/",
        }
        panel.manage("collectstatic", "--noinput", "--verbosity", "0")
        panel.manage("createsuperuser", "--noinput", "--username", "root", "--email", "root@example.com")
        with panel.web() as web, requests.Session() as browser:
            shown = walk(browser, sign_in(browser, web))
            assert requests.get(f"{web.url}{UNDER}/healthz", headers={"SCRIPT_NAME": "/elsewhere"}, timeout=30).ok
        # 405: what forms are sent to.
        assert {path: status for path, status in shown.items() if status not in (200, 405)} == {}
        assert [path for path in shown if not path.startswith(f"{UNDER}/")] == []
        assert f"{UNDER}/admin/connections/connection/1/change/" in shown


def sign_in(browser: requests.Session, web: Web) -> str:
    """Returns the address of the page to which it leads."""
    page = browser.get(f"{web.url}{UNDER}/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token, page.text
    form = {"username": "root", "password": PASSWORD, "csrfmiddlewaretoken": token[1], "next": f"{UNDER}/admin/"}
    answer = browser.post(page.url, form)
    assert answer.url == f"{web.url}{UNDER}/admin/", answer.text
    return answer.url


def walk(browser: requests.Session, url: str) -> dict[str, int]:
    """Follow every link from `url` on, without their queries; the path of each with its status."""
    shown: dict[str, int] = {}
    waiting = [url]
    while waiting:
        asked = waiting.pop()
        answer = browser.get(asked)
        shown[urlsplit(asked).path] = answer.status_code
        if answer.headers["Content-Type"].startswith("text/html"):
            links = {urljoin(answer.url, link.partition("?")[0]) for link in LED_TO.findall(answer.text)}
            waiting += [link for link in links if urlsplit(link).path not in shown and link not in waiting]
    return shown
