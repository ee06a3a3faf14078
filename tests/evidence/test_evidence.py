"""The evidence of a run: complete, and any change of it is found by the script that comes with it."""

from __future__ import annotations

import base64
import copy
import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.audit.signing import public_text, sign
from connections.evidence import verify_evidence
from connections.evidence.archive import export
from connections.evidence.verify_evidence import DoesNotFit, check, check_evidence, check_verdict
from connections.live.read import read_list
from connections.models import Account, AuditEvent, Connection, StopItem, StopRun
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.stops import control
from connections.stops.worker.loop import Drain
from tests.conftest import open_in
from tests.stops.test_drain import finish, kill, start_run
from tests.support.commands import manage
from tests.support.pages import text_of
from tests.support.runs import WEB
from tests.support.slow import slow_but

pytestmark = pytest.mark.django_db(transaction=True)
Files = dict[str, bytes]
ATTACKER = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)


@pytest.fixture
def run(alice: User, bob: User, sandbox: Sandbox, account: Account) -> StopRun:
    """Five connections: two are stopped, one is refused, one skipped at its turn, one left out from the start."""
    sandbox.call(open_in, sandbox.server.world, 5)
    read_list(account)
    stopped, _other, refused, ended, left_out = Connection.objects.order_by("pk")
    Connection.objects.filter(pk=left_out.pk).update(status="stopped")
    Connection.objects.filter(pk=refused.pk).update(device_address="80:00:00:00:FF:FF:FF:FF")
    Connection.objects.filter(pk=stopped.pk).update(device_name="=HYPERLINK(1)")
    run = start_run(alice)
    Connection.objects.filter(pk=ended.pk).update(status="ended")
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), actor=bob, facts={"text": "a stranger's secret"})])
    finish(run)
    read_list(account)
    return run


@pytest.fixture
def files(run: StopRun, alice: User) -> Files:
    return exported(run, alice)


def exported(run: StopRun, user: User) -> Files:
    with export(run, user, WEB) as file, zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def evidence_in(files: Files) -> dict[str, Any]:
    return json.loads(files["evidence.json"])


