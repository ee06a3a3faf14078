"""From screen to screen, noting what is wrong."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Error, Page

from tests.browser.screens import Screen
from tests.browser.watch import Watch

OpenWindow = Callable[..., BrowserContext]


class Walk:
    """One person's window after the other, and what was wrong on the way."""

    def __init__(self, open_window: OpenWindow, cast: dict[str, User | None], **look: str) -> None:
        self.open_window = open_window
        self.cast = cast
        self.look = look
        self.pages: dict[str, tuple[Page, Watch]] = {}
        self.complaints: list[str] = []

    def to(self, screen: Screen) -> None:
        page, watch = self._page_of(screen.who)
        answer = page.goto(screen.address)
        found = [] if answer and answer.status == screen.status else [f"was answered {answer and answer.status}"]
        try:
            screen.steps(page)
        except Error as error:
            found.append(str(error))
        page.wait_for_load_state()
        found += watch.complaints(page)
        self.complaints += [f"{screen.name}: {one}" for one in found]

    def _page_of(self, who: str) -> tuple[Page, Watch]:
        if who not in self.pages:
            window = self.open_window(self.cast[who], **self.look)
            window.set_default_timeout(10_000)
            self.pages[who] = window.new_page(), Watch(window)
        return self.pages[who]
