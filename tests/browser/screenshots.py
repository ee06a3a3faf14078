"""`make screenshots`: the pictures of README and docs, taken of a made-up world in a sandbox."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from playwright.sync_api import Browser, Page, sync_playwright

from connections.sandbox import Sandbox
from tests.browser import chromium

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs/screenshots"
SEED = 2041
CONNECTIONS = 500


def main() -> int:
    with Sandbox(connections=CONNECTIONS, seed=SEED) as sandbox, panel(sandbox) as (url, cookie, addresses):
        FOLDER.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            arguments = chromium.launch_arguments(playwright.chromium.executable_path)
            if arguments is None:
                print("There is no Chromium. .venv/bin/python -m playwright install chromium brings one.")
                return 1
            browser = playwright.chromium.launch(**arguments)
            for name, (address, size, theme) in pictures(addresses).items():
                take(browser, name, url + address, size, theme, cookie)
            browser.close()
    return 0


def pictures(addresses: dict[str, str]) -> dict[str, tuple[str, str, str]]:
    """The address, size and theme of each picture, by its name."""
    desktop = {name: (address, "desktop", "light") for name, address in addresses.items()}
    return {
        **desktop,
        "connections-dark": (addresses["connections"], "desktop", "dark"),
        "connections-phone": (addresses["connections"], "phone", "light"),
        "run-phone": (addresses["run"], "phone", "light"),
    }


def take(browser: Browser, name: str, address: str, size: str, theme: str, cookie: dict[str, str]) -> None:
    window = browser.new_context(**chromium.context_arguments(size, theme))
    window.add_cookies([cookie])  # type: ignore[list-item]
    page = window.new_page()
    page.goto(address)
    tick_some(page)
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    print(f"docs/screenshots/{name}.png")
    window.close()


def tick_some(page: Page) -> None:
    """Choose some rows, where there are rows to choose."""
    for row in (1, 2, 4) if page.locator(".actions").count() else ():
        page.locator("#result_list .action-select").nth(row).check()
    page.mouse.move(0, 0)
    page.evaluate("() => scrollTo(0, 0)")


@contextmanager
def panel(sandbox: Sandbox) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """A panel on its own new database: where it is, the cookie of somebody signed in, the pages to take."""
    for name in ("DATABASE_URL", "QUEUE_URL", "TEST_FOLDER"):
        os.environ.pop(name, None)
    os.environ.update(sandbox.environment, DJANGO_SETTINGS_MODULE="tests.settings", DJANGO_ALLOW_ASYNC_UNSAFE="true")
    django.setup()
    from django.core.management import call_command
    from django.test import override_settings
    from pytest_django.live_server_helper import LiveServer

    call_command("migrate", verbosity=0)
    with override_settings(STOP_MAX_ATTEMPTS=1, WORKER_LEASE_SECONDS=3600):
        server = LiveServer("localhost")
        try:
            yield server.url, *fill(sandbox, server.url)
        finally:
            server.stop()


def fill(sandbox: Sandbox, url: str) -> tuple[dict[str, str], dict[str, str]]:
    from connections.audit.checkpoints import write_checkpoint
    from connections.audit.keeping import verify_and_keep
    from connections.models import Account
    from tests.browser.conftest import session_cookie
    from tests.browser.screens import page_of
    from tests.browser.world import make_world
    from tests.conftest import make_user

    alice = make_user("alice", "Operators")
    world = make_world(alice, Account.objects.get(name=Account.DEFAULT), sandbox)
    write_checkpoint()
    verify_and_keep()
    return session_cookie(alice, url), {
        "overview": "/admin/",
        "connections": page_of("connections_connection"),
        "confirm": page_of("connections_stoprun", "confirm", world.drafts["large"].key),
        "run": page_of("connections_stoprun", "change", world.runs["running"].pk),
        "run-done": page_of("connections_stoprun", "change", world.runs["done"].pk),
        "connection": page_of("connections_connection", "change", world.connections["unknown"].pk),
        "history": page_of("connections_auditevent"),
    }


if __name__ == "__main__":
    sys.exit(main())
