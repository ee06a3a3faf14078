"""The same screens without JavaScript, in both sizes."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from tests.browser.screens import SECTIONS
from tests.browser.walk import OpenWindow, Walk
from tests.browser.watch import LOOKS_UNSCRIPTED
from tests.browser.world import World

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("section", SECTIONS)
def test_nothing_is_wrong_without_javascript(
    world: World, cast: dict[str, User | None], open_window: OpenWindow, base_url: str, section: str
) -> None:
    """axe-core runs there, too: what the debugger evaluates is no script of the page."""
    screens_of_it, _names = SECTIONS[section]
    walk = Walk(open_window, cast, LOOKS_UNSCRIPTED, scripted=False)
    for screen in screens_of_it(world, base_url):
        if not screen.scripted:
            walk.to(screen)
    assert not walk.complaints, "\n".join(walk.complaints)
