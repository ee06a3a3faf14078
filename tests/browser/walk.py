"""From screen to screen, noting what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext, Error, Page, Route

from tests.browser.chromium import look
from tests.browser.screen import Screen
from tests.browser.watch import LOOKS, Look, Watch

OpenWindow = Callable[..., BrowserContext]


class Walk:
    """One person's window after the other, and what was wrong on the way. `reached`: the names of the addresses."""

    def __init__(
        self,
        open_window: OpenWindow,
        cast: dict[str, User | None],
        looks: tuple[Look, ...] = LOOKS,
        *,
        scripted: bool = True,
    ) -> None:
        self.open_window = open_window
        self.cast = cast
        self.looks = looks
        self.scripted = scripted
        self.pages: dict[str, tuple[Page, Watch]] = {}
        self.complaints: list[str] = []
        self.reached: set[str] = set()

    def to(self, screen: Screen) -> None:
        page, watch = self._page_of(screen.who)
        with screen.under():
            found = self._go(page, watch, screen)
            if not self.scripted:
                page.route("**/*", _stay)
            found += watch.complaints(page)
            if not self.scripted:
                page.unroute("**/*", _stay)
                page.goto("about:blank")
        self.complaints += [f"{screen.name}: {one}" for one in found]

    def _go(self, page: Page, watch: Watch, screen: Screen) -> list[str]:
        """What is wrong with the way there, and with where it led."""
        watch.answers.clear()
        look(page, screen.size, "light")
        try:
            page.goto(screen.address)
            screen.steps(page)
            page.wait_for_load_state()
            page.locator(f"{screen.shows} >> visible=true").first.wait_for()
        except Error as error:
            return [f"at {page.url}: {error}"]
        self.reached.add(_name_of(page.url))
        *before, last = watch.answers or [0]
        wrong = [status for status in before if status >= 400] + ([last] if last != screen.status else [])
        return [f"was answered {status}" for status in wrong]

    def _page_of(self, who: str) -> tuple[Page, Watch]:
        if who not in self.pages:
            window = self.open_window(self.cast[who], java_script_enabled=self.scripted)
            window.set_default_timeout(10_000)
            watch = Watch(window, self.looks)
            self.pages[who] = window.new_page(), watch
        return self.pages[who]


def _stay(route: Route) -> None:
    """What loads itself again stays while it is looked at: after a 204 a browser keeps its page."""
    if route.request.is_navigation_request():
        route.fulfill(status=204)
    else:
        route.fallback()


def _name_of(url: str) -> str:
    try:
        return resolve(urlsplit(url).path).view_name
    except Resolver404:
        return ""
