"""Sign-in at an identity provider in a real browser: npm's oidc-provider on loopback, under the strict CSP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from connections.models import AuditEvent, Ceiling
from connections.web.sessions import SessionStore
from tests.support.servers import free_port
from tests.support.skips import missing, needs

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs("node"), pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[2]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "sends no “groups”"),
    ({"groups": "ops"}, "no list of names"),
    ({"groups": []}, "no role"),
]


@pytest.fixture
def groups(live_server: LiveServer, settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A provider. What the file holds is what it says beside the name from then on."""
    if not (ROOT / ".venv/node/node_modules/oidc-provider").exists():
        missing("npm's oidc-provider")
    file, port = tmp_path / "claims.json", free_port()
    file.write_text(json.dumps({"groups": ["ops"]}))
    back = f"{live_server.url}/admin/login/oidc/callback/"
    script = ["node", str(ROOT / "tests/support/identity_provider.mjs"), str(port), back, str(file)]
    settings.OIDC_ISSUER = f"http://127.0.0.1:{port}"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "panel", "panel-secret"
    settings.OIDC_GROUP_MAP = {"ops": frozenset({"Administrators"}), "sec": frozenset({"Auditors"})}
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while "ready" not in (line := process.stdout.readline()):
            assert line, "the provider did not start"
        yield file
        process.kill()


def sign_in(page: Page, url: str, name: str = "olga") -> None:
    page.goto(f"{url}/admin/login/?next=/admin/sessions/")
    page.get_by_role("link", name="Sign in at your identity provider").click()
    at_provider(page, name)


def at_provider(page: Page, name: str, *, is_first: bool = True) -> None:
    """Sign in there; the first time in a browser it asks whether the panel may know."""
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("x")
    page.get_by_role("button", name="Sign-in").click()
    if is_first:
        page.get_by_role("button", name="Continue").click()


def test_somebody_signs_in_and_their_roles_are_read_anew_each_time(
    open_window: Callable[..., BrowserContext], live_server: LiveServer, groups: Path
) -> None:
    first = open_window().new_page()
    said: list[str] = []
    first.on("console", lambda message: said.append(message.text))
    sign_in(first, live_server.url)
    expect(first.get_by_role("heading", name="Where you are signed in")).to_be_visible()
    assert set(User.objects.get(username="olga").groups.values_list("name", flat=True)) == {"Administrators"}
    assert AuditEvent.objects.filter(action="user.added", body__contains='"user":"olga"').count() == 1
    for claims, words in REFUSED:
        groups.write_text(json.dumps(claims))
        page = open_window().new_page()
        sign_in(page, live_server.url)
        expect(page.get_by_text(words)).to_be_visible()
    groups.write_text(json.dumps({"groups": ["sec"]}))
    sign_in(open_window().new_page(), live_server.url)
    assert set(User.objects.get(username="olga").groups.values_list("name", flat=True)) == {"Auditors"}
    assert [text for text in said if "Content Security Policy" in text] == []


def test_who_has_no_password_proves_again_at_the_provider_and_goes_on(
    open_window: Callable[..., BrowserContext], live_server: LiveServer, groups: Path
) -> None:
    window = open_window()
    page = window.new_page()
    sign_in(page, live_server.url)
    expect(page.get_by_role("heading", name="Where you are signed in")).to_be_visible()
    page.goto(f"{live_server.url}/admin/connections/approval/ceilings/")
    make_proof_old()
    page.get_by_label("Connections in one run").first.fill("7")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    with window.expect_page() as opened:
        page.get_by_role("link", name="Sign in at your identity provider again").click()
    at_provider(opened.value, "olga", is_first=False)
    expect(opened.value.get_by_text("It is you.")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Saved. It counts from now on.")).to_be_visible()
    assert Ceiling.objects.get().per_run == 7


def make_proof_old() -> None:
    for row in Session.objects.all():
        store = SessionStore()
        data = store.decode(row.session_data)
        if "proof" in data:
            data["proof"][1] = 1
            Session.objects.filter(pk=row.pk).update(session_data=store.encode(data))
