"""Names from outside in a real browser: long ones wrap, and a viewer's list needs no form."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from connections.models import Connection
from tests.browser.walk import OpenWindow
from tests.support.slow import slow_but

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TOO_WIDE = "() => document.documentElement.scrollWidth > innerWidth"
LONG = "W" * 200


@pytest.mark.parametrize("size", slow_but(["phone"], ["desktop", "phone"]))
def test_a_name_of_200_letters_pushes_nothing_off_the_screen(
    bob: User, open_window: OpenWindow, make_connection: Callable[..., Connection], size: str
) -> None:
    connection = make_connection(device_name=LONG, service_name=LONG, opened_by=LONG)
    page = open_window(bob, size=size).new_page()
    for path in ("", f"{connection.pk}/change/"):
        page.goto(f"/admin/connections/connection/{path}")
        expect(page.locator("bdi.name", has_text=LONG).first).to_be_visible()
        assert not page.evaluate(TOO_WIDE), path
    page.goto("/admin/connections/connection/")
    column = page.locator("td.field-open_for").bounding_box()
    assert column is not None
    assert column["x"] + column["width"] <= page.evaluate("innerWidth")
