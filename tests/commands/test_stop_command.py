from __future__ import annotations

import getpass
import io
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from connections.models import Account, AuditEvent, Connection, StopItem, StopRun, Worker
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.stops.worker.loop import Drain
from tests.support.commands import ROOT, command_line, environment, manage
from tests.support.slow import slow_but

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]
OpenConnections = Callable[..., list[Connection]]

ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
OTHER_ID = "48844999-bbf4-48cf-9a3a-353b7385737a"
WORDS = ("--user", "alice", "--reason", "leaked key")


class Told:
    """What the command wrote, and how it ended."""

    def __init__(self, *arguments: str, **options: Any) -> None:
        out, err = io.StringIO(), io.StringIO()
        self.code, self.error = 0, ""
        options = {"user": "alice", "reason": "leaked key", **options}
        try:
            call_command("stop_connections", *arguments, stdout=out, stderr=err, **options)
        except CommandError as error:
            self.code, self.error = error.returncode, str(error)
        except SystemExit as ended:
            self.code = int(ended.code or 0)
        self.out, self.err = out.getvalue(), err.getvalue()


def refused(*arguments: str, **options: Any) -> Told:
    """The command refuses, with exit code 2, and leaves nothing behind."""
    told = Told(*arguments, **options)
    assert told.code == 2
    assert not StopRun.objects.exists()
    assert not AuditEvent.objects.exists()
    return told


def ids_of(run: StopRun) -> set[str]:
    return set(run.items.values_list("connection__connection_id", flat=True))


# -- starting a run


def test_it_starts_a_run_and_leaves_the_sending_to_the_worker(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    told = Told(ID)
    run = StopRun.objects.get()
    assert (run.state, run.user, run.items.get().state) == ("started", alice, "queued")
    assert (told.code, told.out) == (0, f"Run {run.pk}: 1 queued\n")


def test_the_history_says_who_why_and_that_it_was_a_command(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    Told(ID, ticket="INC-7")
    body = json.loads(AuditEvent.objects.get(action="stop.requested").body)
    assert (body["actor"], body["origin"], body["system_user"]) == ("alice", "command", getpass.getuser())
    assert (body["reason"], body["ticket"], body["count"]) == ("leaked key", "INC-7", 1)


def test_an_id_is_found_in_any_case(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    Told(ID.lower())
    assert ids_of(StopRun.objects.get()) == {ID}


def test_it_reads_one_id_a_line_from_a_file(alice: User, make_connection: MakeConnection, tmp_path: Path) -> None:
    make_connection(connection_id=ID)
    make_connection(connection_id=OTHER_ID)
    make_connection()
    source = tmp_path / "ids.txt"
    source.write_bytes(f"\ufeff{ID}\r\n\r\n  {OTHER_ID}".encode())
    Told(source=str(source))
    assert ids_of(StopRun.objects.get()) == {ID, OTHER_ID}


def test_all_active_takes_those_and_no_others(alice: User, make_connection: MakeConnection) -> None:
    active = make_connection()
    for status in ("unknown", "stopped", "ended", "stopping"):
        make_connection(status=status)
    Told(all_active=True)
    assert ids_of(StopRun.objects.get()) == {active.connection_id}


def test_all_active_of_one_account(alice: User, make_connection: MakeConnection) -> None:
    make_connection()
    other = make_connection(account=Account.objects.create(name="field-ops"))
    Told(all_active=True, account="field-ops")
    assert ids_of(StopRun.objects.get()) == {other.connection_id}


def test_an_id_of_two_accounts_is_stopped_in_the_one_that_is_named(
    alice: User, make_connection: MakeConnection
) -> None:
    make_connection(connection_id=ID)
    other = make_connection(connection_id=ID, account=Account.objects.create(name="field-ops"))
    Told(ID, account="field-ops")
    assert StopItem.objects.get().connection == other


def test_it_warns_when_no_worker_is_alive(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    assert Told(ID).err == "No worker is alive: nothing is sent until one is started.\n"


def test_it_does_not_warn_when_a_worker_is_alive(alice: User, make_connection: MakeConnection) -> None:
    Worker.objects.create(host="here", pid=1, beat_at=Now())
    make_connection(connection_id=ID)
    assert Told(ID).err == ""


def test_an_id_named_twice_is_stopped_once_and_told(
    alice: User, make_connection: MakeConnection, tmp_path: Path
) -> None:
    make_connection(connection_id=ID)
    source = tmp_path / "ids.txt"
    source.write_text(f"{ID}\n{ID.lower()}\n")
    told = Told(source=str(source))
    assert StopItem.objects.count() == 1
    assert f"line 2: {ID.lower()}: The same as line 1: it counts once." in told.err


# -- refusing


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"user": "mallory"}, "There is no user “mallory”."),
        ({"user": "bob"}, "“bob” may not see and stop connections."),
        ({"reason": "  "}, "--reason: Say why"),
        ({"ticket": "x" * 81}, "--ticket: At most 80 characters."),
        ({"account": "field-opps"}, "There is no account “field-opps”."),
        ({"all_active": True}, "one of the four"),
        ({"source": "ids.txt"}, "one of the four"),
    ],
)
def test_it_refuses_a_wrong_use(
    alice: User, bob: User, make_connection: MakeConnection, options: dict[str, Any], says: str
) -> None:
    make_connection(connection_id=ID)
    assert says in refused(ID, **options).error


