"""Every screen, in both themes and both sizes: nothing in the console, nothing that its policy forbids, nothing that
scrolls sideways, nothing that axe-core finds."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User

from tests.browser.screens import SECTIONS
from tests.browser.walk import OpenWindow, Walk
from tests.browser.watch import LOOKS, Look
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NO_SCREENS = {
    "a file": "auditevent_export auditevent_export_csv connection_import_left_out connection_import_template "
    "stoprun_evidence hold_evidence hold_undo_file connection_export connection_export_csv",
    "a part of a page": "connection_refresh stoprun_progress hold_progress",
    "leads to a screen at once": "account_history account_pause account_resume auditevent_verify connection_history "
    "connection_read stoprun_again stoprun_cut_back stoprun_history stoprun_pause stoprun_resume stoprun_verify "
    "hold_end hold_extend hold_raise hold_decline hold_decide hold_try hold_history approval_approve approval_deny "
    "approval_withdraw approval_glass approval_review approval_history approval_change connection_display "
    "approval_change_confirm approval_change_deny approval_change_withdraw "
    "connection_pasted_change connection_selection connection_view_delete connection_view_start stoprun_note "
    "stoprun_resume_all stoprun_send_now stoprun_take_over stoprun_wait "
    "apitoken_revoke apitoken_change apitoken_history",
    "nobody may": "account_delete auditevent_add auditevent_change auditevent_delete auditevent_history "
    "connection_delete stoprun_add stoprun_delete hold_add hold_delete approval_add approval_delete "
    "apitoken_delete",
}
"""Why there is no screen at these addresses of ours."""


FOR_A_PUSH = {
    "connections": (
        "connections, list complete",
        "connections, all selected on a phone",
        "confirm, many",
        "connection, active",
        "connection, stopped",
    ),
    "runs": ("runs", "run, running", "run, done"),
    "history": ("history",),
    "around": ("overview", "sign-in, wrong", "account", "error 404"),
}
"""One of each kind, by section and name: `make test` walks these in two looks, each with every rule of axe-core."""


@pytest.mark.parametrize("look", LOOKS[:2], ids=lambda look: look[0])
def test_nothing_is_wrong_on_one_screen_of_each_kind(
    world: World, cast: dict[str, User | None], open_window: OpenWindow, base_url: str, look: Look
) -> None:
    walk = Walk(open_window, cast, (look,))
    for section, names in FOR_A_PUSH.items():
        screens_of_it, _names = SECTIONS[section]
        by_name = {screen.name: screen for screen in screens_of_it(world, base_url)}
        for name in names:
            walk.to(by_name[name])
    assert not walk.complaints, "\n".join(walk.complaints)


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
def test_nothing_is_wrong_on_any_screen_in_either_theme_and_size(
    world: World, cast: dict[str, User | None], open_window: OpenWindow, base_url: str, section: str
) -> None:
    screens_of_it, names = SECTIONS[section]
    walk = Walk(open_window, cast)
    for screen in screens_of_it(world, base_url):
        walk.to(screen)
    assert not walk.complaints, "\n".join(walk.complaints)
    assert full(names) <= walk.reached, full(names) - walk.reached


def test_every_address_of_ours_belongs_to_a_section() -> None:
    walked = full(" ".join(names for _screens, names in SECTIONS.values()))
    assert names_of_ours() <= walked, names_of_ours() - walked


def full(names: str) -> set[str]:
    return {f"admin:connections_{name}" for name in names.split()}


def names_of_ours() -> set[str]:
    """The names of the addresses of the panel's own pages."""
    names = {
        pattern.name for pattern in admin.site.get_urls() for pattern in getattr(pattern, "url_patterns", [pattern])
    }
    none = {f"connections_{name}" for several in NO_SCREENS.values() for name in several.split()}
    assert none <= names
    return {f"admin:{name}" for name in names - none if name and name.startswith("connections_")}
