"""The history is the outbox: what it says is told once it is committed, in its order, until it is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import AuditEvent
from connections.models.notices import CourierPlace, Delivery
from connections.notices import channels, courier
from connections.notices.channels import Sent

pytestmark = [pytest.mark.both, pytest.mark.django_db]


class Here(Executor):
    """Runs at once, on the test's own connection to the database."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class Post:
    """A channel to two targets that notes what it was given, and answers what the test wants."""

    name = "post"
    actions = frozenset({"run.paused"})
    give_up_after = timedelta(hours=1)

    def __init__(self) -> None:
        self.got: list[tuple[str, int]] = []
        self.answers: dict[str, Sent] = {}

    def deliveries(self, lines: Sequence[AuditEvent]) -> Iterator[Delivery]:
        for line in lines:
            for target in ("one", "two"):
                yield Delivery(channel=self.name, target=target, seq=line.seq)

    def send(self, delivery: Delivery) -> Sent:
        self.got.append((delivery.target, delivery.seq))
        return self.answers.get(delivery.target, Sent(True))


@pytest.fixture
def post(db: None, monkeypatch: pytest.MonkeyPatch) -> Post:
    monkeypatch.setattr(channels, "_CHANNELS", {})
    monkeypatch.setattr(courier.connection, "close", lambda: None)
    channel = Post()
    channels.register(channel)
    carry()  # from here on: what was before is not told
    return channel


def carry() -> int:
    return courier.carry(Here())  # type: ignore[arg-type]


def tell(user: User, action: str = "run.paused") -> int:
    with transaction.atomic():
        return append([Entry(action, Origin("web"), actor=user)])


def test_a_line_is_told_to_each_target_once(post: Post, alice: User) -> None:
    seq = tell(alice)
    carry()
    carry()
    assert post.got == [("one", seq), ("two", seq)]


def test_a_line_of_another_action_is_none_of_its_business(post: Post, alice: User) -> None:
    tell(alice, "run.resumed")
    assert carry() == 0
    assert CourierPlace.objects.get().seq == AuditEvent.objects.latest("seq").seq


def test_a_new_channel_begins_at_the_end_of_the_history(post: Post, alice: User) -> None:
    tell(alice)
    CourierPlace.objects.all().delete()
    carry()
    assert post.got == []


def test_what_was_not_committed_is_not_told(post: Post, alice: User) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(alice)
        raise RuntimeError
    carry()
    assert post.got == []


def test_what_was_not_taken_comes_again_before_what_is_behind_it(post: Post, alice: User) -> None:
    first, second = tell(alice), tell(alice)
    post.answers["one"] = Sent(False, "HTTP 503", 503)
    for _turn in range(3):
        carry()
    assert post.got == [("one", first), ("two", first), ("two", second)]
    post.answers.clear()
    Delivery.objects.update(due_at=timezone.now())
    carry()
    carry()
    assert [seq for target, seq in post.got if target == "one"] == [first, first, second]


def test_a_receiver_that_asks_for_a_longer_pause_gets_it(post: Post, alice: User) -> None:
    tell(alice)
    post.answers["one"] = Sent(False, "HTTP 429", 429, retry_in=600)
    carry()
    delivery = Delivery.objects.get(target="one")
    assert delivery.due_at > timezone.now() + timedelta(seconds=590)
    assert (delivery.state, delivery.tries, delivery.status, delivery.said) == ("waiting", 1, 429, "HTTP 429")


def test_what_is_refused_for_good_is_given_up_and_the_next_goes_on(post: Post, alice: User) -> None:
    tell(alice)
    second = tell(alice)
    post.answers["one"] = Sent(False, "gone", 410, again=False)
    carry()
    post.answers.clear()
    carry()
    assert Delivery.objects.get(target="one", seq__lt=second).state == "given_up"
    assert ("one", second) in post.got


def test_what_was_tried_for_long_enough_is_given_up(post: Post, alice: User) -> None:
    tell(alice)
    post.answers["one"] = Sent(False, "HTTP 503", 503)
    carry()
    long_ago = timezone.now() - timedelta(minutes=61)
    Delivery.objects.filter(target="one").update(created_at=long_ago, due_at=timezone.now())
    carry()
    assert Delivery.objects.get(target="one").state == "given_up"


def test_a_channel_that_breaks_off_is_tried_again(post: Post, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(delivery: Delivery) -> Sent:
        raise ValueError("its message may hold anything")

    tell(alice)
    monkeypatch.setattr(post, "send", broken)
    carry()
    delivery = Delivery.objects.filter(target="one").get()
    assert (delivery.state, delivery.said) == ("waiting", "it broke off on our side: ValueError")


def test_another_courier_leaves_alone_what_is_being_sent(post: Post, alice: User) -> None:
    tell(alice)
    sent_meanwhile = []
    real = post.send
    post.send = lambda delivery: (sent_meanwhile.append(carry()), real(delivery))[1]  # type: ignore[method-assign]
    carry()
    assert sum(sent_meanwhile) == 0
