"""The screens of people: what each may, since when, and what they see."""

from __future__ import annotations

from django.urls import reverse

from tests.browser.screen import Screen, text, title
from tests.browser.world import World


def people(world: World, url: str) -> list[Screen]:
    return _review()


def _review() -> list[Screen]:
    review = reverse("access_review")
    return [
        Screen("access review", review, title("Access review"), who="admin"),
        Screen("access review, of one permission", f"{review}?permission=stop_connection", "css=table", who="admin"),
        Screen("access review, no such day", f"{review}?on=2001-01-01", text("begins later"), who="admin", status=400),
        Screen("access review, may not", review, title("You may not do this"), who="bob", status=403),
    ]
