"""How much of a list is seen at once, before anybody scrolls."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from connections.models import Account, Connection
from tests.browser.walk import OpenWindow
from tests.support.uploads import make_worker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ABOVE_THE_BAR = """() => {
  const bar = document.querySelector(".actions").getBoundingClientRect().top;
  return [...document.querySelectorAll("#result_list tbody tr")]
    .filter((row) => row.getBoundingClientRect().bottom <= bar).length;
}"""


@pytest.mark.parametrize(("size", "rows"), [("desktop", 15), ("phone", 6)])
def test_so_many_rows_are_in_the_first_screen(
    alice: User,
    settings: Settings,
    open_window: OpenWindow,
    account: Account,
    make_connection: Callable[..., Connection],
    size: str,
    rows: int,
) -> None:
    make_worker()
    now = timezone.now()
    Account.objects.update(listed_at=now, completely_listed_at=now)
    for _ in range(20):
        make_connection()
    settings.WORKER_LEASE_SECONDS = 60
    page = open_window(alice, size=size).new_page()
    page.goto("/admin/connections/connection/")
    assert page.evaluate(ABOVE_THE_BAR) >= rows
