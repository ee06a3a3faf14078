"""A real Chromium in front of the panel, by size, theme and person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, BrowserType
from pytest_django.live_server_helper import LiveServer

from tests.browser import chromium
from tests.skips import missing


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], browser_type: BrowserType) -> dict[str, Any]:
    arguments = chromium.launch_arguments(browser_type.executable_path)
    if arguments is None:
        missing("Chromium")
    return {**browser_type_launch_args, **arguments}


@pytest.fixture(scope="session")
def base_url(live_server: LiveServer) -> str:
    """Where addresses without a host lead to, by pytest-playwright's own convention."""
    return str(live_server.url)


@pytest.fixture
def open_window(base_url: str, new_context: Callable[..., BrowserContext]) -> Callable[..., BrowserContext]:
    """Open a window: `open_window(user, size=…, theme=…)`; without a user nobody is signed in."""

    def open_it(
        user: User | None = None, *, size: str = "desktop", theme: str = "light", **more: Any
    ) -> BrowserContext:
        window = new_context(**chromium.context_arguments(size, theme), **more)
        if user:
            window.add_cookies([session_cookie(user, base_url)])
        return window

    return open_it


def session_cookie(user: User, url: str) -> dict[str, str]:
    """The cookie with which a browser is signed in as `user`, without the way through the sign-in page."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"]
    return {"name": cookie.key, "value": cookie.value, "url": url}
