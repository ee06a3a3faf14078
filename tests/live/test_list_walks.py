"""Random walks of lists and stops: records and verdicts never say more than the lists that were read."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.verify import verify
from connections.live.verdicts.verify import WATCH
from connections.models import Account, AuditEvent, Connection, StopItem
from connections.models.states import Verdict
from connections.remoteit import Session
from tests.support.lists import ORGANISATION, OWN, WORKER, follow, session
from tests.support.runs import start_run
from tests.support.slow import slow_but

pytestmark = pytest.mark.django_db
IDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(4)]
PLACES = {key: (OWN, ORGANISATION)[number % 2] for number, key in enumerate(IDS)}
STATES = ("stopped", "stopped", "already_gone", "refused", "failed", "unknown")
GONE = (Verdict.CONFIRMED_GONE, Verdict.CAME_BACK)
WALKS, STEPS = 12, 40


class Walk:
    """One account, whose lists show whatever comes. What each complete list held is kept, by its place in the audit."""

    def __init__(self, seed: int, user: User, account: Account) -> None:
        self.random = random.Random(seed)
        self.user, self.account = user, account
        self.shown: dict[int, set[str]] = {}
        self.missed = dict.fromkeys(IDS, 0)
        self.read_whole(set(IDS))

    def step(self) -> None:
        some = {key for key in IDS if self.random.random() < 0.5}
        move = self.random.choice(
            [self.read_whole, self.read_whole, self.read_in_part, self.stop, self.stop, self.wait]
        )
        move(some)
        self.check_nothing_ends_before_two_lists_lack_it()
        self.check_verdicts()
        self.check_the_history_tells_each_verdict()

    def read_whole(self, ids: set[str]) -> None:
        """A complete list, of all or now and then of the login's own account alone."""
        reach = (OWN,) if self.random.random() < 0.2 else (OWN, ORGANISATION)
        ids = {key for key in ids if PLACES[key] in reach}
        follow(self.account, *map(listed, sorted(ids)), reach=reach)
        self.shown[AuditEvent.objects.filter(action="list.read").latest("seq").seq] = ids
        for key in IDS:
            if PLACES[key] in reach:
                self.missed[key] = 0 if key in ids else self.missed[key] + 1
        # All stops here are answered before a list is asked for.
        assert {status for key, status in statuses().items() if key in ids} <= {"active"}

    def read_in_part(self, ids: set[str]) -> None:
        before, verdicts = statuses(), dict(StopItem.objects.values_list("pk", "verdict"))
        follow(self.account, *map(listed, sorted(ids)), why_incomplete="HTTP 503")
        moved = {(before[key], now) for key, now in statuses().items() if before[key] != now}
        assert moved <= {("ended", "active")}
        judged = {
            (verdicts[pk], now) for pk, now in StopItem.objects.values_list("pk", "verdict") if verdicts[pk] != now
        }
        assert judged <= {("", "unverified")}

    def stop(self, ids: set[str]) -> None:
        """A run over those of `ids` that can be stopped, all of which get the same answer."""
        chosen = list(Connection.objects.stoppable().filter(connection_key__in=ids))
        if chosen:
            run, state, now = start_run(self.user, *chosen), self.random.choice(STATES), timezone.now()
            run.items.update(state=state, attempts=1, connection_was="active", sent_at=now, answered_at=now)
            run.items.filter(connection__status="unknown").update(connection_was="unknown")
            for one in chosen:
                Connection.objects.filter(pk=one.pk).update(status=after(one, state), status_at=now)
                append([Entry("stop.answered", WORKER, actor=self.user, run=run, connection=one)])

    def wait(self, ids: set[str]) -> None:
        """A minute passes, so that some watches end and some waiting is given up."""
        StopItem.objects.exclude(answered_at=None).update(answered_at=F("answered_at") - timedelta(minutes=1))

    def check_nothing_ends_before_two_lists_lack_it(self) -> None:
        by_answer = StopItem.objects.filter(state="already_gone").values("connection")
        ended = Connection.objects.filter(status="ended").exclude(pk__in=by_answer)
        assert all(self.missed[one.connection_key] >= 2 for one in ended)

    def check_verdicts(self) -> None:
        for item in StopItem.objects.exclude(verdict="").select_related("connection"):
            key, held = item.connection.connection_key, self.shown.get(item.verdict_seq or 0, set())
            if item.verdict in GONE:
                assert key not in held
                assert any(key in ids for seq, ids in self.shown.items() if seq < (item.verdict_seq or 0))
                later = StopItem.objects.filter(connection=item.connection, pk__gt=item.pk)
                assert later.exists() or item.connection.status in closed_by(item)
            elif item.verdict == Verdict.STILL_ALIVE:
                assert key in held

    def check_the_history_tells_each_verdict(self) -> None:
        events = AuditEvent.objects.filter(action="stop.verified").order_by("seq")
        told = {(body := json.loads(event.body))["item_id"]: body["verdict"] for event in events}
        assert told == dict(StopItem.objects.exclude(verdict="").values_list("pk", "verdict"))


def listed(key: str) -> Session:
    """The first two are of one service and person."""
    number = max(IDS.index(key), 1)
    return session(key, PLACES[key], service_address=f"80:00:00:00:01:00:40:{number:02X}")


def after(one: Connection, state: str) -> str:
    """What the connection is called after such an answer."""
    if state == "already_gone":
        return "stopped" if one.status == "unknown" else "ended"
    return state if state in ("stopped", "unknown") else one.status


def closed_by(item: StopItem) -> set[str]:
    """What a connection can be called whose last item has the verdict that it is gone."""
    return {"stopped"} if item.may_have_cut_it else {"active", "ended", "stopped"}


def statuses() -> dict[str, str]:
    return dict(Connection.objects.values_list("connection_key", "status"))


@pytest.mark.parametrize("seed", slow_but([0], range(WALKS)))
def test_in_any_order_no_list_is_made_to_say_more_than_it_does(alice: User, account: Account, seed: int) -> None:
    assert WATCH == timedelta(minutes=2)
    walk = Walk(seed, alice, account)
    for _ in range(STEPS):
        walk.step()
    # The answers of this walk stand in the tables alone.
    assert [fault for fault in verify().faults if not fault.startswith(("trigger ", "run "))] == []
