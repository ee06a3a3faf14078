"""The screens of what people keep of the list of connections: pasted lists, saved views, columns."""

from __future__ import annotations

from collections.abc import Callable

from connections.admin.connections.saved import address_of
from connections.inventory import pasted_lists
from connections.models import SavedView
from tests.browser import steps
from tests.browser.screen import Screen, page_of, text, title
from tests.browser.world import World


def lists(world: World, url: str) -> list[Screen]:
    return [*_pasted(world), *_views(world)]


def _pasted(world: World) -> list[Screen]:
    paste, open_one = page_of("connections_connection", "paste"), world.connections["active"]
    lines = [
        open_one.device_name,
        open_one.device_name,
        open_one.opened_by,
        world.connections["ended"].connection_id,
        "Nothing has this name",
        f"{open_one.device_name[:-1]}§",
    ]
    pasted = pasted_lists.keep(world.operator, "\n".join(lines))
    address = page_of("connections_connection", "pasted", pasted.key)
    listed = f"{page_of('connections_connection')}?list={pasted.key}"
    return [
        Screen("paste", paste, title("Paste a list")),
        Screen("paste, again", f"{paste}?list={pasted.key}", title("Paste a list")),
        Screen("paste, nothing filled in", paste, text("There is no line in it"), status=400, steps=steps.send),
        Screen("paste, may not", paste, title("You may not do this"), who="newcomer", status=403),
        Screen("pasted", address, title("lines matched")),
        Screen("pasted, by somebody else", address, title("lines matched"), who="bob"),
        Screen("pasted, in the list", listed, "css=#result_list"),
    ]


def _views(world: World) -> list[Screen]:
    views, save = page_of("connections_connection", "views"), page_of("connections_connection", "view_save")
    changelist = page_of("connections_connection")
    mine = SavedView.objects.create(
        user=world.operator, name="Night shift", query="open_for=over-4h&account=default", is_start=True
    )
    SavedView.objects.create(user=world.operator, name="Field operations", query="account=field-ops", is_shared=True)
    SavedView.objects.create(user=world.operator, name="Of an account that is gone", query="account=gone")
    return [
        Screen("views", views, text("Night shift")),
        Screen("views, of others", views, text("Field operations"), who="bob"),
        Screen("view, save", f"{save}?account=default", title("Save this view")),
        Screen("view, save, nothing filled in", save, "css=.errorlist", status=400, steps=steps.send),
        Screen("connections, a saved view", address_of(mine), "css=#views-menu .selected", steps=_open("views")),
        Screen("connections, two lines a row", changelist, "css=.rows-two", steps=_take_two_lines),
        *(
            Screen(
                f"connections, {name} on a {size}",
                changelist,
                f"css=#{name}-menu .popover",
                steps=_open(name),
                size=size,
            )
            for name in ("views", "display")
            for size in ("desktop", "phone")
        ),
    ]


def _open(menu: str) -> Callable[[steps.Page], None]:
    return lambda page: page.click(f"#{menu}-menu summary")


def _take_two_lines(page: steps.Page) -> None:
    _open("display")(page)
    page.get_by_label("Two lines").check()
    page.get_by_role("button", name="Show it so").click()
