"""`make screenshots`: the pictures of README and docs, taken of a made-up world in two sandboxes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium

if TYPE_CHECKING:
    from tests.browser.world import Stage, World

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs/screenshots"
SEED = 2041
CONNECTIONS = 400


@dataclass(frozen=True)
class Picture:
    """What `who` sees at `address` of a world, after `steps`; "" is nobody."""

    name: str
    address: Callable[[World], str]
    who: str = "alice"
    size: str = "desktop"
    theme: str = "light"
    steps: Callable[[Page], object] = lambda page: None


def at(model: str, page: str = "changelist", query: str = "") -> Callable[[World], str]:
    return lambda world: f"/admin/connections/{model}/" + (f"{page}/" if page != "changelist" else "") + query


def of(kind: str, name: str) -> Callable[[World], str]:
    """The page of one of the world's connections, runs or drafts."""

    def address(world: World) -> str:
        from tests.browser.screen import page_of

        one = getattr(world, kind)[name]
        if kind == "drafts":
            return page_of("connections_stoprun", "confirm", one.key)
        return page_of("connections_stoprun" if kind == "runs" else "connections_connection", "change", one.pk)

    return address


def tick_some(page: Page) -> None:
    for row in (1, 2, 4):
        page.locator("#result_list .action-select").nth(row).check()


def choose_file(page: Page) -> None:
    from tests.browser.steps import choose_file as choose

    choose(page)


LIST = at("connection")
PICTURES = (
    # While its last answers are news.
    Picture("run", of("runs", "running")),
    Picture("run-phone", of("runs", "running"), size="phone"),
    Picture("sign-in", lambda world: "/admin/", who=""),
    Picture("overview", lambda world: "/admin/"),
    Picture("connections", LIST, steps=tick_some),
    Picture("connections-dark", LIST, theme="dark", steps=tick_some),
    Picture("connections-phone", LIST, size="phone", steps=tick_some),
    Picture("import", at("connection", "import"), who="admin", steps=choose_file),
    Picture("confirm", of("drafts", "large")),
    Picture("run-done", of("runs", "done")),
    Picture("run-done-dark", of("runs", "done"), theme="dark"),
    Picture("connection", of("connections", "unknown")),
    Picture("connection-came-back", of("connections", "came_back")),
    Picture("history", at("auditevent")),
    Picture("accounts", at("account"), who="admin"),
    Picture("error-403", at("account"), who="alice"),
)


def main() -> int:
    with panel() as (url, world, cookies), sync_playwright() as playwright:
        FOLDER.mkdir(parents=True, exist_ok=True)
        arguments = chromium.launch_arguments(playwright.chromium.executable_path)
        if arguments is None:
            print("There is no Chromium. .venv/bin/python -m playwright install chromium brings one.")
            return 1
        browser = playwright.chromium.launch(**arguments)
        for picture in PICTURES:
            take(browser, picture, url + picture.address(world), cookies.get(picture.who))
        browser.close()
    return 0


def take(browser: Browser, picture: Picture, address: str, cookie: Any) -> None:
    window = browser.new_context(**chromium.context_arguments(picture.size, picture.theme))
    if cookie:
        window.add_cookies([cookie])
    page = window.new_page()
    page.goto(address)
    picture.steps(page)
    page.mouse.move(0, 0)
    page.evaluate("() => scrollTo(0, 0)")
    page.screenshot(path=FOLDER / f"{picture.name}.png", animations="disabled")
    print(f"docs/screenshots/{picture.name}.png")
    window.close()


@contextmanager
def panel() -> Iterator[tuple[str, World, dict[str, Any]]]:
    """A panel on its own new database: where it is, its world, the cookie of each who is signed in."""
    for name in ("DATABASE_URL", "QUEUE_URL", "TEST_FOLDER"):
        os.environ.pop(name, None)
    os.environ.update(DJANGO_SETTINGS_MODULE="tests.settings", DJANGO_ALLOW_ASYNC_UNSAFE="true")
    django.setup()
    from django.core.management import call_command
    from django.test import override_settings
    from pytest_django.live_server_helper import LiveServer

    from tests.browser.world import stage

    call_command("migrate", verbosity=0)
    with stage(SEED, CONNECTIONS) as two:
        own = {"STOP_MAX_ATTEMPTS": 1, "WORKER_LEASE_SECONDS": 3600}
        with override_settings(**two.environment, **own):
            server = LiveServer("localhost")
            try:
                yield server.url, *fill(two, server.url)
            finally:
                server.stop()


def fill(two: Stage, url: str) -> tuple[World, dict[str, Any]]:
    from django.contrib.auth.models import User

    from connections.models import Account
    from tests.browser.conftest import session_cookie
    from tests.browser.world import make_world
    from tests.conftest import make_user

    alice = make_user("alice", "Operators")
    admin = User.objects.create_superuser("admin", "admin@example.com")
    default = Account.objects.get_or_create(name=Account.DEFAULT)[0]
    world = make_world(alice, default, two)
    return world, {user.get_username(): session_cookie(user, url) for user in (alice, admin)}


if __name__ == "__main__":
    sys.exit(main())
