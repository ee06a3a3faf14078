from __future__ import annotations

import hashlib
import json

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from connections.audit.append import GENESIS, Entry, append
from connections.audit.origin import Origin
from connections.models import AuditEvent, AuditHead

pytestmark = [pytest.mark.both, pytest.mark.django_db]


def note(text: str, **facts: object) -> Entry:
    return Entry("test.note", Origin("command"), facts={"text": text, **facts})


def test_numbers_are_gapless_and_each_line_continues_the_one_before() -> None:
    append([note("one"), note("two")])
    append([note("three")])
    first, second, third = AuditEvent.objects.order_by("seq")
    assert [first.seq, second.seq, third.seq] == [1, 2, 3]
    assert [first.prev_hash, second.prev_hash, third.prev_hash] == [GENESIS, first.hash, second.hash]


def test_the_hash_is_over_the_previous_hash_and_the_digest_of_the_body() -> None:
    append([note("ü")])
    event = AuditEvent.objects.get()
    digest = hashlib.sha256(event.body.encode("utf-8")).hexdigest()
    assert event.hash == hashlib.sha256((GENESIS + digest).encode("ascii")).hexdigest()


def test_the_body_is_canonical_json() -> None:
    append([note("ü", count=3, empty="", absent=None)])
    body = AuditEvent.objects.get().body
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert set(json.loads(body)) == {"action", "at", "count", "origin", "text"}


def test_the_actor_s_name_is_kept_as_it_was(alice: User) -> None:
    append([Entry("test.note", Origin("web"), actor=alice)])
    alice.username = "renamed"
    alice.save()
    assert json.loads(AuditEvent.objects.get().body)["actor"] == "alice"


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        append([note("half", share=0.5)])


def test_a_rolled_back_transaction_leaves_no_line_and_no_gap() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        append([note("lost")])
        raise RuntimeError
    append([note("kept")])
    assert (AuditEvent.objects.get().seq, AuditHead.objects.get().seq) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_it_writes_only_inside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="in the transaction"):
        append([note("alone")])
