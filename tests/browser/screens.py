"""Every screen of the panel, with the steps that lead to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from playwright.sync_api import Page

from connections.admin.filters import TABS
from tests.browser.watch import open_menus
from tests.browser.world import World

NOT_ALLOWED_HOST = "panel.localhost"
FILE = b"""device_address,connection_id,device_name
80:00:00:00:01:00:00:01,11111111-2222-3333-4444-555555555555,Lift 1
80:00:00:00:01:00:00:02,not an id,Lift 2
"""


@dataclass(frozen=True)
class Screen:
    """`who` opens `address`, which is answered with `status`, and then does `steps`; "" is nobody."""

    name: str
    address: str
    who: str = "alice"
    status: int = 200
    steps: Callable[[Page], object] = lambda page: None


def screens(world: World, url: str) -> list[Screen]:
    """All of them, for a panel at `url`."""
    return [
        *_doors(),
        *_list(),
        *_ways_in(),
        *_confirm(world),
        *_connection(world),
        *_runs(world),
        *_history(world),
        *_people(world),
        *_errors(world, url),
    ]


def page_of(model: str, page: str = "changelist", *arguments: object) -> str:
    return reverse(f"admin:{model}_{page}", args=arguments)


def _doors() -> list[Screen]:
    overview, password = reverse("admin:index"), reverse("admin:password_change")
    return [
        Screen("sign-in", overview, who=""),
        Screen("sign-in, nothing filled in", overview, who="", steps=_send),
        Screen("sign-in, wrong", overview, who="", steps=_sign_in_wrongly),
        Screen("sign-in, by somebody without staff status", overview, who="guest"),
        Screen("overview", overview),
        Screen("overview, menu and help open", overview, steps=_menus_and_help),
        Screen("overview, may see nothing", overview, who="newcomer"),
        Screen("password change", password),
        Screen("password change, wrong", password, steps=_send),
        Screen("password changed", reverse("admin:password_change_done")),
        Screen("signed out", overview, who="leaver", steps=_sign_out),
    ]


def _list() -> list[Screen]:
    address = page_of("connections_connection")
    return [
        *(Screen(f"connections, {tab}", f"{address}?status={tab}") for tab in TABS),
        Screen("connections, menus open", f"{address}?open_for=under-15m", steps=open_menus),
        Screen("connections, page 2", f"{address}?p=2"),
        Screen("connections, none match", f"{address}?q=nothing-has-this-name"),
        Screen("connections, bad filter", f"{address}?status=closed&colour=blue", status=400),
        Screen("connections, one selected", address, steps=lambda page: page.locator(".action-select").nth(1).check()),
        Screen("connections, all selected", address, steps=select_all),
        Screen("connections, may only look", address, who="bob"),
    ]


def _ways_in() -> list[Screen]:
    add, choose = page_of("connections_connection", "add"), page_of("connections_connection", "import")
    preferences = reverse("preferences")
    return [
        Screen("add", add, who="admin"),
        Screen("add, nothing filled in", add, who="admin", steps=_send),
        Screen("add, may not", add, status=403),
        Screen("import", choose, who="admin"),
        Screen("import, no file", choose, who="admin", steps=_send),
        Screen("import, preview", choose, who="admin", steps=_choose_file),
        Screen("import, done", choose, who="admin", steps=_import_file),
        Screen("connections, menu of the ways in", page_of("connections_connection"), who="admin", steps=open_menus),
        Screen("preferences", preferences),
        Screen("preferences, saved", preferences, steps=_send),
    ]


def _confirm(world: World) -> list[Screen]:
    def address(name: str) -> str:
        return page_of("connections_stoprun", "confirm", world.drafts[name].key)

    return [
        Screen("confirm, many", address("large")),
        Screen("confirm, many, nothing filled in", address("large"), steps=_send),
        Screen("confirm, many, what is skipped", address("large") + "?show=not_active"),
        Screen("confirm, few", address("small")),
        Screen("confirm, nothing to stop", address("nothing")),
        Screen("confirm, too old", address("expired")),
    ]


def _connection(world: World) -> list[Screen]:
    pages = [
        Screen(f"connection, {name}", page_of("connections_connection", "change", one.pk))
        for name, one in world.connections.items()
    ]
    active = page_of("connections_connection", "change", world.connections["active"].pk)
    return [
        *pages,
        Screen("connection, no reason", active, steps=_send),
        Screen("connection, may only look", active, who="bob"),
    ]


def _runs(world: World) -> list[Screen]:
    address = page_of("connections_stoprun")
    done = page_of("connections_stoprun", "change", world.runs["done"].pk)
    return [
        Screen("runs", address),
        Screen("runs, need a look", f"{address}?state=attention"),
        Screen("runs, none", address, who="bob"),
        Screen("runs, bad filter", f"{address}?state=odd", status=400),
        *(Screen(f"run, {name}", page_of("connections_stoprun", "change", run.pk)) for name, run in world.runs.items()),
        Screen("run, all of it", f"{done}?outcome=all", steps=open_menus),
        Screen("run, asked to cancel", page_of("connections_stoprun", "cancel", world.runs["running"].pk)),
        Screen("run, what is sent again", done, steps=lambda page: page.get_by_role("button", name="Retry").click()),
        Screen("run, of somebody else", done, who="carol"),
        Screen("run, bad outcome", f"{done}?outcome=odd", status=400),
    ]


def _history(world: World) -> list[Screen]:
    address = page_of("connections_auditevent")
    stopped = world.connections["stopped"].pk
    return [
        Screen("history", address, steps=open_menus),
        Screen("history, own", f"{address}?actor={world.operator.pk}", steps=open_menus),
        Screen("history, one connection's", f"{address}?connection={stopped}", steps=open_menus),
        Screen("history, one run's", f"{address}?run={world.runs['done'].pk}"),
        Screen("history, everybody's", address, who="carol", steps=open_menus),
        Screen("history, one line", f"{address}?line=1", who="carol"),
        Screen("history, nothing", f"{address}?q=nothing-has-this-reason"),
        Screen("history, bad filter", f"{address}?colour=blue", status=400),
    ]


def _people(world: World) -> list[Screen]:
    operator, group = world.operator.pk, world.group.pk
    pages = {
        "people": reverse("admin:app_list", args=["auth"]),
        "app": reverse("admin:app_list", args=["connections"]),
        "users": page_of("auth_user"),
        "user, new": page_of("auth_user", "add"),
        "user": page_of("auth_user", "change", operator),
        "user, password": reverse("admin:auth_user_password_change", args=[operator]),
        "user, history": page_of("auth_user", "history", operator),
        "groups": page_of("auth_group"),
        "group, new": page_of("auth_group", "add"),
        "group": page_of("auth_group", "change", group),
        "group, history": page_of("auth_group", "history", group),
        "group, delete": page_of("auth_group", "delete", group),
    }
    return [
        *(Screen(name, address, who="admin") for name, address in pages.items()),
        Screen("overview, administrator's", reverse("admin:index"), who="admin"),
        Screen("users, menus open", pages["users"], who="admin", steps=open_menus),
        Screen("user, new, nothing filled in", pages["user, new"], who="admin", steps=_send),
        Screen("user, saved", pages["user"], who="admin", steps=_send),
        Screen("groups, delete selected", pages["groups"], who="admin", steps=_delete_groups),
    ]


def _errors(world: World, url: str) -> list[Screen]:
    confirm = page_of("connections_stoprun", "confirm", world.drafts["small"].key)
    return [
        Screen("error 400", url.replace("localhost", NOT_ALLOWED_HOST), who="", status=400),
        Screen("error 403", confirm, who="bob", status=403),
        Screen("error 403, form out of date", reverse("admin:index"), who="", steps=_send_without_cookie),
        Screen("error 404", "/admin/connections/connection/999999999/change/", status=404),
        Screen("error 404, nobody signed in", "/nothing/", who="", status=404),
        Screen("error 500", "/broken/", status=500),
    ]


def _send(page: Page) -> None:
    page.locator("main [type=submit]:not(#changelist-search *)").last.click()


def _sign_in_wrongly(page: Page) -> None:
    page.fill("#id_username", "alice")
    page.fill("#id_password", "not this")
    _send(page)


def _sign_out(page: Page) -> None:
    page.click("#user-menu summary")
    page.click("#logout-form button")


def _menus_and_help(page: Page) -> None:
    open_menus(page)
    page.keyboard.press("?")


def select_all(page: Page) -> None:
    """Tick the page, then choose all that match."""
    page.click(".actions .page a") if page.locator(".actions .page a").is_visible() else page.check("#action-toggle")
    page.click(".actions .question a")


def _delete_groups(page: Page) -> None:
    page.check(".action-select >> nth=0")
    page.select_option("select[name=action]", "delete_selected")
    page.click("button[name=index]")


def _send_without_cookie(page: Page) -> None:
    page.context.clear_cookies()
    _send(page)


def _choose_file(page: Page) -> None:
    page.set_input_files("input[type=file]", {"name": "lifts.csv", "mimeType": "text/csv", "buffer": FILE})
    _send(page)


def _import_file(page: Page) -> None:
    _choose_file(page)
    page.get_by_role("button", name="Import 1 connection").click()
