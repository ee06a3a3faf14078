from __future__ import annotations

from pytest_django import Settings

from connections.templatetags.runs import ticket_at


def test_a_ticket_leads_to_where_tickets_are_and_to_nowhere_else(settings: Settings) -> None:
    settings.TICKET_URL = ""
    assert ticket_at("INC-9") == ""
    settings.TICKET_URL = "https://tickets.example/{ticket}"
    assert 'href="https://tickets.example/..%2F%3Fa%26%22"' in ticket_at('../?a&"')
