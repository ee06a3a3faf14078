"""Sign-in in a real browser: a passkey of a virtual authenticator, a code, a recovery code; under the strict CSP."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyotp
import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from connections.models.door.factors import CodeApp, Passkey
from connections.people import factors
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page(open_window: Callable[..., BrowserContext]) -> Page:
    """A window of somebody who is not signed in, with a device that keeps passkeys. It notes what the CSP refuses."""
    window = open_window()
    page = window.new_page()
    page.said = []  # type: ignore[attr-defined]
    page.on("console", lambda message: page.said.append(message.text))  # type: ignore[attr-defined]
    devtools = window.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return page


def by_name(server: LiveServer) -> str:
    return str(server.url).replace("127.0.0.1", "localhost")


def sign_in(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/admin/login/?next=/admin/sign-in/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def no_csp_error(page: Page) -> None:
    said: list[str] = page.said  # type: ignore[attr-defined]
    assert [text for text in said if "Content Security Policy" in text] == []


def test_a_passkey_is_added_and_opens_without_a_password(page: Page, live_server: LiveServer, alice: User) -> None:
    url = by_name(live_server)
    sign_in(page, url, "alice")
    page.get_by_label("Name of the device").fill("laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes, shown this once")).to_be_visible()
    assert Passkey.objects.get().user == alice
    page.context.clear_cookies()
    page.goto(f"{url}/admin/login/?next=/admin/sessions/")
    page.get_by_role("link", name="Sign in with a passkey").click()
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("heading", name="Where you are signed in")).to_be_visible()
    no_csp_error(page)


def test_a_passkey_is_the_second_factor_after_the_password(page: Page, live_server: LiveServer, alice: User) -> None:
    url = by_name(live_server)
    sign_in(page, url, "alice")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes, shown this once")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, url, "alice")
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("heading", name="How you sign in")).to_be_visible()
    no_csp_error(page)


def test_a_code_and_a_recovery_code_open(page: Page, live_server: LiveServer, alice: User) -> None:
    secret = factors.new_secret()
    CodeApp.objects.create(user=alice, secret=secret)
    sign_in(page, str(live_server.url), "alice")
    page.get_by_label(re.compile("6 digits")).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="How you sign in")).to_be_visible()
    page.get_by_role("button", name=re.compile("Make new ones")).click()
    code = page.locator(".recovery-codes").inner_text().split()[0]
    page.context.clear_cookies()
    sign_in(page, str(live_server.url), "alice")
    page.get_by_label(re.compile("6 digits")).fill(code)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="How you sign in")).to_be_visible()
    no_csp_error(page)
