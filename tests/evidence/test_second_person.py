"""The evidence shows who said yes, and its verifier that it was somebody else and a yes to exactly this."""

from __future__ import annotations

import copy
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections.audit.origin import Origin
from connections.evidence.archive import export
from connections.evidence.verify_evidence import DoesNotFit, check_second_person, read_json
from connections.models import Ceiling, Connection, StopRun
from connections.stops import approvals, plan
from connections.stops.approvals import Proof
from tests.conftest import make_user
from tests.support.people import grant

pytestmark = pytest.mark.django_db
WEB = Origin("web")
Json = dict[str, Any]


def evidence_of(run: StopRun, user: User) -> Json:
    with export(run, user, WEB) as file, zipfile.ZipFile(file) as archive:
        found: Json = read_json(archive.read("evidence.json"))
    return found


@pytest.fixture
def approved(alice: User, admin_user: User, make_connection: Callable[..., Connection]) -> Json:
    lead = make_user("lead", "Operators")
    grant(lead, "approve_runs")
    Ceiling.objects.create(per_run=0, made_by=admin_user)
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    with pytest.raises(plan.NeedsApproval) as waits:
        plan.start(run.key, alice, reason="incident", ticket="INC-1", origin=WEB)
    approval = waits.value.approval
    proof = Proof("totp", timezone.now())
    return evidence_of(approvals.approve(approval, lead, seen=approval.sha256, proof=proof, origin=WEB), alice)


def test_who_said_yes_stands_in_the_evidence_of_the_run(approved: Json) -> None:
    assert approved["run"]["second_person"] == "approved"
    assert approved["about"][0]["action"] == "run.approved"
    check_second_person(approved)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("about", "actor", "alice"),
        ("about", "binding_sha256", "0" * 64),
        ("about", "expires_at", "2026-01-01T00:00:00.000000Z"),
        ("run", "reason", "another"),
        ("run", "ticket", "INC-2"),
        ("run", "list_sha256", "0" * 64),
        ("run", "second_person", "not_required"),
        ("run", "second_person", "glass"),
    ],
)
def test_a_yes_by_who_asked_or_to_something_else_does_not_fit(approved: Json, part: str, name: str, value: str) -> None:
    forged = copy.deepcopy(approved)
    line = forged["about"][0] if part == "about" else forged["run"]
    line[name] = value
    with pytest.raises(DoesNotFit, match="second person"):
        check_second_person(forged)


def test_a_run_that_nobody_had_to_approve_says_so(alice: User, make_connection: Callable[..., Connection]) -> None:
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    evidence = evidence_of(plan.start(run.key, alice, reason="incident", origin=WEB), alice)
    assert evidence["run"]["second_person"] == "not_required"
