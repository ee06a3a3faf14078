"""The screens around the work: signing in, the ways in, accounts, people, errors."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.test import override_settings
from django.urls import reverse

from tests.browser import steps
from tests.browser.screen import Screen, page_of, text, title
from tests.browser.world import World

NOT_ALLOWED_HOST = "panel.localhost"
NOBODY_LISTENS = "http://127.0.0.1:9/apv/v27"
NO_SUCH_SERVICE = "80:00:00:00:01:FF:FF:FF"


def around(world: World, url: str) -> list[Screen]:
    return [*_doors(), *_ways_in(world), *_open(), *_accounts(world), *_people(world), *_errors(world, url)]


def _doors() -> list[Screen]:
    overview, password = reverse("admin:index"), reverse("admin:password_change")
    preferences = reverse("preferences")
    return [
        Screen("sign-in", overview, title("Sign in"), who=""),
        Screen("sign-in, nothing filled in", overview, text("are both needed"), who="", steps=steps.send),
        Screen("sign-in, wrong", overview, text("do not match"), who="", steps=steps.sign_in_wrongly),
        Screen("sign-in, by somebody without staff status", overview, text("You are signed in as guest"), who="guest"),
        Screen("overview", overview, text("Needs you")),
        Screen("overview, menus and help", overview, text("This help"), steps=steps.menus_and_help, scripted=True),
        Screen("overview, may see nothing", overview, text("Nothing to see yet"), who="newcomer"),
        Screen("password change", password, title("Password change")),
        Screen("password change, wrong", password, "css=.errorlist", steps=steps.send),
        Screen("password changed", reverse("admin:password_change_done"), title("Password change")),
        Screen("signed out", overview, title("Signed out"), who="goer", steps=steps.sign_out),
        Screen("preferences", preferences, title("Language and time zone")),
        Screen("preferences, saved", preferences, "css=.messagelist .success", steps=steps.send),
    ]


def _ways_in(world: World) -> list[Screen]:
    add, choose = page_of("connections_connection", "add"), page_of("connections_connection", "import")

    def kept(name: str) -> str:
        return page_of("connections_connection", "import_upload", world.uploads[name].key)

    return [
        Screen("add", add, text("Add the connection"), who="admin"),
        Screen("add, nothing filled in", add, "css=.errornote", who="admin", steps=steps.send),
        Screen("add, may not", add, title("You may not do this"), status=403),
        Screen("import", choose, text("What the file holds"), who="admin"),
        Screen("import, no file", choose, text("Choose a file."), who="admin", steps=steps.send),
        Screen("import, not read yet", choose, title("Reading lifts.csv"), who="admin", steps=steps.send_file),
        Screen("import, can't be read", choose, title("lifts.csv can't be read"), who="admin", steps=steps.send_broken),
        Screen("import, preview", choose, title("Import 1 of 2"), who="admin", steps=steps.choose_file),
        Screen("import, done", choose, title("Imported: 1 added"), who="admin", steps=steps.import_file),
        Screen("import, too old", kept("old"), text("more than 30 minutes ago"), who="admin"),
        Screen("import, running", kept("running"), title("The import is under way"), who="admin"),
        Screen("import, only bad rows", kept("bad"), text("No row of this file can be taken"), who="admin"),
    ]


def _nobody_listens() -> AbstractContextManager[object]:
    return override_settings(REMOTEIT_API_URL=NOBODY_LISTENS)


def _open() -> list[Screen]:
    address = page_of("connections_connection", "open")
    refused, by_key = steps.open_at(NO_SUCH_SERVICE), steps.open_at(NO_SUCH_SERVICE, "field-ops")
    unclear, unsent = text("It may have opened one"), text("It did not leave this machine")
    return [
        Screen("open", address, title("Open a connection"), who="admin"),
        Screen("open, nothing filled in", address, text("Choose a service, or"), who="admin", steps=steps.send),
        Screen("open, refused", address, text("remote.it refused"), who="admin", steps=refused),
        Screen("open, unknown", address, unclear, who="admin", steps=by_key),
        Screen("open, not sent", address, unsent, who="admin", steps=by_key, under=_nobody_listens),
        Screen("open, may not", address, title("You may not do this"), who="bob", status=403),
    ]


def _accounts(world: World) -> list[Screen]:
    accounts, add = page_of("connections_account"), page_of("connections_account", "add")
    one = page_of("connections_account", "change", world.field_ops.pk)
    return [
        Screen("accounts", accounts, "css=#account_list", who="admin"),
        Screen("accounts, may not", accounts, title("You may not do this"), status=403),
        Screen("account, new", add, title("Add an account"), who="admin"),
        Screen("account, with errors", add, "css=.errornote", who="admin", steps=steps.add_account_twice),
        Screen("account", one, title("field-ops"), who="admin"),
        Screen("account, test", one, "css=ol.checks", who="admin", steps=steps.press("^Test connection")),
        Screen(
            "account, remove",
            page_of("connections_account", "remove", world.field_ops.pk),
            text("is destroyed here"),
            "admin",
        ),
    ]


def _people(world: World) -> list[Screen]:
    operator, group = world.operator.pk, world.group.pk
    pages = {
        "people": (reverse("admin:app_list", args=["auth"]), "Authentication"),
        "app": (reverse("admin:app_list", args=["connections"]), "Connections"),
        "users": (page_of("auth_user"), "Users"),
        "user, new": (page_of("auth_user", "add"), "Add user"),
        "user": (page_of("auth_user", "change", operator), "Change user"),
        "user, password": (reverse("admin:auth_user_password_change", args=[operator]), "Change password"),
        "groups": (page_of("auth_group"), "Groups"),
        "group, new": (page_of("auth_group", "add"), "Add group"),
        "group": (page_of("auth_group", "change", group), "Change group"),
        "group, delete": (page_of("auth_group", "delete", group), ""),
    }
    return [
        *(Screen(name, address, title(words), who="admin") for name, (address, words) in pages.items()),
        Screen("users, menus open", pages["users"][0], "css=.popover", who="admin", steps=steps.open_menus),
        Screen("user, new, nothing filled in", pages["user, new"][0], "css=.errorlist", who="admin", steps=steps.send),
        Screen("user, saved", pages["user"][0], "css=.messagelist .success", who="admin", steps=steps.send),
        Screen(
            "groups, delete selected", pages["groups"][0], text("Are you sure"), who="admin", steps=steps.delete_groups
        ),
    ]


def _errors(world: World, url: str) -> list[Screen]:
    confirm = page_of("connections_stoprun", "confirm", world.drafts["small"].key)
    host, nothing = url.replace("localhost", NOT_ALLOWED_HOST), title("There is nothing here")
    stale = steps.send_without_cookie
    return [
        Screen("error 400", host, title("could not read that"), who="", status=400),
        Screen("error 403", confirm, title("You may not do this"), who="bob", status=403),
        Screen("error 403, form out of date", reverse("admin:index"), title("This form"), "", 403, steps=stale),
        Screen("error 404", "/admin/connections/connection/999999999/change/", nothing, status=404),
        Screen("error 404, nobody signed in", "/nothing/", nothing, who="", status=404),
        Screen("error 500", "/broken/", title("The panel made a mistake"), status=500),
    ]
