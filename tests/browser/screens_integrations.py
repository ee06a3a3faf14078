"""The screens of what lets programs in."""

from __future__ import annotations

from django.contrib.auth.models import User

from connections.audit.origin import Origin
from connections.models.integrations.tokens import Scope
from connections.people import tokens
from tests.browser import steps
from tests.browser.screen import Screen, page_of, text, title
from tests.browser.world import World

COMMAND = Origin("command", system_user="root")


def integrations(world: World, url: str) -> list[Screen]:
    """Alice has a token that is used, one that ends soon and one that is revoked; bob has none."""
    used = _made(world.operator, "night-script", 90, "plant 7 service:ssh", ["192.0.2.0/24"])
    tokens.note_use(used, "192.0.2.14", used.created_at)
    _made(world.operator, "siem-export", 3)
    tokens.revoke(_made(world.operator, "old-laptop", 30), world.operator, COMMAND)
    address, add = page_of("connections_apitoken"), page_of("connections_apitoken", "add")
    page = page_of("connections_apitoken", "page", used.pk)
    return [
        Screen("tokens", address, text("Make its successor…")),
        Screen("tokens, none", address, text("None yet."), who="bob"),
        Screen("tokens, may not", address, title("You may not do this"), who="newcomer", status=403),
        Screen("token", page, text("It opens nothing from the next request on")),
        Screen("token, of somebody else", page, title("There is nothing here"), who="bob", status=404),
        Screen("token, new", add, title("New token")),
        Screen("token, nothing chosen", add, "css=.errornote", status=400, steps=steps.send),
        Screen("token, made", add, text("The token, shown only now"), steps=_make),
    ]


def _made(owner: User, name: str, days: int, narrower: str = "", networks: list[str] | None = None) -> tokens.ApiToken:
    scopes = [Scope.CONNECTIONS_READ, Scope.RUNS_CREATE, Scope.RUNS_READ]
    facts = {"days": days, "by": owner, "origin": COMMAND, "narrower": narrower, "networks": networks or ()}
    return tokens.make(owner, name=name, scopes=scopes, **facts)[0]  # type: ignore[arg-type]


def _make(page: steps.Page) -> None:
    page.get_by_label("Name").fill("plant-7-watch")
    page.get_by_label("connections:read").check()
    page.get_by_role("button", name="Make it").click()
