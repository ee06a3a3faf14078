"""Every screen of the panel's own, with the steps that lead to it."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse

from connections.inventory.grammar.fields import TABS
from tests.browser import steps
from tests.browser.screen import Screen, page_of, text, title
from tests.browser.screens_around import around
from tests.browser.screens_decisions import decisions
from tests.browser.screens_holds import holds
from tests.browser.screens_integrations import integrations
from tests.browser.screens_lists import lists
from tests.browser.screens_notices import notices
from tests.browser.screens_people import people
from tests.browser.screens_sign_in import sign_in
from tests.browser.screens_steering import steering
from tests.browser.troubles import faulty_history
from tests.browser.world import World

COMPLETE = "css=.list-ok:has-text('complete')"


def connections(world: World, url: str) -> list[Screen]:
    return [*_list(), *_list_troubles(world), *_confirm(world), *_connection(world)]


def runs(world: World, url: str) -> list[Screen]:
    return [*_runs(world), *_run_done(world)]


def history(world: World, url: str) -> list[Screen]:
    return _history(world)


SECTIONS: dict[str, tuple[Callable[[World, str], list[Screen]], str]] = {
    "connections": (connections, "connection_changelist connection_change connection_stop stoprun_confirm"),
    "runs": (runs, "stoprun_changelist stoprun_change stoprun_cancel stoprun_confirm"),
    "holds": (holds, "hold_changelist hold_change hold_reach hold_leave"),
    "decisions": (
        decisions,
        "approval_changelist approval_page approval_ceilings approval_protected approval_change_page",
    ),
    "integrations": (integrations, "apitoken_changelist apitoken_page apitoken_add"),
    "lists": (
        lists,
        "connection_paste connection_pasted connection_views connection_view_save",
    ),
    "steering": (steering, "stoprun_leave stoprun_pause_all"),
    "notices": (notices, ""),
    "people": (people, ""),
    "sign_in": (sign_in, ""),
    "history": (history, "auditevent_changelist"),
    "around": (
        around,
        "connection_add connection_import connection_import_upload connection_open account_changelist account_add "
        "account_change account_test account_remove",
    ),
}
"""The screens for a panel at a URL, each section in a world of its own; and which of our own addresses it leads to."""


def _list() -> list[Screen]:
    address = page_of("connections_connection")
    return [
        Screen("connections, list complete", f"{address}?account=default", COMPLETE),
        *(
            Screen(f"connections, {tab}", f"{address}?status={tab}", f'css=.tabs li.selected:has-text("{words}")')
            for tab, (words, _statuses) in TABS.items()
        ),
        Screen("connections, menus open", f"{address}?open_for=under-15m", "css=.popover", steps=steps.open_menus),
        Screen("connections, page 2", f"{address}?p=2", "css=.paginator >> text=Previous"),
        Screen("connections, none match", f"{address}?q=nothing-has-this-name", text("No open connection matches")),
        Screen(
            "connections, bad filter", f"{address}?status=closed&colour=blue", text("Nothing is listed."), status=400
        ),
        Screen("connections, one selected", address, text("1 selected"), steps=steps.tick_one, scripted=True),
        *(
            Screen(
                f"connections, all selected on a {size}",
                f"{address}?account=default",
                "css=.actions .all",
                steps=steps.select_all,
                size=size,
                scripted=True,
            )
            for size in ("desktop", "phone")
        ),
        Screen("connections, may only look", address, title("Connections"), who="bob"),
        Screen("connections, ways in", address, text("Import a CSV file"), who="admin", steps=steps.open_ways_in),
        Screen(
            "connections, signed out meanwhile",
            address,
            text("You are signed out."),
            who="leaver",
            steps=steps.be_signed_out_meanwhile,
            scripted=True,
        ),
    ]


def _list_troubles(world: World) -> list[Screen]:
    said = {
        "field-ops": "could not be listed whole since",
        "held": "is paused by a person since",
        "stale": "was not listed again for a while",
        "never-read": "no list of it has been read yet",
        "outside": "is outside its list",
    }
    address = page_of("connections_connection")
    lists = [Screen(f"connections, {name}", f"{address}?account={name}", text(words)) for name, words in said.items()]
    return [
        *lists,
        Screen("connections, of all accounts", address, text("This list is incomplete")),
        Screen("overview, administrator's", reverse("admin:index"), text("could not be listed whole"), who="admin"),
    ]


def _confirm(world: World) -> list[Screen]:
    def address(name: str) -> str:
        return page_of("connections_stoprun", "confirm", world.drafts[name].key)

    return [
        Screen("confirm, many", address("large"), text("to confirm")),
        Screen("confirm, many, nothing filled in", address("large"), "css=.errornote", steps=steps.send),
        Screen("confirm, many, what is skipped", address("large") + "?show=not_active", text("Skipped:")),
        Screen("confirm, few", address("small"), title("Stop 8 connections?")),
        Screen("confirm, nothing to stop", address("nothing"), text("There is nothing to press here")),
        Screen("confirm, too old", address("expired"), text("older than 30 minutes")),
    ]


def _connection(world: World) -> list[Screen]:
    def address(name: str) -> str:
        return page_of("connections_connection", "change", world.connections[name].pk)

    shown = {
        "active": "Stop this connection",
        "stopping": "is stopping it",
        "unknown": "What happened to it",
        "stopped": "Open again?",
        "ended": "What happened to it",
        "past-end": "It should have ended by itself",
        "confirmed_gone": "confirmed gone by the list of",
        "still_alive": "still alive in the list of",
        "came_back": "Look at what came back",
        "unverified": "unverified:",
        "outside": "outside the list",
        "incomplete": "could not be listed whole since",
    }
    return [
        *(Screen(f"connection, {name}", address(name), text(words)) for name, words in shown.items()),
        Screen("connection, no reason", address("active"), "css=.errornote", steps=steps.send),
        Screen("connection, may only look", address("active"), text("You may look, not stop"), who="bob"),
    ]


def _runs(world: World) -> list[Screen]:
    def address(name: str) -> str:
        return page_of("connections_stoprun", "change", world.runs[name].pk)

    runs, running = page_of("connections_stoprun"), world.runs["running"]
    return [
        Screen("runs", runs, "css=#run_list"),
        Screen("runs, need somebody", f"{runs}?state=attention", 'css=.tabs li.selected:has-text("Need somebody")'),
        Screen("runs, none", runs, text("No runs yet"), who="bob"),
        Screen("runs, bad filter", f"{runs}?state=odd", text("is not known"), status=400),
        Screen("run, running", address("running"), text("By account")),
        Screen("run, paused", address("paused"), 'css=main button:has-text("Resume")'),
        Screen("run, unclear", address("unclear"), text("2 are unknown")),
        Screen("run, of one", address("single"), text("confirmed gone")),
        Screen(
            "run, asked to cancel",
            page_of("connections_stoprun", "cancel", running.pk),
            text("Cancel what is not sent"),
        ),
    ]


def _run_done(world: World) -> list[Screen]:
    done = page_of("connections_stoprun", "change", world.runs["done"].pk)
    verdicts = ("confirmed_gone", "still_alive", "came_back", "unverified")
    return [
        Screen("run, done", done, text("What this rests on")),
        *(
            Screen(f"run, {verdict}", f"{done}?outcome={verdict}", f"css=.items .status-{verdict}")
            for verdict in verdicts
        ),
        Screen("run, all of it", f"{done}?outcome=all", "css=table.cross", steps=steps.open_menus),
        Screen("run, a number of the table", f"{done}?outcome=stopped:still_alive", "css=.items .status-still_alive"),
        Screen("run, what is sent again", done, text("Continues"), steps=steps.press("^Stop all .* again")),
        Screen("run, what came back", done, text("Continues"), steps=_stop_what_came_back),
        Screen("run, of somebody else", done, text("What this rests on"), who="carol"),
        Screen("run, bad outcome", f"{done}?outcome=odd", text("is not known"), status=400),
    ]


def _stop_what_came_back(page: steps.Page) -> None:
    page.get_by_role("region", name="came back").get_by_role("button").click()


def _history(world: World) -> list[Screen]:
    address = page_of("connections_auditevent")
    connection, run = world.connections["stopped"].pk, world.runs["done"].pk
    return [
        Screen("history", address, text("Asked to stop"), steps=steps.open_menus),
        Screen("history, own", f"{address}?actor={world.operator.pk}", "css=.events", steps=steps.open_menus),
        Screen("history, a connection's", f"{address}?connection={connection}", "css=.events", steps=steps.open_menus),
        Screen("history, one run's", f"{address}?run={run}", text("each attempt by itself")),
        Screen(
            "history, verified, with the key that signs",
            address,
            "css=details.aligned code",
            who="carol",
            steps=steps.open_menus,
        ),
        Screen(
            "history, verified again",
            address,
            text("The whole history was read"),
            who="carol",
            steps=steps.press("^Verify now"),
        ),
        Screen("history, faulty", address, text("it does not hold"), who="carol", under=faulty_history),
        Screen("history, one line", f"{address}?line=1", text("with its hash"), who="carol"),
        Screen("history, nothing", f"{address}?q=nothing-has-this-reason", text("Nothing here")),
        Screen("history, bad filter", f"{address}?colour=blue", text("Nothing is listed"), status=400),
        Screen("evidence, for reading", world.evidence, "css=h1", who=""),
    ]
