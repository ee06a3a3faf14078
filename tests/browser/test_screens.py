"""Every screen, in both themes and both sizes: nothing in the console, nothing that its policy forbids, nothing that
scrolls sideways, nothing that axe-core finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from playwright.sync_api import Page
from pytest_django import Settings

from connections.admin import history, run_page
from connections.admin.connections import ConnectionAdmin
from connections.audit import triggers
from connections.models import Account
from tests.browser.screen import Screen
from tests.browser.screens import screens
from tests.browser.troubles import make_troubles
from tests.browser.walk import OpenWindow, Walk
from tests.browser.world import Stage, World, make_world, stage
from tests.conftest import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ROWS = 6
"""A page of a list shows so many: more of the same rows would only cost axe-core time."""
NO_SCREENS = {
    "a file": "auditevent_export auditevent_export_csv connection_import_left_out connection_import_template "
    "stoprun_evidence",
    "a part of a page": "connection_refresh stoprun_progress",
    "leads to a screen at once": "account_history account_pause account_resume auditevent_verify connection_history "
    "connection_read stoprun_again stoprun_cut_back stoprun_history stoprun_pause stoprun_resume stoprun_verify",
    "nobody may": "account_delete auditevent_add auditevent_change auditevent_delete auditevent_history "
    "connection_delete stoprun_add stoprun_delete",
}
"""Why there is no screen at these addresses of ours."""


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
    monkeypatch.setattr(run_page, "PER_PAGE", ROWS)
    monkeypatch.setattr(history, "LINES_PER_PAGE", ROWS)
    made = make_world(alice, account, on_stage)
    make_troubles(made, on_stage, admin_user)
    return made


def test_nothing_is_wrong_on_any_screen_in_either_theme_and_size(
    world: World, cast: dict[str, User | None], open_window: OpenWindow, base_url: str
) -> None:
    walk = Walk(open_window, cast)
    for screen in screens(world, base_url):
        walk.to(screen)
    assert not walk.complaints, "\n".join(walk.complaints)
    assert names_of_ours() <= walk.reached, names_of_ours() - walk.reached


def test_nothing_is_wrong_without_javascript(
    world: World, cast: dict[str, User | None], open_window: OpenWindow, base_url: str
) -> None:
    """axe-core runs there, too: what the debugger evaluates is no script of the page."""
    walk = Walk(open_window, cast, scripted=False)
    for screen in screens(world, base_url):
        if not screen.scripted:
            walk.to(screen)
    assert not walk.complaints, "\n".join(walk.complaints)


def names_of_ours() -> set[str]:
    """The names of the addresses of the panel's own pages."""
    names = {
        pattern.name for pattern in admin.site.get_urls() for pattern in getattr(pattern, "url_patterns", [pattern])
    }
    none = {f"connections_{name}" for several in NO_SCREENS.values() for name in several.split()}
    assert none <= names
    return {f"admin:{name}" for name in names - none if name and name.startswith("connections_")}


BAD = Screen("bad", "/bad/", "css=h1", who="")


@pytest.fixture
def notice(open_window: OpenWindow, settings: Settings) -> Callable[..., str]:
    """What a walk over some screens, of nobody, complains of."""
    settings.ROOT_URLCONF = "tests.browser.urls"

    def walk_over(*screens: Screen, scripted: bool = True) -> str:
        walk = Walk(open_window, {"": None}, scripted=scripted)
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


def test_the_walk_notices_it_without_javascript_too(notice: Callable[..., str]) -> None:
    noticed = notice(BAD, scripted=False)
    for what in ("inline style", "nothing.png", "desktop, light: axe label", "phone, light: scrolls sideways"):
        assert what in noticed
    assert "careful" not in noticed


def test_the_walk_notices_that_it_is_on_another_page(notice: Callable[..., str]) -> None:
    broken = replace(BAD, address="/broken/")
    assert "was answered 500" in notice(broken)
    assert "was answered 500" in notice(replace(broken, steps=lambda page: page.goto("/bad/")))
    assert "was answered 200" in notice(replace(BAD, status=403))


def test_the_walk_notices_that_what_it_came_for_is_not_there(notice: Callable[..., str]) -> None:
    def hurry(page: Page) -> None:
        page.set_default_timeout(300)

    assert "waiting for" in notice(replace(BAD, shows="css=h2", steps=hurry))
