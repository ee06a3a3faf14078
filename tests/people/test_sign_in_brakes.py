"""Passwords can't be guessed without end, nobody is kept out by a stranger, and the history is not filled by one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.models import AuditEvent, FailedSignIns, SignInBrake
from connections.people import attempts, brakes, failures, hashing
from connections.people.brakes import BY_ADDRESS, BY_NAME, brakes_for, succeeded, take
from connections.people.failures import MOST_OF_ALL, MOST_OF_ONE, Failure, has_own_line, tell_sums
from connections.web import sign_ins
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HERE, ELSEWHERE = "203.0.113.9", "198.51.100.7"
FAILED = "user.sign_in_failed"


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does time go by, unless a test says so: the first waits are shorter than some requests."""
    monkeypatch.setattr(failures, "_refused", failures._Refused())
    at = timezone.now()
    monkeypatch.setattr(attempts, "now", lambda: at)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The passwords that were hashed, from now on."""
    tried: list[str] = []
    encode = hashers.MD5PasswordHasher.encode

    def noting(self: Any, password: str, salt: str) -> str:
        tried.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", noting)
    yield tried


def sign_in(client: Client, name: str, password: str = PASSWORD, address: str = HERE) -> Any:
    return client.post(LOGIN, {"username": name, "password": password}, REMOTE_ADDR=address)


def guess(name: str, times: int, address: str = HERE) -> list[Any]:
    return [sign_in(Client(), name, f"guess {number}", address) for number in range(times)]


def lines(action: str = FAILED) -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in AuditEvent.objects.filter(action=action).order_by("seq")]


# -- what is braked


def test_guesses_are_refused_before_they_are_hashed(alice: User, hashed: list[str]) -> None:
    answers = guess("alice", BY_NAME.free + 3)
    assert [answer.status_code for answer in answers] == [200] * BY_NAME.free + [429] * 3
    assert len(hashed) == BY_NAME.free
    assert answers[-1].headers["Retry-After"] == "1"
    assert "Nothing was checked: try again in 1 s." in answers[-1].content.decode()


def test_the_right_password_is_refused_too_while_one_waits(client: Client, alice: User) -> None:
    guess("alice", BY_NAME.free)
    assert sign_in(client, "alice").status_code == 429
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("times", [1, BY_NAME.free + 1])
def test_a_name_that_nobody_has_is_answered_as_one_that_somebody_has(
    alice: User, hashed: list[str], times: int
) -> None:
    answers = []
    for name in ("alice", "nobody"):
        before = len(hashed)
        last = guess(name, times)[-1]
        page = last.content.decode().replace(name, "NAME")
        page = page.replace(str(last.context["csrf_token"]), "TOKEN")
        answers.append((last.status_code, last.headers.get("Retry-After"), page, len(hashed) - before))
    assert answers[0] == answers[1]


def test_another_spelling_is_no_other_name(alice: User) -> None:
    assert brakes_for("Alice", HERE) == brakes_for("\uff41lice", HERE)
    assert brakes_for("alice", HERE) != brakes_for("bob", HERE)


def test_the_next_of_many_addresses_of_ipv6_is_no_other_address() -> None:
    assert brakes_for("alice", "2001:db8::1") == brakes_for("alice", "2001:db8::ffff:1")
    assert brakes_for("alice", "2001:db8::1") != brakes_for("alice", "2001:db8:0:1::1")


def test_many_names_from_one_address_are_braked_together(alice: User, hashed: list[str]) -> None:
    answers = [guess(f"name {number}", 1)[0].status_code for number in range(BY_ADDRESS.free + 2)]
    assert answers == [200] * BY_ADDRESS.free + [429] * 2


def test_the_wait_doubles_and_has_an_end() -> None:
    now, waits = NOW, []
    for _n in range(40):
        while wait := take(brakes_for("alice", HERE), now):
            now += timedelta(seconds=wait)
            waits.append(wait)
    assert waits[:4] == [1, 2, 4, 8]
    assert BY_NAME.longest_s - 5 <= max(waits) <= BY_NAME.longest_s
    assert waits == sorted(waits)


@pytest.mark.slow
@pytest.mark.once
def test_a_day_of_guesses_from_one_address_is_a_hundred_for_a_name_and_some_more_in_all() -> None:
    for names, most in ((1, 130), (1000, 1_500)):
        SignInBrake.objects.all().delete()
        now, tried = NOW, 0
        while now < NOW + timedelta(days=1):
            wait = take(brakes_for(f"name {tried % names}", HERE), now)
            tried += not wait
            now += timedelta(seconds=wait)
        assert tried <= most


def test_a_clock_that_was_put_back_keeps_nobody_waiting_longer() -> None:
    for _n in range(BY_NAME.free + 1):
        take(brakes_for("alice", HERE), NOW)
    assert take(brakes_for("alice", HERE), NOW - timedelta(days=1)) <= 2


def test_of_many_guesses_at_once_no_more_are_tried_than_one_by_one() -> None:
    """Counting comes before hashing: here nothing is hashed at all between two of them."""
    assert [take(brakes_for("alice", HERE), NOW) == 0 for _n in range(16)].count(True) == BY_NAME.free


# -- who is not


def test_a_stranger_keeps_nobody_out_who_signs_in_from_elsewhere(client: Client, alice: User) -> None:
    guess("alice", 30)
    assert sign_in(client, "alice", address=ELSEWHERE).status_code == 302


def test_a_browser_that_signed_in_before_does_not_wait_for_whoever_shares_its_address(
    client: Client, alice: User
) -> None:
    assert sign_in(client, "alice").status_code == 302
    client.post("/admin/logout/")
    guess("alice", 30)
    guess("somebody", 30)
    assert sign_in(client, "alice").status_code == 302


def test_a_known_browser_has_brakes_of_its_own(client: Client, alice: User) -> None:
    sign_in(client, "alice")
    client.post("/admin/logout/")
    answers = [sign_in(client, "alice", "wrong").status_code for _n in range(BY_NAME.free + 1)]
    assert answers[-1] == 429


def test_a_known_browser_is_known_for_one_name_and_by_no_other_mark(client: Client, alice: User, carol: User) -> None:
    sign_in(client, "alice")
    cookie = client.cookies["sessionid-browser"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    guess("carol", BY_NAME.free)
    assert sign_in(client, "carol").status_code == 429
    client.cookies["sessionid-browser"] = "anything"
    guess("alice", BY_NAME.free)
    assert sign_in(client, "alice").status_code == 429


def test_a_right_password_clears_the_name_and_not_the_address(client: Client, alice: User) -> None:
    guess("alice", BY_NAME.free - 1)
    assert sign_in(client, "alice").status_code == 302
    by_name, by_address = brakes_for("alice", HERE)
    assert not SignInBrake.objects.filter(key=by_name).exists()
    assert SignInBrake.objects.get(key=by_address).level == pytest.approx(BY_NAME.free - 1, abs=0.5)


def test_an_address_is_free_again_some_minutes_after_the_last_guess() -> None:
    for number in range(BY_ADDRESS.free):
        take(brakes_for(f"name {number}", HERE), NOW)
    assert take(brakes_for("alice", HERE), NOW) == 1
    later = NOW + timedelta(minutes=10)
    assert [take(brakes_for(f"late {number}", HERE), later) for number in range(10)] == [0] * 10


def test_a_success_gives_the_address_its_try_back() -> None:
    for _n in range(100):
        assert take(brakes_for("alice", HERE), NOW) == 0
        succeeded(brakes_for("alice", HERE))


def test_what_is_forgiven_is_deleted() -> None:
    take(brakes_for("alice", HERE), NOW)
    brakes.forget(NOW + timedelta(hours=23))
    assert SignInBrake.objects.count() == 2
    brakes.forget(NOW + timedelta(hours=25))
    assert not SignInBrake.objects.exists()


# -- how many at once


def test_only_so_many_are_hashed_at_once_and_the_rest_is_told_to_come_again(alice: User) -> None:
    with hashing.turn(is_known=False):
        hashing._places.acquire()
        hashing._places.acquire()
        try:
            answer = sign_in(Client(), "alice")
        finally:
            hashing._places.release()
            hashing._places.release()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert "Nothing was checked" in answer.content.decode()
    assert sign_in(Client(), "alice").status_code == 302
    assert max(SignInBrake.objects.values_list("level", flat=True), default=0) == 0


def test_a_known_browser_waits_for_its_turn_where_others_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_places", threading.BoundedSemaphore(1))
    hashing._places.acquire()
    released = threading.Timer(0.05, hashing._turns.release)
    hashing._turns.acquire()
    with pytest.raises(hashing.Busy), hashing.turn(is_known=False):
        pass
    released.start()
    with hashing.turn(is_known=True):
        pass
    released.join()


# -- what the history is told


def test_the_first_failures_of_a_minute_have_lines_and_the_rest_a_sum(alice: User) -> None:
    failure = Failure(FAILED, "alice", HERE)
    assert [has_own_line(failure, NOW) for _n in range(403)].count(True) == MOST_OF_ONE
    tell_sums(NOW + timedelta(seconds=59))
    assert lines() == []
    tell_sums(NOW + timedelta(seconds=60))
    [line] = lines()
    assert (line["failures"], line["name"], line["client_ip"]) == (400, "alice", HERE)
    assert (line["minute"], line["actor"]) == ("2026-05-04T12:00:00.000000Z", "alice")
    assert not FailedSignIns.objects.exists()


def test_lines_and_sums_say_that_nobody_told_the_address(alice: User) -> None:
    guess("alice", MOST_OF_ONE + 1, address="")
    tell_sums(timezone.now() + timedelta(minutes=1))
    assert [line["client_ip"] for line in lines()] == ["unknown"] * (MOST_OF_ONE + 1)
    assert lines()[-1]["failures"] == 1


def test_a_flood_of_names_and_addresses_is_a_bounded_number_of_lines() -> None:
    alone = 0
    for number in range(300):
        alone += has_own_line(Failure(FAILED, f"name {number % 150}", f"198.51.100.{number}"), NOW)
    tell_sums(NOW + timedelta(minutes=1))
    told = lines()
    assert (alone, len(told)) == (MOST_OF_ALL, MOST_OF_ALL + 1)
    assert told[-1]["failures"] == 300 - alone - MOST_OF_ALL
    assert sum(line["failures"] for line in told) + alone == 300


def test_what_was_refused_untried_is_in_the_sum_and_costs_no_write_each(
    alice: User, django_assert_num_queries: Any
) -> None:
    guess("alice", BY_NAME.free + 1)
    with django_assert_num_queries(1):  # what is counted for the name and the address
        assert guess("alice", 1)[0].status_code == 429
    for _n in range(20):
        guess("alice", 1)
    later = attempts.now() + failures.KEPT_FOR  # in the next minute, now and then
    failures.refused(Failure(FAILED, "alice", HERE), later)
    tell_sums(later + timedelta(minutes=2))
    assert sum(line.get("failures", 1) for line in lines()) == BY_NAME.free + 23


def test_more_names_than_are_kept_apart_are_counted_as_others() -> None:
    kept = failures._Refused()
    kept.add(Failure(FAILED, "first", HERE), NOW)
    for number in range(failures.MOST_KEPT + 50):
        assert kept.add(Failure(FAILED, f"name {number}", HERE), NOW) == {}
    counted = kept.add(Failure(FAILED, "last", HERE), NOW + failures.KEPT_FOR)
    assert counted[Failure(FAILED, "", "")] == 51
    assert sum(counted.values()) == failures.MOST_KEPT + 51


def test_a_page_of_the_history_tells_sums_in_words(client: Client, admin_user: User, alice: User) -> None:
    for name in ("alice", *(f"name {number}" for number in range(30))):
        for _n in range(10 if name == "alice" else 5):
            has_own_line(Failure(FAILED, name, HERE), NOW)
    tell_sums(NOW + timedelta(minutes=1))
    client.force_login(admin_user)
    page = client.get("/admin/connections/auditevent/").content.decode()
    assert "more sign-ins as “alice” failed" in page
    assert "in the minute from 12:00 (UTC)" in page
    assert "of 11 names" in page
    assert "from 1 address<" in page


# -- the old password


@pytest.fixture
def as_alice(client: Client, alice: User) -> Client:
    client.force_login(alice)
    AuditEvent.objects.all()._raw_delete("default")
    return client


def change_password(client: Client, old: str) -> Any:
    new = "battery staple horse"
    form = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/admin/password_change/", form, REMOTE_ADDR=HERE)


def test_wrong_old_passwords_are_braked_before_they_are_hashed(as_alice: Client, hashed: list[str]) -> None:
    answers = [change_password(as_alice, f"guess {number}") for number in range(BY_NAME.free + 1)]
    assert [answer.status_code for answer in answers] == [200] * BY_NAME.free + [429]
    assert "Nothing was checked" in answers[-1].content.decode()
    assert [one for one in hashed if one.startswith("guess")] == [f"guess {number}" for number in range(BY_NAME.free)]


def test_wrong_old_passwords_have_their_lines(as_alice: Client) -> None:
    for _n in range(MOST_OF_ONE + 1):
        change_password(as_alice, "wrong")
    told = lines(sign_ins.OLD_PASSWORD_WRONG)
    assert [(line["actor"], line["client_ip"]) for line in told] == [("alice", HERE)] * MOST_OF_ONE
    assert "wrong" not in AuditEvent.objects.values_list("body", flat=True)[0].replace("old_password_wrong", "")


def test_the_right_old_password_changes_it(as_alice: Client, alice: User) -> None:
    assert change_password(as_alice, PASSWORD).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("battery staple horse")
    assert as_alice.get("/admin/").status_code == 200


def test_guesses_at_both_doors_are_counted_together(as_alice: Client) -> None:
    guess("alice", BY_NAME.free)
    assert change_password(as_alice, PASSWORD).status_code == 429
