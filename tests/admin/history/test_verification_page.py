"""The last verification, where people and monitors look: the history's page and /readyz."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from huey.contrib.djhuey import HUEY

from connections.admin.history import verification
from connections.audit import triggers
from connections.audit.append import Entry, append
from connections.audit.checkpoints import write_checkpoint
from connections.audit.origin import Origin
from connections.audit.upkeep import keep
from connections.audit.verify import Verification
from connections.models import AuditEvent, AuditHead, AuditVerification
from tests.support.runs import living_worker

pytestmark = pytest.mark.django_db
HISTORY = "/admin/connections/auditevent/"


@pytest.fixture
def two_lines(alice: User) -> None:
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), actor=alice) for _ in range(2)])


def page(client: Client, user: User) -> str:
    client.force_login(user)
    return client.get(HISTORY).content.decode()


def verify_now(client: Client, user: User) -> str:
    client.force_login(user)
    return client.post(f"{HISTORY}verify/", follow=True).content.decode()


@pytest.fixture
def protected(transactional_db: None) -> object:
    triggers.install()
    yield
    triggers.remove()


def test_before_the_first_one_the_page_says_so(client: Client, carol: User) -> None:
    assert "The history has not been verified yet." in page(client, carol)


@pytest.mark.django_db(transaction=True)
def test_it_tells_when_how_many_and_that_it_holds(
    client: Client, protected: None, two_lines: None, carol: User
) -> None:
    html = verify_now(client, carol)
    read = AuditVerification.objects.get().events
    assert f"{read} lines read." in html
    assert "No line is missing or changed." in html
    assert "show: lines cut off the end" in html


def test_it_tells_what_broke(client: Client, two_lines: None, carol: User) -> None:
    AuditEvent.objects.filter(seq=2).update(body="{}")
    html = verify_now(client, carol)
    assert "it does not hold" in html
    assert "event 2: its text was changed: the hash does not fit" in html


def test_the_page_opens_without_a_head(client: Client, two_lines: None, carol: User) -> None:
    client.force_login(carol)
    AuditHead.objects.all().delete()
    assert client.get(HISTORY).status_code == 200


def test_it_tells_the_last_checkpoint_and_its_key(client: Client, two_lines: None, carol: User) -> None:
    one = write_checkpoint()
    assert one is not None
    html = page(client, carol)
    assert f"Last signed checkpoint: line {one.seq}" in html
    assert one.public_key in html.replace("&#x2B;", "+")


def test_who_may_not_see_everything_may_not_verify(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post(f"{HISTORY}verify/").status_code == 403
    assert "Verify now" not in page(client, alice)


def test_reading_the_page_verifies_nothing(client: Client, carol: User) -> None:
    client.force_login(carol)
    assert client.get(f"{HISTORY}verify/").status_code == 405
    assert "Verify now" in page(client, carol)


def test_a_long_history_is_left_to_the_worker(client: Client, two_lines: None, carol: User) -> None:
    AuditHead.objects.update(seq=verification.INLINE_EVENTS + 1)
    HUEY.flush()
    client.force_login(carol)
    client.post(f"{HISTORY}verify/")
    assert [task.name for task in HUEY.pending()] == ["verify_history_now"]
    assert not AuditVerification.objects.exists()
    HUEY.flush()


def test_readyz_says_what_was_verified_and_what_that_can_not_show(admin_client: Client, two_lines: None) -> None:
    AuditVerification.objects.create(
        pk=1, at="2026-11-23T12:00Z", events=2, last_seq=2, checkpoint_seq=1, fault_count=0, faults=[]
    )
    told = json.loads(admin_client.get("/readyz").content)
    assert told["history"] == "ok"
    assert told["verification"]["cannot_show"].startswith("lines cut off the end")
    del told["verification"]["cannot_show"]
    assert told["verification"] == {
        "result": "holds",
        "at": "2026-11-23T12:00:00Z",
        "events": 2,
        "faults": 0,
        "checkpoint": 1,
        "compared_with": [],
    }


@pytest.mark.django_db(transaction=True)
def test_readyz_fails_when_faults_were_found(admin_client: Client, protected: None) -> None:
    living_worker()
    assert admin_client.get("/readyz").status_code == 200
    AuditVerification.objects.create(pk=1, at="2026-11-23T12:00Z", events=2, last_seq=2, fault_count=1, faults=["x"])
    answer = admin_client.get("/readyz")
    assert answer.status_code == 503
    assert json.loads(answer.content)["history"] == "the last verification found faults"


def unread(why: str = "canceling statement due to statement timeout") -> None:
    keep(Verification(unread=why))


def test_one_that_could_not_be_read_says_nothing_about_the_history(admin_client: Client, carol: User) -> None:
    unread()
    told = json.loads(admin_client.get("/readyz").content)
    assert told["history"] == "ok"
    assert told["verification"]["result"] is None
    assert told["verification"]["could not be read"]["why"] == "canceling statement due to statement timeout"


def test_the_page_tells_what_kept_it_from_reading(client: Client, carol: User) -> None:
    unread("the disk broke")
    html = " ".join(page(client, carol).split())
    assert "The history has not been verified yet." in html
    assert "which says nothing about it: the disk broke" in html
    assert "it does not hold" not in html


def test_what_was_found_before_stays_when_a_later_one_can_not_read(client: Client, carol: User) -> None:
    keep(Verification(events=7, last_seq=7))
    unread("the disk broke")
    html = " ".join(page(client, carol).split())
    assert "7 lines read. No line is missing or changed." in html
    assert "the disk broke" in html


def test_the_next_one_that_reads_it_takes_the_words_away(client: Client, carol: User) -> None:
    unread("the disk broke")
    keep(Verification(events=7, last_seq=7))
    assert "the disk broke" not in page(client, carol)


@pytest.mark.django_db(transaction=True)
def test_the_page_names_the_reach(client: Client, protected: None, two_lines: None, carol: User) -> None:
    html = " ".join(verify_now(client, carol).split())
    last = AuditVerification.objects.get().last_seq
    assert f"It holds from line 1 to line {last}." in html
    assert "no checkpoint kept in the database" in html
