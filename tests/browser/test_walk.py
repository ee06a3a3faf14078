"""What the walk over the screens would notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page
from pytest_django import Settings

from tests.browser.screen import Screen
from tests.browser.walk import OpenWindow, Walk
from tests.browser.watch import LOOKS, LOOKS_UNSCRIPTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BAD = Screen("bad", "/bad/", "css=h1", who="")


@pytest.fixture
def notice(open_window: OpenWindow, settings: Settings) -> Callable[..., str]:
    """What a walk over some screens, of nobody, complains of."""
    settings.ROOT_URLCONF = "tests.browser.urls"

    def walk_over(*screens: Screen, scripted: bool = True) -> str:
        walk = Walk(open_window, {"": None}, LOOKS if scripted else LOOKS_UNSCRIPTED, scripted=scripted)
        for screen in screens:
            walk.to(screen)
        return "\n".join(walk.complaints)

    return walk_over


def test_the_walk_notices_what_is_wrong_with_a_page(notice: Callable[..., str]) -> None:
    noticed = notice(BAD)
    for what in ("policy violated: style-src", "console warning: careful", "script error", "nothing.png"):
        assert what in noticed
    for look in ("desktop, light", "phone, dark"):
        assert f"{look}: axe label" in noticed
        assert f"{look}: scrolls sideways" in noticed
    assert "desktop, dark: axe color-contrast" in noticed
    assert "phone, light: axe color-contrast" in noticed
    assert noticed.count("axe color-contrast") == 2


@pytest.mark.slow
def test_the_walk_notices_it_without_javascript_too(notice: Callable[..., str]) -> None:
    noticed = notice(BAD, scripted=False)
    for what in ("inline style", "nothing.png", "desktop, light: axe label", "phone, light: scrolls sideways"):
        assert what in noticed
    assert "careful" not in noticed


@pytest.mark.slow
def test_the_walk_notices_that_it_is_on_another_page(notice: Callable[..., str]) -> None:
    broken = replace(BAD, address="/broken/")
    assert "was answered 500" in notice(broken)
    assert "was answered 500" in notice(replace(broken, steps=lambda page: page.goto("/bad/")))
    assert "was answered 200" in notice(replace(BAD, status=403))


@pytest.mark.slow
def test_the_walk_notices_that_what_it_came_for_is_not_there(notice: Callable[..., str]) -> None:
    def hurry(page: Page) -> None:
        page.set_default_timeout(300)

    assert "waiting for" in notice(replace(BAD, shows="css=h2", steps=hurry))