def test_it_refuses_when_nothing_is_selected(alice: User) -> None:
    assert "one of the four" in refused().error


def test_it_stops_what_a_filter_means_and_says_in_words_what_that_is(
    alice: User, make_connection: MakeConnection
) -> None:
    for name in ("Plant 7 PLC", "Plant 70 PLC"):
        make_connection(device_name=name)
    told = Told(match="plant 7 service:ssh")
    assert "Meant: open connections, with “plant 7” in a name, service “ssh”." in told.err
    run = StopRun.objects.get()
    assert run.items.get().connection.device_name == "Plant 7 PLC"
    assert run.selector == {"door": "command", "by": "filter", "match": "plant 7 service:ssh"}


@pytest.mark.parametrize("text", ["servce:ssh", 'plant "7', "age:>4", "", "  "])
def test_a_filter_that_is_not_understood_stops_nothing(alice: User, make_connection: MakeConnection, text: str) -> None:
    make_connection()
    assert "--match: The filter is" in refused(match=text).error


def test_it_refuses_for_a_user_who_left(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert "may not" in refused(ID).error


def test_it_refuses_for_a_user_who_may_stop_but_not_see(make_connection: MakeConnection) -> None:
    make_connection()
    dave = User.objects.create_user("dave")
    dave.user_permissions.add(Permission.objects.get(codename="stop_connection"))
    assert "may not see" in refused(all_active=True, user="dave").error


def test_an_unknown_id_stops_nothing_at_all(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    assert refused(ID, OTHER_ID).err == f"{OTHER_ID}: No connection with this id is known.\n"


def test_an_id_of_several_accounts_is_ambiguous(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    make_connection(connection_id=ID, account=Account.objects.create(name="field-ops"))
    says = f"{ID}: Several accounts have this id: default, field-ops. Choose one with --account.\n"
    assert refused(ID).err == says


def test_bad_lines_are_told_by_number(alice: User, make_connection: MakeConnection, tmp_path: Path) -> None:
    make_connection(connection_id=ID)
    source = tmp_path / "ids.txt"
    source.write_bytes(f"{ID}\n\nA481EBED\n".encode() + b"\xff\xfe\n" + OTHER_ID.encode())
    told = refused(source=str(source))
    assert [line.split(":")[0] for line in told.err.splitlines()] == ["line 3", "line 4", "line 5"]


def test_a_file_without_an_id_is_refused(alice: User, tmp_path: Path) -> None:
    source = tmp_path / "ids.txt"
    source.write_text("\n\n")
    assert "There is no line in it." in refused(source=str(source)).error


def test_a_file_names_devices_addresses_and_people(
    alice: User, make_connection: MakeConnection, tmp_path: Path
) -> None:
    wanted = {
        make_connection(device_name="Plant 7").connection_id,
        make_connection(opened_by="eve@x.org").connection_id,
    }
    address = make_connection()
    make_connection(device_name="Plant 70")
    source = tmp_path / "list.txt"
    source.write_text(f"plant 07\n{address.device_address}\nEve@X.org\n")
    assert Told(source=str(source)).code == 0
    assert ids_of(StopRun.objects.get()) == {*wanted, address.connection_id}


def test_a_misspelt_name_is_named_and_nothing_is_stopped(
    alice: User, make_connection: MakeConnection, tmp_path: Path
) -> None:
    make_connection(device_name="Plant 7")
    source = tmp_path / "list.txt"
    source.write_text("Plant 7\nPlnt 8\n")
    told = refused(source=str(source))
    assert told.err == "line 2: Plnt 8: No device, service address, connection id or person is called so.\n"


def test_a_misspelt_name_can_be_left_out_which_the_exit_code_says(
    alice: User, make_connection: MakeConnection, tmp_path: Path
) -> None:
    one = make_connection(device_name="Plant 7")
    source = tmp_path / "list.txt"
    source.write_text("Plant 7\nPlnt 8\n")
    told = Told(source=str(source), skip_bad=True)
    assert (told.code, ids_of(StopRun.objects.get())) == (1, {one.connection_id})


def test_a_file_that_cannot_be_read_is_refused(alice: User, tmp_path: Path) -> None:
    assert "can't be read" in refused(source=str(tmp_path / "missing")).error


# -- nothing to stop


def test_nothing_to_stop_is_done_and_leaves_no_draft(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID, status="stopped", device_name="Gate 5")
    told = Told(ID, wait=0.1)
    assert told.code == 0
    assert told.out.splitlines() == ["Nothing to stop: 1 skipped", f"{ID}  Gate 5  skipped  not open any more"]
    assert not StopRun.objects.exists()


def test_all_active_with_none_active_is_done(alice: User) -> None:
    assert (Told(all_active=True).code, Told(all_active=True).out) == (0, "Nothing to stop: no connections\n")


# -- the dry run


def test_a_dry_run_tells_what_would_be_stopped_and_what_skipped(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID, device_name="Gate 5")
    make_connection(connection_id=OTHER_ID, device_name="Gate 6", status="ended")
    told = Told(ID, OTHER_ID, dry_run=True)
    assert told.out.splitlines() == [
        "Dry run, nothing is sent: 1 queued, 1 skipped",
        f"{ID}  Gate 5  queued",
        f"{OTHER_ID}  Gate 6  skipped  not open any more",
    ]


def test_a_dry_run_leaves_nothing_behind(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    assert Told(ID, dry_run=True).code == 0
    assert not StopRun.objects.exists()
    assert not StopItem.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_dry_run_checks_the_permission_too(bob: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    assert "may not" in refused(ID, user="bob", dry_run=True).error


# -- the result as JSON


def test_json_tells_the_run_and_its_items(alice: User, make_connection: MakeConnection) -> None:
    one = make_connection(connection_id=ID)
    make_connection(connection_id=OTHER_ID, status="ended")
    told = json.loads(Told(ID, OTHER_ID, json=True).out)
    run = StopRun.objects.get()
    assert (told["run_id"], told["dry_run"], told["counts"]) == (run.pk, False, {"queued": 1, "skipped": 1})
    assert told["items"][0] == {
        "item_id": run.items.get(connection=one).pk,
        "account": "default",
        "connection_id": ID,
        "device_address": one.device_address,
        "outcome": "queued",
        "skipped_why": None,
        "attempts": 0,
        "upstream_status": None,
        "upstream_reason": None,
        "verdict": None,
        "verdict_why": None,
        "came_back_as": None,
        "came_back_after_s": None,
    }
    assert (told["items"][1]["outcome"], told["items"][1]["skipped_why"]) == ("skipped", "not_active")


def test_json_of_a_dry_run_names_no_run(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    told = json.loads(Told(ID, json=True, dry_run=True).out)
    assert (told["run_id"], told["dry_run"], told["items"][0]["item_id"]) == (None, True, None)


def test_a_name_from_outside_does_not_steer_the_terminal(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID, device_name="\x1b[2Jgate\nfake")
    assert Told(ID, dry_run=True).out.splitlines()[1] == f"{ID}  [U+001B][2Jgate[U+000A]fake  queued"


# -- waiting


def test_waiting_gives_up_with_exit_code_3(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    told = Told(ID, wait=0.1)
    assert (told.code, told.out) == (3, f"Run {StopRun.objects.get().pk}: 1 queued\n")


class Waiting:
    """`stop_connections … --wait` as a process that waits, while this test is its worker."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            command_line("stop_connections", *WORDS, "--wait", *arguments),
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 60
        while not StopRun.objects.started().exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)

    def end(self) -> tuple[int, str]:
        out, _err = self.process.communicate(timeout=60)
        return self.process.returncode, out


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_waiting_ends_with_0_when_all_are_stopped(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(3)
    waiting = Waiting("--all-active")
    Drain().run_until_idle()
    assert waiting.end() == (0, f"Run {StopRun.objects.get().pk}: 3 stopped\n")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_already_gone_and_skipped_are_done_too(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    gone, ended = open_connections(2, known_by="listed")
    Connection.objects.filter(pk=ended.pk).update(status="ended")
    sandbox.advance(9 * 3600)
    waiting = Waiting("60", "--json", gone.connection_id, ended.connection_id)
    Drain().run_until_idle()
    code, out = waiting.end()
    assert (code, json.loads(out)["counts"]) == (0, {"already_gone": 1, "skipped": 1})


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_with_1_and_the_reason_when_one_is_refused(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    refused, _stopped = open_connections(2)
    sandbox.faults.add(FaultRule("false_reason", connection_id=refused.connection_id))
    waiting = Waiting("--all-active", "--json")
    Drain().run_until_idle()
    code, out = waiting.end()
    told = {item["connection_id"]: item for item in json.loads(out)["items"]}[refused.connection_id]
    item = StopItem.objects.get(connection=refused)
    assert (code, told["outcome"], told["upstream_status"]) == (1, "refused", 200)
    assert told["upstream_reason"] == item.upstream_reason != ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", slow_but(["unknown"], ["unknown", "failed", "cancelled"]))
def test_an_item_that_is_not_stopped_is_exit_code_1(alice: User, make_connection: MakeConnection, state: str) -> None:
    make_connection()
    waiting = Waiting("--all-active")
    StopItem.objects.update(state=state)
    assert waiting.end()[0] == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_interrupted_wait_leaves_the_run_going(alice: User, make_connection: MakeConnection) -> None:
    make_connection()
    waiting = Waiting("--all-active")
    assert "No worker is alive" in (waiting.process.stderr.readline() if waiting.process.stderr else "")
    waiting.process.send_signal(signal.SIGINT)
    assert waiting.end()[0] == 3
    assert StopItem.objects.get().state == "queued"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_reads_ids_from_standard_input(alice: User, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID)
    ended = manage("stop_connections", *WORDS, "--from", "-", stdin=f"{ID}\n".encode())
    assert (ended.returncode, ids_of(StopRun.objects.get())) == (0, {ID})


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        ([*WORDS, "--all-active"], 0),
        ([*WORDS], 2),
        ([*WORDS, ID], 2),
        (["--all-active", "--user", "alice"], 2),
        (["--all-active", "--reason", "x"], 2),
        ([*WORDS, "--all-active", "--wait", "soon"], 2),
        ([*WORDS, "--all-active", "--wait", "-1"], 2),
        ([*WORDS, "--all-active", "--wait", "nan"], 2),
    ],
)
def test_its_exit_code(alice: User, arguments: list[str], code: int) -> None:
    assert manage("stop_connections", *arguments).returncode == code
