"""The screens of the door: the second factor, where one is signed in, the proof before what can't be undone."""

from __future__ import annotations

import pyotp
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from connections.people import factors
from connections.web import proofs
from tests.browser import steps
from tests.browser.screen import Screen, text, title
from tests.browser.world import World
from tests.conftest import PASSWORD
from tests.support.runs import WEB


def sign_in(world: World, url: str) -> list[Screen]:
    """Bob has a code app; nobody else has a second factor."""
    bob = User.objects.get(username="bob")
    secret = factors.new_secret()
    assert factors.add_app(bob, secret, pyotp.TOTP(secret).at(timezone.now()), WEB)
    return [*_second(), *_own(), *_proof(), *_others(world)]


def _second() -> list[Screen]:
    overview = reverse("admin:index")
    return [
        Screen("second factor", overview, title("Second factor"), who="", steps=_give_password),
        Screen("second factor, wrong", overview, text("This proves nothing"), who="", steps=_give_wrong_code),
        Screen("passkey alone", reverse("passkey_alone"), title("Sign in with a passkey"), who=""),
    ]


def _own() -> list[Screen]:
    own, sessions = reverse("factors"), reverse("sessions")
    return [
        Screen("how you sign in", own, text("Scan this with the app")),
        Screen("how you sign in, wrong code", own, text("This is not the code"), steps=_add_app_wrongly),
        Screen("how you sign in, with an app", own, text("An app makes codes"), who="bob"),
        Screen(
            "how you sign in, new codes", own, text("shown this once"), who="bob", steps=steps.press("^Make new ones")
        ),
        Screen("sessions", sessions, title("Where you are signed in")),
        Screen("sessions, ended", sessions, "css=.messagelist", steps=steps.press("^End all but")),
    ]


def _proof() -> list[Screen]:
    address = proofs.prove_address(reverse("factors"), "to change how you sign in")
    return [
        Screen("prove, by password", address, text("Your password")),
        Screen("prove, wrong password", address, text("This is not your password"), steps=_prove_wrongly),
        Screen("prove, by code", address, text("6 digits from your code app"), who="bob"),
    ]


def _others(world: World) -> list[Screen]:
    end = reverse("end_everything", args=[world.operator.pk])
    return [
        Screen("end everything", end, title("End everything of alice?"), who="admin"),
        Screen("end everything, may not", end, title("You may not do this"), who="bob", status=403),
        Screen("claims", reverse("claims"), title("What the identity provider gives"), who="admin"),
        Screen("API", reverse("api-docs"), title("API"), who="admin"),
    ]


def _give_password(page: steps.Page) -> None:
    page.fill("#id_username", "bob")
    page.fill("#id_password", PASSWORD)
    steps.send(page)


def _give_wrong_code(page: steps.Page) -> None:
    _give_password(page)
    page.get_by_label("6 digits").fill("000000")
    steps.send(page)


def _add_app_wrongly(page: steps.Page) -> None:
    page.fill("#app-code", "000000")
    page.get_by_role("button", name="Add the app").click()


def _prove_wrongly(page: steps.Page) -> None:
    page.get_by_label("Your password").fill("not this")
    steps.send(page)