def packed(files: Files, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


def changed(evidence: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """A copy in which one leaf is another."""
    other = copy.deepcopy(evidence)
    parent = other
    for key in path[:-1]:
        parent = parent[key]
    was = parent[path[-1]]
    parent[path[-1]] = not was if isinstance(was, bool) else was + 1 if isinstance(was, int) else f"{was}x"
    return other


def is_recorded(path: tuple[Any, ...]) -> bool:
    """Whether no line of the chain shows it: the signature of the files alone guards it."""
    return "recorded" in path or path[0] == "left_out"


def finding(evidence: dict[str, Any]) -> str:
    """What the checks find that need no signature of the files; "" when nothing."""
    try:
        check_evidence(evidence)
    except DoesNotFit as error:
        return str(error)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return "wrong shape"
    return ""


def resigned(files: Files, evidence: dict[str, Any]) -> Files:
    """What somebody can make who has everything but the panel's key."""
    checkpoint = evidence["checkpoint"]
    text = f"remoteit-admin checkpoint v1\n{checkpoint['seq']}\n{checkpoint['hash']}\n{checkpoint['at']}\n"
    checkpoint |= {"public_key": public_text(ATTACKER), "signature": sign(ATTACKER, text)}
    made = {**files, "evidence.json": json.dumps(evidence).encode()}
    listed = [name for name in made if not name.startswith("SHA256SUMS")]
    sums = "".join(f"{hashlib.sha256(made[name]).hexdigest()}  {name}\n" for name in listed)
    signature = sign(ATTACKER, f"remoteit-admin evidence v1\n{sums}")
    return {**made, "SHA256SUMS": sums.encode(), "SHA256SUMS.sig": f"{signature}\n".encode()}


def test_it_fits(files: Files) -> None:
    assert check(files) == evidence_in(files)


def test_it_tells_each_outcome_as_the_panel_does(run: StopRun, files: Files) -> None:
    told = {item["connection_id"]: item["outcome"] for item in evidence_in(files)["items"]}
    kept = dict(run.items.values_list("connection__connection_id", "state"))
    left_out = evidence_in(files)["left_out"]
    assert told == {key: state for key, state in kept.items() if key not in {one["connection_id"] for one in left_out}}
    assert sorted(told.values()) == ["refused", "skipped", "stopped", "stopped"]
    assert [one["why"] for one in left_out] == ["not_active"]


def test_it_tells_who_why_and_how_selected(run: StopRun, files: Files) -> None:
    told = evidence_in(files)["run"]
    assert (told["actor"], told["reason"], told["ticket"]) == ("alice", "incident 7", "INC-7")
    assert (told["selector"], told["list_sha256"]) == (run.selector, run.list_sha256)


def test_it_keeps_the_api_s_words_for_each_attempt(files: Files) -> None:
    items = {item["outcome"]: item for item in evidence_in(files)["items"]}
    attempt = items["refused"]["attempts"][0]
    answer = attempt["answers"][0]
    assert (answer["upstream_status"], answer["upstream_reason"]) == (401, "deviceaddress is incorrect")
    assert attempt["sent_at"] <= answer["at"]


def test_it_tells_the_verdicts_and_the_lists_they_rest_on(files: Files) -> None:
    evidence = evidence_in(files)
    assert evidence["verdicts"]["confirmed_gone"] == 2
    assert [line["action"] for line in evidence["lists"]] == ["list.started", "list.read"]


def test_it_shows_no_stranger_s_line(files: Files) -> None:
    assert not [name for name, content in files.items() if b"a stranger's secret" in content]
    assert [link for link in evidence_in(files)["chain"] if "body" not in link]


def test_any_change_of_evidence_json_is_found(files: Files) -> None:
    evidence = evidence_in(files)
    for path in leaves(evidence):
        with pytest.raises(DoesNotFit):
            check({**files, "evidence.json": json.dumps(changed(evidence, path)).encode()})


def test_any_change_of_what_the_chain_shows_is_found_without_the_files_signature(files: Files) -> None:
    evidence = evidence_in(files)
    assert finding(evidence) == ""
    assert [path for path in leaves(evidence) if not is_recorded(path) and not finding(changed(evidence, path))] == []


@pytest.mark.parametrize("part", slow_but(["chain"], ["items", "left_out", "chain", "about", "lists"]))
def test_an_entry_that_is_taken_out_doubled_or_moved_is_found(run: StopRun, alice: User, part: str) -> None:
    exported(run, alice)  # so that there is something in `about`
    with transaction.atomic():
        append([Entry("run.paused", WEB, actor=alice, run=run)])
    evidence = evidence_in(exported(run, alice))
    entries = evidence[part]
    for others in (entries[1:], entries[:-1], [*entries, entries[-1]], entries[1:] + entries[:1]):
        if others != entries:
            assert finding({**evidence, part: others})


FILES = ["items.csv", "evidence.html", "verify_evidence.py", "SHA256SUMS", "SHA256SUMS.sig"]


@pytest.mark.parametrize("name", slow_but(["items.csv"], FILES))
def test_a_change_of_any_other_file_is_found(files: Files, name: str) -> None:
    with pytest.raises(DoesNotFit):
        check({**files, name: files[name][:-2] + b"x" + files[name][-1:]})


def test_each_byte_of_the_signature_counts(files: Files) -> None:
    written = files["SHA256SUMS.sig"]
    for place, byte in enumerate(written):
        other = written[:place] + bytes([byte ^ 1]) + written[place + 1 :]
        with pytest.raises(DoesNotFit):
            check({**files, "SHA256SUMS.sig": other})
    for other in (written[:-1], written + b"\n", b" " + written, written[:-4] + b"h==\n"):
        with pytest.raises(DoesNotFit):
            check({**files, "SHA256SUMS.sig": other})


@pytest.mark.parametrize("content", slow_but([b"[]"], [b"", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000]))
def test_a_file_that_is_something_else_altogether_does_not_fit(files: Files, content: bytes) -> None:
    for name in files:
        with pytest.raises(DoesNotFit):
            check({**files, name: content})


def test_a_file_that_was_added_or_taken_out_is_found(files: Files) -> None:
    with pytest.raises(DoesNotFit, match=r"^more"):
        check({**files, "more.txt": b""})
    with pytest.raises(DoesNotFit, match=r"^items"):
        check({name: content for name, content in files.items() if name != "items.csv"})


def test_another_key_is_found_by_who_knows_ours(files: Files) -> None:
    ours = evidence_in(files)["checkpoint"]["public_key"]
    forged = resigned(files, evidence_in(files))
    check(files, ours)
    check(forged)
    with pytest.raises(DoesNotFit, match="it was signed by"):
        check(forged, ours)


def test_a_hidden_answer_is_found_even_where_everything_was_signed_anew(files: Files) -> None:
    evidence = evidence_in(files)
    link = next(one for one in evidence["chain"] if '"outcome":"refused"' in one.get("body", ""))
    link["body_sha256"] = hashlib.sha256(link.pop("body").encode()).hexdigest()
    with pytest.raises(DoesNotFit, match="item 3: the lines of the chain say something else"):
        check(resigned(files, evidence))


def test_a_verdict_by_a_list_from_before_the_answer_does_not_fit(files: Files) -> None:
    evidence = evidence_in(files)
    item = next(item for item in evidence["items"] if item["outcome"] == "stopped")
    item["attempts"][0]["answers"][0]["seq"] = evidence["lists"][1]["seq"]
    assert finding(evidence)


@pytest.mark.parametrize("account_ids", [(2, 2), (1, 2), (2, 1)])
def test_a_verdict_by_the_list_of_another_account_does_not_fit(account_ids: tuple[int, int]) -> None:
    asked, read = account_ids
    lists = {
        7: {"seq": 7, "action": "list.started", "account_id": asked},
        8: {"seq": 8, "action": "list.read", "account_id": read, "complete": True, "list_seq": 7},
    }
    item = {"attempts": [{"answers": [{"seq": 5}]}], "verdict": {"verdict": "confirmed_gone", "list_seq": 8}}
    with pytest.raises(DoesNotFit, match="item 1: no list bears its verdict out"):
        check_verdict(item, lists, 1, "item 1")
    check_verdict(item, {seq: {**line, "account_id": 1} for seq, line in lists.items()}, 1, "item 1")


def test_a_name_can_not_turn_the_finding_into_its_opposite(files: Files, tmp_path: Path) -> None:
    path = packed({**files, "\r\x1b[2KOK: run 7\n\u202e": b""}, tmp_path / "run.zip")
    ended = subprocess.run([sys.executable, "-I", verify_evidence.__file__, path], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (
        1,
        "NO: ??[2KOK: run 7?? is missing, or is not listed in SHA256SUMS\n",
    )


def test_the_script_runs_by_itself(files: Files, tmp_path: Path) -> None:
    script = tmp_path / "verify_evidence.py"
    script.write_bytes(files["verify_evidence.py"])
    good = packed(files, tmp_path / "good.zip")
    bad = packed({**files, "items.csv": b""}, tmp_path / "bad.zip")
    key = evidence_in(files)["checkpoint"]["public_key"]
    said = [
        subprocess.run([sys.executable, "-I", script, path, "--key", key], cwd=tmp_path, capture_output=True, text=True)
        for path in (good, bad)
    ]
    assert [one.returncode for one in said] == [0, 1], said
    assert said[0].stdout.startswith("OK: run ")
    assert said[1].stdout == "NO: items.csv was changed after SHA256SUMS was signed\n"


def test_the_table_is_for_spreadsheets_and_starts_no_formula(files: Files) -> None:
    rows = list(csv.DictReader(io.StringIO(files["items.csv"].decode())))
    assert [row["outcome"] for row in rows] == ["stopped", "stopped", "refused", "skipped"]
    assert (rows[0]["device_name"], rows[0]["verdict"]) == ("'=HYPERLINK(1)", "confirmed_gone")
    assert rows[2]["upstream_reason"] == "deviceaddress is incorrect"


def test_the_page_needs_nothing_else(files: Files) -> None:
    html = files["evidence.html"].decode()
    assert "incident 7" in html
    assert "deviceaddress is incorrect" in html
    assert not [word for word in ("<script", "src=", "href=", "http://") if word in html]


def test_it_opens_with_a_page_for_the_customer(files: Files) -> None:
    first = text_of(files["evidence.html"].decode().split("Evidence of run")[1])
    assert "Device by device" in first
    assert "Why “incident 7”" in first
    assert "door" not in first
    assert "confirmed gone" in first


def test_the_page_speaks_in_words_and_quotes_only_the_api(files: Files) -> None:
    html = files["evidence.html"].decode()
    assert "2 confirmed gone" in html
    assert "_gone" not in html
    assert "“deviceaddress is incorrect”" in html


def test_the_page_does_not_quote_what_the_api_never_said(
    alice: User, sandbox: Sandbox, open_connections: Callable[..., list[Connection]], settings: Settings
) -> None:
    settings.STOP_MAX_ATTEMPTS = 1
    open_connections(1)
    sandbox.faults.add(FaultRule("reset_after", times=1))
    run = start_run(alice)
    finish(run)
    html = exported(run, alice)["evidence.html"].decode()
    assert "unknown The request was sent, but the connection broke" in text_of(html)
    assert "“" not in html.split("<tbody>")[-1]


def test_a_cancelled_run_has_its_evidence(alice: User, make_connection: Callable[..., Connection]) -> None:
    make_connection()
    run = start_run(alice)
    control.cancel(run, alice, WEB)
    evidence = check(exported(run, alice))
    assert (evidence["counts"], evidence["about"][0]["action"]) == ({"cancelled": 1}, "run.cancelled")


def test_a_lost_attempt_and_its_late_answer_are_told(
    alice: User, sandbox: Sandbox, open_connections: Callable[..., list[Connection]]
) -> None:
    open_connections(1)
    run = start_run(alice)
    sandbox.set(latency_ms=300)
    slow = Drain()
    while not slow._in_flight:
        slow.step(0.05)
    kill(slow)
    finish(run)
    while slow._in_flight:
        slow.step(0.05)
    evidence = check(exported(run, alice))
    [item] = evidence["items"]
    assert item["outcome"] == run.items.get().state
    lost, again = item["attempts"]
    assert [(answer["outcome"], answer.get("late")) for answer in lost["answers"]] == [
        ("unknown", None),
        ("stopped", True),
    ]
    assert again["answers"][0]["item_outcome"] == item["outcome"]


def test_what_was_cancelled_after_it_may_have_happened_is_unknown(
    alice: User, sandbox: Sandbox, open_connections: Callable[..., list[Connection]]
) -> None:
    open_connections(1)
    run = start_run(alice)
    sandbox.faults.add(FaultRule("reset_after", times=1))
    drain = Drain()
    while not run.items.queued().filter(unclear_attempt=1).exists():
        drain.step(0.05)
    control.cancel(run, alice, WEB)
    assert check(exported(run, alice))["counts"] == {"unknown": 1} == {run.items.get().state: 1}


def test_a_run_under_way_has_its_evidence(alice: User, make_connection: Callable[..., Connection]) -> None:
    make_connection()
    assert check(exported(start_run(alice), alice))["counts"] == {"queued": 1}


def test_an_account_with_another_name_since_still_fits(run: StopRun, alice: User) -> None:
    Account.objects.update(name="renamed")
    check(exported(run, alice))


def test_the_chain_ends_with_the_run_not_with_the_latest_line(run: StopRun, alice: User) -> None:
    first = evidence_in(exported(run, alice))["checkpoint"]
    with transaction.atomic():
        append([Entry("test.note", Origin("web"))])
    assert evidence_in(exported(run, alice))["checkpoint"] == first


def test_every_export_is_told(run: StopRun, alice: User) -> None:
    exported(run, alice)
    line = AuditEvent.objects.get(action="run.evidence_exported")
    assert (line.actor, line.run) == (alice, run)


def test_the_run_s_page_has_it_for_who_may_see_the_run(
    client: Client, run: StopRun, alice: User, bob: User, carol: User
) -> None:
    url = f"/admin/connections/stoprun/{run.pk}/evidence/"
    for user, status in ((alice, 200), (carol, 200), (bob, 404)):
        client.force_login(user)
        assert client.post(url).status_code == status
    client.force_login(alice)
    answer = client.post(url)
    assert answer["Content-Disposition"] == f'attachment; filename="evidence-run-{run.pk}.zip"'
    assert zipfile.is_zipfile(io.BytesIO(b"".join(answer.streaming_content)))
    assert client.get(url).status_code == 405
    assert url in client.get(f"/admin/connections/stoprun/{run.pk}/change/").content.decode()


def test_without_its_key_the_page_says_so(client: Client, settings: Settings, run: StopRun, alice: User) -> None:
    settings.AUDIT_SIGNING_KEY = "public:" + base64.b64encode(b"\x02" * 32).decode()
    client.force_login(alice)
    answer = client.post(f"/admin/connections/stoprun/{run.pk}/evidence/", follow=True)
    assert "which can&#x27;t sign" in answer.content.decode()
    assert not AuditEvent.objects.filter(action="run.evidence_exported").exists()


def test_the_command_writes_the_same(run: StopRun, tmp_path: Path) -> None:
    path = tmp_path / "run.zip"
    assert manage("evidence", str(run.pk), "--output", str(path)).returncode == 0
    with zipfile.ZipFile(path) as archive:
        check({name: archive.read(name) for name in archive.namelist()})


def test_evidence_that_its_own_verifier_would_refuse_is_not_handed_out(
    client: Client, run: StopRun, alice: User, tmp_path: Path
) -> None:
    AuditEvent.rows.filter(run=run, action="stop.requested").update(prev_hash="f" * 64)
    client.force_login(alice)
    answer = client.post(f"/admin/connections/stoprun/{run.pk}/evidence/", follow=True)
    said = "is not handed out: its own verifier refuses it. line 1 of the chain"
    assert said in answer.content.decode()
    path = tmp_path / "run.zip"
    ended = manage("evidence", str(run.pk), "--output", str(path))
    assert (ended.returncode, path.exists()) == (1, False)
    assert said in ended.stderr.decode()
    assert not AuditEvent.objects.filter(action="run.evidence_exported").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), ([], 2), (["4711"], 2), (["x"], 2)])
def test_its_exit_code(db: None, arguments: list[str], code: int) -> None:
    assert manage("evidence", *arguments).returncode == code


def test_the_items_are_those_of_the_list(run: StopRun, files: Files) -> None:
    frozen = hashlib.sha256()
    for item in evidence_in(files)["items"]:
        frozen.update(f"{item['account']}\t{item['device_address']}\t{item['connection_id']}\n".encode())
    assert frozen.hexdigest() == run.list_sha256
    assert StopItem.objects.filter(run=run).count() == len(evidence_in(files)["items"]) + 1
