"""Names from outside don't deceive: their direction is theirs alone, and what is not seen is named."""

from __future__ import annotations

import csv
import io
import re
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client

from connections.audit.export_csv import harmless
from connections.models import Account, Connection
from connections.models.formats import INVISIBLE, for_terminal, isolated, visible
from connections.models.runs import new_key
from connections.stops import plan
from connections.web.middleware import visible_names

OVERRIDE = "photo\u202egnp.exe"
SHOWN = "photo[U+202E]gnp.exe"
LIST = "/admin/connections/connection/"
MakeConnection = Callable[..., Connection]


def test_every_format_character_of_unicode_is_one_that_is_not_seen() -> None:
    characters = map(chr, range(sys.maxunicode + 1))
    formats = [one for one in characters if unicodedata.category(one) in ("Cf", "Zl", "Zp", "Cs")]
    assert [hex(ord(one)) for one in formats if not INVISIBLE.fullmatch(one)] == []


@pytest.mark.parametrize("text", ["Kühl-Gerät 7", "\u05d1\u05d3", "日本語", "a\tb\n", "“quoted” …", "👍🏽"])
def test_what_is_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_a_line_for_a_terminal_steers_none() -> None:
    assert for_terminal("\x1b[31mred\u202e\n") == "[U+001B][31mred[U+202E][U+000A]"


def test_a_name_from_right_to_left_turns_nothing_round_in_a_terminal() -> None:
    assert isolated("\u05d1\u05d3") == "\u2068\u05d1\u05d3\u2069"
    assert isolated("Gate 7") == "Gate 7"


@pytest.fixture
def hostile(make_connection: MakeConnection) -> Connection:
    facts = {"device_name": OVERRIDE, "service_name": f"ssh{OVERRIDE}", "opened_by": f"{OVERRIDE}@example.com"}
    Account.objects.update(name=f"acc {OVERRIDE}")
    return make_connection(**facts, account=Account.objects.get())


@pytest.fixture
def pages(client: Client, admin_user: User, hostile: Connection) -> dict[str, str]:
    """Every page that shows a connection, a run or a person, by its address."""
    client.force_login(admin_user)
    User.objects.create_user(OVERRIDE, is_staff=True)
    draft = plan.draft(admin_user, Connection.objects.all(), {})
    form = {"key": new_key(), "reason": OVERRIDE, "ticket": OVERRIDE}
    run_page = client.post(f"{LIST}{hostile.pk}/stop/", form).url
    addresses = [
        *("/admin/", LIST, f"{LIST}{hostile.pk}/change/", f"{LIST}?device={OVERRIDE}"),
        *(f"/admin/connections/stoprun/{draft.key}/confirm/", "/admin/connections/stoprun/", run_page),
        *("/admin/connections/auditevent/", f"/admin/connections/auditevent/?connection={hostile.pk}"),
        *("/admin/connections/account/", "/admin/auth/user/"),
    ]
    return {address: client.get(address).content.decode() for address in addresses}


@pytest.mark.django_db
def test_no_page_has_a_character_that_is_not_seen(pages: dict[str, str]) -> None:
    raw = [at for at, page in pages.items() if INVISIBLE.search(re.sub(r'\bvalue="[^"]*"', "", page))]
    unnamed = [at for at, page in pages.items() if SHOWN not in page]
    assert (raw, unnamed) == ([], [])


@pytest.mark.django_db
def test_a_name_turns_nothing_round_in_a_page(pages: dict[str, str]) -> None:
    at_least = {LIST: 4, "change/": 4, "confirm/": 4, "stoprun/": 1, "auditevent/": 2}
    for end, names in at_least.items():
        page = next(text for address, text in pages.items() if address.endswith(end))
        assert len(re.findall('<bdi class="name">', page)) >= names, end


@pytest.mark.django_db
def test_a_filter_and_a_form_send_back_what_was_meant(client: Client, admin_user: User, hostile: Connection) -> None:
    client.force_login(admin_user)
    page = client.get(LIST, {"device": OVERRIDE}).content.decode()
    assert f'value="device:{OVERRIDE}"' in page
    assert f'data-key="{hostile.pk}"' in page


def test_what_a_form_sends_back_is_left_alone() -> None:
    html = '<input value="a\u202e"><textarea name="reason">b\u202e</textarea><p title="c\u202e">d\u202e</p>'
    page = visible_names(lambda request: HttpResponse(html))(HttpRequest())
    assert page.content.decode() == (
        '<input value="a\u202e"><textarea name="reason">b\u202e</textarea><p title="c[U+202E]">d[U+202E]</p>'
    )


def test_what_is_no_page_is_left_alone() -> None:
    answer = HttpResponse("a\u202e", content_type="application/json")
    assert visible_names(lambda request: answer)(HttpRequest()).content.decode() == "a\u202e"


def test_a_spreadsheet_shows_what_is_not_seen() -> None:
    assert harmless(f"={OVERRIDE}") == f"'={SHOWN}"


@pytest.mark.django_db
def test_exports_for_people_name_it_and_those_for_programs_keep_it(
    client: Client, admin_user: User, hostile: Connection
) -> None:
    client.force_login(admin_user)
    client.post(f"{LIST}{hostile.pk}/stop/", {"key": new_key(), "reason": OVERRIDE})
    told: dict[str, Any] = {}
    for form in ("csv", "jsonl"):
        out = io.StringIO()
        call_command("export_audit", format=form, stdout=out)
        told[form] = out.getvalue()
    [asked] = [row for row in csv.DictReader(io.StringIO(told["csv"])) if row["action"] == "stop.requested"]
    assert asked["reason"] == SHOWN
    assert OVERRIDE in told["jsonl"]
