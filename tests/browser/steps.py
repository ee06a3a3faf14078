"""What a person does on a page until it is the screen that is meant."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.uploads import read_all

FILE = """device_address,connection_id,device_name
80:00:00:00:01:00:00:01,%s,Lift 1
80:00:00:00:01:00:00:02,not an id,Lift 2
"""
A_REFRESH_MS = 11_000


def open_menus(page: Page) -> None:
    """Unfold whatever is folded, so that it is looked at, too."""
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")


NO_CHECK = "() => { for (const form of document.forms) form.noValidate = true; }"


def open_ways_in(page: Page) -> None:
    page.locator(".object-tools details.menu summary", has_text="Add").click()


def send(page: Page) -> None:
    """Send the form as it is: what the browser would say of it is not ours to look at, what the panel says is."""
    page.evaluate(NO_CHECK)
    page.locator("main [type=submit]:not(#changelist-search *) >> visible=true").last.click()


def press(name: str) -> Callable[[Page], None]:
    """Press the button of this name."""
    return lambda page: page.get_by_role("button", name=re.compile(name)).first.click()


def sign_in_wrongly(page: Page) -> None:
    page.fill("#id_username", "alice")
    page.fill("#id_password", "not this")
    send(page)


def sign_out(page: Page) -> None:
    page.click("#user-menu summary")
    page.click("#logout-form button")


def menus_and_help(page: Page) -> None:
    open_menus(page)
    page.keyboard.press("?")


def tick_one(page: Page) -> None:
    page.locator(".action-select").nth(1).check()


def select_all(page: Page) -> None:
    """Tick the page, then choose all that match."""
    page.click(".actions .page a") if page.locator(".actions .page a").is_visible() else page.check("#action-toggle")
    page.click(".actions .question a")


def delete_groups(page: Page) -> None:
    page.check(".action-select >> nth=0")
    page.select_option("select[name=action]", "delete_selected")
    page.click("button[name=index]")


def send_without_cookie(page: Page) -> None:
    page.context.clear_cookies()
    send(page)


def be_signed_out_meanwhile(page: Page) -> None:
    """Let the list find at its next refresh that nobody is signed in any more."""
    page.clock.install()
    page.reload()
    page.context.clear_cookies()
    page.clock.run_for(A_REFRESH_MS)
    expect(page.locator("[data-unreachable-text]")).to_contain_text("Load the page again")
    page.clock.resume()


def choose_file(page: Page) -> None:
    """Send a file, and have it read: no worker runs here."""
    send_file(page)
    _read(page)


def send_broken(page: Page) -> None:
    """Send a file that breaks off between quotes, and have it read."""
    send_file(page, (FILE % uuid.uuid4()).encode() + b'"')
    _read(page)


def send_file(page: Page, content: bytes = b"") -> None:
    content = content or (FILE % uuid.uuid4()).encode()
    page.set_input_files("input[type=file]", {"name": "lifts.csv", "mimeType": "text/csv", "buffer": content})
    send(page)


def _read(page: Page) -> None:
    page.get_by_role("link", name="Look again").wait_for()
    read_all()
    page.reload()


def import_file(page: Page) -> None:
    choose_file(page)
    page.get_by_role("button", name="Import 1 connection").click()


def open_at(address: str, account: str = "default") -> Callable[[Page], None]:
    """Ask for a connection to the service at `address`."""

    def ask(page: Page) -> None:
        page.fill("#id_device_address", address)
        page.select_option("#id_account", label=account)
        send(page)

    return ask


def add_account_twice(page: Page) -> None:
    """One without credentials, under a name that is taken."""
    page.fill("#id_name", "field-ops")
    send(page)
