"""Each line of the history goes out as other tools read it, and says no more than it says here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction

from connections.audit.append import Entry, append
from connections.audit.export import as_objects
from connections.audit.origin import Origin
from connections.management.earlier_export import last_line
from connections.models import AuditEvent, Connection
from connections.notices.siem import cef, ecs, ocsf, schemas
from connections.notices.siem.line import Line
from connections.words.actions import ACTIONS
from tests.support.runs import start_run

ROOT = Path(__file__).resolve().parents[3]
WEB = Origin("web", client_ip="192.0.2.7", user_agent="test", request_id="abc")
# What the published classes of OCSF require beside what all events have.
REQUIRED = {
    0: set(),
    3001: {"user"},
    3002: {"user"},
    3004: {"entity"},
    3006: {"group"},
    4014: {"connection_info"},
    7004: {"command_uid", "connection_info"},
}
STATUSES = {"stopped": 1, "refused": 2, "already_gone": 3, "failed": 6, "unknown": 0}

pytestmark = pytest.mark.django_db


def line(action: str, **facts: Any) -> Line:
    """A line of `action` as the history gives it out."""
    body = {"at": "2026-11-30T12:00:00.000000Z", "action": action, "origin": "web", "seq": 7, "actor": "anna"}
    return Line({**body, "prev_hash": "0" * 64, "hash": "1" * 64, **facts})


def answered(outcome: str) -> Line:
    facts = {"connection_id": "c-1", "device_address": "80:00", "run_id": 3, "item_id": 5, "account": "eu"}
    return line("stop.answered", outcome=outcome, attempt=1, **facts)


def test_every_action_has_what_its_class_requires() -> None:
    for action in ACTIONS:
        event = ocsf.event(line(action, user="dana", group="Leads", connection_id="c-1"))
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["category_uid"] == event["class_uid"] // 1000
        assert REQUIRED[event["class_uid"]] <= set(event), action
        document = ecs.document(line(action))
        assert document["event"]["outcome"] in ("success", "failure", "unknown")


def test_each_outcome_of_a_stop_has_its_own_status_and_unknown_is_no_failure() -> None:
    told = {outcome: ocsf.event(answered(outcome))["status_id"] for outcome in STATUSES}
    assert told == STATUSES
    assert ecs.document(answered("unknown"))["event"]["outcome"] == "unknown"
    assert ecs.document(line("stop.sent"))["event"]["outcome"] == "unknown"


def test_no_name_from_outside_breaks_out_of_a_line() -> None:
    bad = "a|b=c\\d\nCEF:0|forged"
    text = cef.text(line("run.denied", reason=bad, device_address=bad, user=bad))
    assert "\n" not in text
    assert r"msg=a|b\=c\\d CEF:0|forged" in text
    assert cef.text(line("x|y")).startswith("CEF:0|remoteit-admin|remoteit-admin|")
    assert r"|x\|y|" in cef.text(line("x|y"))


def test_lines_of_real_work_are_valid_in_every_format(alice: User, make_connection: Callable[..., Connection]) -> None:
    start_run(alice, make_connection(), make_connection())
    with transaction.atomic():
        append([Entry("user.signed_in", WEB, actor=alice)])
    validator = jsonschema.Draft202012Validator(schemas.document())
    found = list(as_objects(AuditEvent.objects.all()))
    assert {"stop.requested", "user.signed_in"} <= {fields["action"] for fields in found}
    for fields in found:
        validator.validate(fields)
        assert ocsf.event(Line(fields))["unmapped"] == fields
        assert ecs.document(Line(fields))["event"]["sequence"] == fields["seq"]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**found[0], "action": "stop.verified", "verdict": "prevented"})


def test_the_schemas_in_the_repository_are_those_of_the_code() -> None:
    """If not: manage.py line_schemas > docs/line-schemas.json"""
    assert json.loads((ROOT / "docs/line-schemas.json").read_text()) == schemas.document()


@pytest.mark.parametrize("form", ["ocsf", "ecs", "cef"])
def test_an_export_can_be_gone_on_with(form: str, tmp_path: Path) -> None:
    with transaction.atomic():
        append([Entry("user.signed_in", WEB), Entry("user.signed_out", WEB)])
    file = tmp_path / "audit.log"
    call_command("export_audit", format=form, output=str(file))
    lines = file.read_text().splitlines()
    count = AuditEvent.objects.get(action="history.exported").seq - 1
    assert len(lines) == count
    with file.open("a") as torn:
        torn.write(lines[-1][:40])
    assert last_line(file, form) == count
    assert file.read_text().splitlines() == lines
