"""On a phone: three services are held, one person comes back, the clock stops, the hold ends and restores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import BrowserContext, Page, expect

from connections.evidence import verify_hold
from connections.live.read import read_list
from connections.models import Account, Connection, Hold, HoldMember
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.sandbox.world.seed import connectable
from tests.support.workers import worker

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
OpenWindow = Callable[..., BrowserContext]
DANA = "dana.k@example.com"
LONG_MS = 60_000


@pytest.fixture
def page(open_window: OpenWindow, alice: User) -> Iterator[Page]:
    names = ("hold_watch", "hold_recut", "hold_links", "hold_services")
    alice.user_permissions.add(*Permission.objects.filter(codename__in=names))
    window = open_window(alice, size="phone")
    window.set_default_timeout(20_000)
    yield window.new_page()


def open_three(sandbox: Sandbox, account: Account) -> list[str]:
    """Dana has three services open, each with a link, and is back two seconds after any stop."""
    world = sandbox.server.world
    addresses = [one.address for one in world.services.values() if connectable(one)][:3]
    for address in addresses:
        sandbox.call(sandbox.server.control.changed_service, {"address": address, "configurable": True, "link": True})
        sandbox.call(world.open, address, DANA)
    sandbox.set(stubborn=2, latency_ms=0)
    assert read_list(account).complete
    return addresses


def choose_to_keep(page: Page) -> None:
    page.goto("/admin/connections/connection/?q=dana")
    for box in page.locator("input.action-select").all():
        box.check()
    page.locator("button.cut").first.click()
    page.get_by_label("Reason").fill("Contractor laptop reported stolen")
    page.get_by_text("And keep it stopped").click()
    page.locator("button.cut:visible").first.click()


def test_a_hold_from_the_confirm_page_to_its_evidence(
    page: Page, sandbox: Sandbox, account: Account, tmp_path: Path
) -> None:
    addresses = open_three(sandbox, account)
    with worker(sandbox):
        choose_to_keep(page)
        expect(page.get_by_text("stop again").first).to_be_visible()
        expect(page.get_by_role("heading", name="came back 3 times to").first).to_be_visible(timeout=LONG_MS)
        sandbox.faults.add(FaultRule("html500", path="graphql/v1"))
        expect(page.get_by_text("clock stopped at")).to_be_visible(timeout=LONG_MS)
        sandbox.faults.clear()
        for level in ("close links", "disable service"):
            form = page.locator("#further")
            form.get_by_label("Reason").fill("they keep coming")
            form.get_by_role("button", name=level).click()
        expect(page.get_by_role("heading", name="Closed 5 of 7 ways back")).to_be_visible(timeout=LONG_MS)
        assert sandbox.world.rows("open") == []
        page.get_by_label("Reason").first.fill("the key was replaced")
        page.get_by_role("button", name="End and restore").click()
        expect(page.get_by_text("6 of 6 restored, 0 wait")).to_be_visible(timeout=LONG_MS)
    services = {one["address"]: one for one in sandbox.call(sandbox.server.control.services)}
    assert all(services[one]["enabled"] and services[one]["link"] for one in addresses)
    assert HoldMember.objects.count() == 3
    assert Connection.objects.filter(opened_by=DANA).count() > 5
    with page.expect_download() as download:
        page.get_by_role("button", name="Evidence").click()
    download.value.save_as(tmp_path / "evidence.zip")
    assert verify_hold.check(verify_hold.read_files(tmp_path / "evidence.zip"))["runs"]
    assert Hold.objects.get().ended_how == "withdrawn"
