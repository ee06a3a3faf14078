"""`manage.py sync`: the lists are read now, in turn, and the history says who had them read."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from connections.live.turn import LEASE
from connections.models import Account, AuditEvent, Connection
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from tests.conftest import open_in

pytestmark = pytest.mark.django_db(transaction=True)


def sync(*arguments: str) -> int:
    """The exit code of `manage.py sync`."""
    try:
        call_command("sync", *arguments)
    except SystemExit as ended:
        return int(str(ended.code))
    return 0


def test_it_reads_the_lists_and_says_what_they_changed(
    sandbox: Sandbox, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.call(open_in, sandbox.server.world, 2)
    assert sync() == 0
    assert capsys.readouterr().out == "default: 2 open connections, 2 new, 0 ended, 0 verdicts; complete\n"
    assert Connection.objects.count() == 2


def test_a_list_that_is_not_complete_is_said_to_be_so(
    sandbox: Sandbox, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults.add(FaultRule("503", path="graphql/v1"))
    assert sync() == 1
    assert "not complete: " in capsys.readouterr().out


def test_an_account_that_a_person_paused_is_not_read(
    sandbox: Sandbox, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    Account.objects.update(held_at=timezone.now())
    assert sync() == 1
    assert "a person paused the account" in capsys.readouterr().out
    assert sandbox.log.rows("") == []


def test_it_waits_for_the_reading_that_is_under_way(sandbox: Sandbox, account: Account) -> None:
    almost_lost = timezone.now() - LEASE + timedelta(seconds=1)
    Account.objects.update(list_reader="another", list_reader_at=almost_lost)
    assert sync() == 0
    assert timezone.now() - almost_lost >= LEASE


def test_an_account_that_is_not_there_is_wrong_use(account: Account) -> None:
    with pytest.raises(CommandError) as error:
        call_command("sync", "--account", "nobody's")
    assert error.value.returncode == 2


def test_the_history_names_the_system_user(sandbox: Sandbox, account: Account) -> None:
    sync()
    told = AuditEvent.objects.filter(action__in=("account.sign_in_sent", "list.started", "list.read"))
    bodies = [json.loads(event.body) for event in told]
    assert len(bodies) == 3
    assert {body["origin"] for body in bodies} == {"command"}
    assert all(body["system_user"] for body in bodies)
