"""A real Chromium in front of the panel, by size, theme and person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, BrowserType
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from connections.admin.connections.admin import ConnectionAdmin
from connections.admin.history import admin
from connections.admin.runs import items
from connections.audit import triggers
from connections.models import Account
from tests.browser import chromium
from tests.browser.troubles import make_troubles
from tests.browser.world import Stage, World, make_world, stage
from tests.conftest import make_user
from tests.support.skips import missing

ROWS = 6
"""A page of a list shows so many: more of the same rows would only cost axe-core time."""


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


@pytest.fixture
def cast(alice: User, bob: User, carol: User, admin_user: User) -> dict[str, User | None]:
    guest = User.objects.create_user("guest")
    leaving = [make_user(name, "Operators") for name in ("leaver", "goer")]
    people = [alice, bob, carol, admin_user, guest, make_user("newcomer"), *leaving]
    return {"": None, **{user.get_username(): user for user in people}}


@pytest.fixture
def on_stage(settings: Settings) -> Iterator[Stage]:
    """A panel that talks to the two accounts of a stage."""
    settings.ROOT_URLCONF = "tests.browser.urls"
    settings.STOP_MAX_ATTEMPTS = 1
    settings.WORKER_LEASE_SECONDS = 3600
    with stage() as two:
        for name, value in two.environment.items():
            setattr(settings, name, value)
        yield two


@pytest.fixture
def protected(transactional_db: None) -> Iterator[None]:
    """With the triggers that tests have dropped, without which no history holds."""
    triggers.install()
    yield
    triggers.remove()


@pytest.fixture
def world(
    protected: None, alice: User, admin_user: User, account: Account, on_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> World:
    monkeypatch.setattr(ConnectionAdmin, "list_per_page", ROWS)
    monkeypatch.setattr(items, "PER_PAGE", ROWS)
    monkeypatch.setattr(admin, "LINES_PER_PAGE", ROWS)
    made = make_world(alice, account, on_stage)
    make_troubles(made, on_stage, admin_user)
    return made
