"""Signing in to read a list: whatever reaches remote.it has its line before it leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django import Settings

from connections.accounts.credentials import client_for
from connections.live.lister import Clients
from connections.live.read import read_list
from connections.models import Account, AuditEvent, AuditHead
from connections.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def told() -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in AuditEvent.objects.order_by("seq")]


def test_a_sign_in_has_its_lines_before_the_list_has_its_own(sandbox: Sandbox, account: Account) -> None:
    read_list(account)
    assert [line["action"] for line in told()] == [
        "account.sign_in_sent",
        "account.sign_in_answered",
        "list.started",
        "list.read",
    ]
    assert (told()[1]["outcome"], told()[1]["account"]) == ("accepted", "default")


def test_nothing_is_sent_whose_line_can_not_be_written(sandbox: Sandbox, account: Account) -> None:
    AuditHead.objects.all().delete()
    with pytest.raises(AuditHead.DoesNotExist):
        read_list(account)
    assert sandbox.log.rows("") == []


def test_each_sign_in_that_remoteit_got_is_told(sandbox: Sandbox, account: Account) -> None:
    clients = Clients()
    for _ in range(4):
        read_list(account, clients.of(account))
        sandbox.advance(31 * 86400)  # longer than a token lives
    asked = len(sandbox.log.rows("user/login"))
    assert asked > 1
    assert sum(line["action"] == "account.sign_in_sent" for line in told()) == asked


def test_a_refused_sign_in_is_told_and_no_list_is_asked_for(
    sandbox: Sandbox, account: Account, settings: Settings
) -> None:
    settings.REMOTEIT_PASSWORD = "wrong"
    reading = read_list(account)
    assert "[0102]" in reading.why
    assert [line.get("outcome") for line in told()] == [None, "refused", None, None]
    assert sandbox.log.rows("graphql/v1") == []


def test_who_is_signed_in_already_signs_in_no_second_time(sandbox: Sandbox, account: Account) -> None:
    with client_for(account) as client:
        read_list(account, client)
        read_list(account, client)
    assert len(sandbox.log.rows("user/login")) == 1
    assert sum(line["action"] == "account.sign_in_sent" for line in told()) == 1
