"""Every screen, in both themes and both sizes: nothing in the console, nothing that its policy forbids, nothing that
scrolls sideways, nothing that axe-core finds."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from connections.models import Account
from connections.sandbox import Sandbox
from connections.sandbox.seed import OLDEST_S, open_some
from tests.browser.chromium import SIZES
from tests.browser.screens import Screen, screens
from tests.browser.walk import OpenWindow, Walk
from tests.browser.world import World, make_world
from tests.conftest import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(alice: User, bob: User, carol: User, admin_user: User) -> dict[str, User | None]:
    guest = User.objects.create_user("guest")
    people = [alice, bob, carol, admin_user, guest, make_user("newcomer"), make_user("leaver", "Operators")]
    return {"": None, **{user.get_username(): user for user in people}}


@pytest.fixture
def world(alice: User, account: Account, sandbox: Sandbox, settings: Settings) -> World:
    settings.ROOT_URLCONF = "tests.browser.urls"
    settings.STOP_MAX_ATTEMPTS = 1
    settings.WORKER_LEASE_SECONDS = 3600
    sandbox.call(open_some, sandbox.server.world, 200, OLDEST_S)
    return make_world(alice, account, sandbox)


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wrong_on_any_screen_in_either_theme(
    size: str, world: World, cast: dict[str, User | None], open_window: OpenWindow, base_url: str
) -> None:
    walk = Walk(open_window, cast, size=size)
    for screen in screens(world, base_url):
        walk.to(screen)
    assert not walk.complaints, "\n".join(walk.complaints)


@pytest.mark.parametrize(
    "what",
    [
        "policy violated: style-src",
        "console warning: careful",
        "script error",
        "nothing.png",
        "scrolls sideways",
        "axe label",
    ],
)
def test_the_walk_notices(what: str, open_window: OpenWindow, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.browser.urls"
    walk = Walk(open_window, {"": None}, size="phone")
    walk.to(Screen("bad", "/bad/", who=""))
    assert any(what in complaint for complaint in walk.complaints), walk.complaints
