"""The screens of people: what each may, since when, and what they see."""

from __future__ import annotations

from django.urls import reverse

from tests.browser import steps
from tests.browser.screen import Screen, text, title
from tests.browser.world import World


def people(world: World, url: str) -> list[Screen]:
    return [*_pages(world), *_review()]


def _pages(world: World) -> list[Screen]:
    people, add, one = reverse("people"), reverse("person_add"), reverse("person", args=[world.operator.pk])
    change = reverse("person_change", args=[world.operator.pk])
    return [
        Screen("people, one page", people, title("People"), who="admin"),
        Screen("people, nobody matches", f"{people}?q=nobody-has-this-name", text("Nobody matches"), who="admin"),
        Screen("people, may not", people, title("You may not do this"), who="bob", status=403),
        Screen("person, new", add, title("Add person"), who="admin"),
        Screen("person, new, nothing filled in", add, "css=.errorlist", who="admin", steps=steps.send),
        Screen("person, added", add, text("whoever opens it first"), who="admin", steps=_add),
        Screen("person", one, text("What alice may do"), who="admin"),
        Screen("person, change", change, text("May sign in"), who="admin"),
        Screen("person, their list", one, title("What alice sees"), who="admin", steps=steps.press("^Show their list")),
        Screen("first password, used link", reverse("first_password", args=["MQ", "1-2"]), text("counts no more"), ""),
    ]


def _add(page: steps.Page) -> None:
    page.fill("#id_name", "Lena Brandt")
    page.fill("#id_email", "lena@example.com")
    page.get_by_label("Operators").first.check()
    steps.send(page)


def _review() -> list[Screen]:
    review = reverse("access_review")
    return [
        Screen("access review", review, title("Access review"), who="admin"),
        Screen("access review, of one permission", f"{review}?permission=stop_connection", "css=table", who="admin"),
        Screen("access review, no such day", f"{review}?on=2001-01-01", text("begins later"), who="admin", status=400),
        Screen("access review, may not", review, title("You may not do this"), who="bob", status=403),
    ]
