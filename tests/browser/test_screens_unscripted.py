"""The same screens without JavaScript, in both sizes."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from tests.browser.screens import screens
from tests.browser.walk import OpenWindow, Walk
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_nothing_is_wrong_without_javascript(
    world: World, cast: dict[str, User | None], open_window: OpenWindow, base_url: str
) -> None:
    """axe-core runs there, too: what the debugger evaluates is no script of the page."""
    walk = Walk(open_window, cast, scripted=False)
    for screen in screens(world, base_url):
        if not screen.scripted:
            walk.to(screen)
    assert not walk.complaints, "\n".join(walk.complaints)
