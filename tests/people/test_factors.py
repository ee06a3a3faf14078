"""The second factor at the sign-in, and again before what can't be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from connections.audit.origin import Origin
from connections.models import AuditEvent, SignInBrake
from connections.models.door.factors import CodeApp, FactorRule, RecoveryCode
from connections.people import factors
from connections.web.door import devices
from tests.conftest import PASSWORD
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
WEB = Origin("web", client_ip="192.0.2.7")
LOGIN, SECOND = "/admin/login/", "/admin/login/second/"


@pytest.fixture
def secret(alice: User) -> str:
    """That of the app of alice."""
    made = factors.new_secret()
    CodeApp.objects.create(user=alice, secret=made)
    return made


def code(secret: str, *, off_s: float = 0) -> str:
    return pyotp.TOTP(secret).at(timezone.now() + timedelta(seconds=off_s))


def password(client: Client, **more: str) -> Any:
    return client.post(LOGIN, {"username": "alice", "password": PASSWORD, **more})


def is_in(client: Client) -> bool:
    return client.get("/admin/sessions/").status_code == 200


def test_a_password_alone_opens_nothing_to_who_has_a_second_factor(client: Client, secret: str) -> None:
    assert password(client, next="/admin/sessions/").headers["Location"].startswith(SECOND)
    assert not is_in(client)
    assert not AuditEvent.objects.filter(action="user.signed_in").exists()


def test_the_code_of_the_app_opens_and_leads_where_one_wanted_to_go(client: Client, secret: str) -> None:
    second = password(client, next="/admin/sessions/").headers["Location"]
    assert client.post(second, {"code": code(secret)}).headers["Location"] == "/admin/sessions/"
    assert is_in(client)


def test_a_code_is_taken_once(client: Client, secret: str) -> None:
    now = code(secret)
    password(client)
    client.post(SECOND, {"code": now})
    other = Client()
    password(other)
    assert "proves nothing" in text_of(other.post(SECOND, {"code": now}))
    assert not is_in(other)


@pytest.mark.parametrize(("off_s", "fits"), [(-29, True), (29, True), (-95, False), (95, False)])
def test_a_clock_may_be_off_by_half_a_minute(secret: str, off_s: float, fits: bool) -> None:
    assert _fits(secret, second=15, off_s=off_s) == fits


@pytest.mark.parametrize("off_s", [-40, 40])
def test_a_clock_that_is_off_by_40_s_fits_as_long_as_its_code_is_next_to_this_one(secret: str, off_s: float) -> None:
    """Two seconds in three: a person waits for the next code, and reads to look at the phone's clock."""
    fits = [_fits(secret, second=second, off_s=off_s) for second in range(30)]
    assert fits.count(True) == 20


def _fits(secret: str, *, second: int, off_s: float) -> bool:
    now = datetime(2026, 5, 4, 12, 0, second, tzinfo=UTC)
    shown = pyotp.TOTP(secret).at(now + timedelta(seconds=off_s))
    return factors.step_of(secret, shown, now) is not None


def test_a_code_that_is_not_taken_says_to_look_at_the_phone_s_clock(client: Client, secret: str) -> None:
    password(client)
    assert "whether the clock of the phone is right" in text_of(client.post(SECOND, {"code": code(secret, off_s=95)}))


@pytest.mark.parametrize("odd", ["", "abc", "\uff11\uff12\uff13\uff14\uff15\uff16", "é" * 40, "000000\0"])
def test_an_odd_code_is_a_wrong_one(client: Client, secret: str, odd: str) -> None:
    password(client)
    assert client.post(SECOND, {"code": odd}).status_code in (200, 400)
    assert not is_in(client)


def test_a_recovery_code_opens_once(client: Client, alice: User, secret: str) -> None:
    made = factors.new_recovery_codes(alice, WEB)
    password(client)
    client.post(SECOND, {"code": f" {made[0].upper()} "})
    assert is_in(client)
    assert not factors.use_recovery_code(alice, made[0])
    assert RecoveryCode.objects.filter(user=alice).count() == 9


def test_wrong_codes_are_braked_whatever_the_address_and_told(client: Client, secret: str) -> None:
    password(client)
    for number in range(7):
        answer = client.post(SECOND, {"code": "000000"}, REMOTE_ADDR=f"203.0.113.{number}")
    assert answer.status_code == 429
    assert AuditEvent.objects.filter(action="user.second_factor_wrong").exists()
    assert SignInBrake.objects.exists()


def test_the_second_step_is_over_when_the_password_changes(client: Client, alice: User, secret: str) -> None:
    password(client)
    alice.set_password("another long one")
    alice.save()
    client.post(SECOND, {"code": code(secret)})
    assert not is_in(client)


def test_without_a_password_the_second_step_is_not_there(client: Client, secret: str) -> None:
    assert client.get(SECOND).headers["Location"].startswith(LOGIN)


def test_adding_an_app_takes_its_code_and_shows_recovery_codes_once(operator: Client, alice: User) -> None:
    page = "/admin/sign-in/"
    operator.get(page)
    secret = operator.session["code_app_secret"]
    assert "not the code" in text_of(operator.post(page, {"act": "add_app", "code": "000000"}, follow=True))
    shown = operator.post(page, {"act": "add_app", "code": code(secret)})
    assert shown.content.decode().count("-") > 10
    assert factors.has_second(alice)
    assert secret not in AuditEvent.objects.filter(action="user.factor_added").earliest("seq").body
    assert "recovery-codes" not in operator.get(page).content.decode()


def test_the_secret_lies_encrypted(alice: User, secret: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM connections_codeapp")
        assert secret.encode() not in bytes(cursor.fetchone()[0])


def test_who_has_an_app_proves_with_it_and_not_with_the_password(operator: Client, secret: str) -> None:
    session = operator.session
    session["proof"] = ["password", 1]
    session.save()
    asked = operator.get("/admin/sign-in/").headers["Location"]
    operator.post(asked, {"password": PASSWORD})
    assert operator.get("/admin/sign-in/").status_code == 302
    operator.post(asked, {"code": code(secret)})
    assert operator.get("/admin/sign-in/").status_code == 200


def test_reset_sign_in_takes_the_factors_ends_the_sessions_and_says_why(
    client: Client, alice: User, secret: str
) -> None:
    password(client)
    client.post(SECOND, {"code": code(secret)})
    call_command("reset_sign_in", "alice", reason="phone lost")
    assert not is_in(client)
    assert not factors.has_second(alice)
    assert "phone lost" in AuditEvent.objects.get(action="user.sign_in_reset").body
    with pytest.raises(CommandError):
        call_command("reset_sign_in", "nobody", reason="x")


def test_one_s_sessions_are_listed_and_ended_one_by_one(client: Client, alice: User) -> None:
    other = Client()
    for one in (client, other):
        password(one)
    rows = devices.of(alice)
    assert len(rows) == 2
    assert is_in(other)
    client.post("/admin/sessions/", {"pk": str(rows[0].pk)})
    assert not is_in(other)
    assert is_in(client)


def test_somebody_else_s_session_is_not_ended(client: Client, alice: User, bob: User) -> None:
    password(client)
    other = Client()
    other.force_login(bob)
    other.post("/admin/sessions/", {"pk": str(devices.of(alice)[0].pk)})
    assert is_in(client)


def test_a_role_whose_grace_is_over_leads_everywhere_to_the_page_that_adds_one(client: Client, alice: User) -> None:
    FactorRule.objects.create(group=Group.objects.get(name="Operators"), grace_days=0)
    password(client)
    assert client.get("/admin/connections/connection/").headers["Location"] == "/admin/sign-in/"
    assert client.post("/admin/logout/").status_code == 200


def test_within_the_days_of_grace_everything_works(client: Client, alice: User) -> None:
    FactorRule.objects.create(group=Group.objects.get(name="Operators"), grace_days=3)
    password(client)
    assert client.get("/admin/connections/connection/").status_code == 200


def test_at_an_address_the_page_says_to_open_a_name(client: Client) -> None:
    passkey = "/admin/login/passkey/"
    assert "http://localhost:8000" in text_of(client.get(passkey, headers={"host": "127.0.0.1:8000"}))
    assert "data-passkey=" in client.get(passkey, headers={"host": "localhost:8000"}).content.decode()


@pytest.mark.parametrize("answer", ["", "{}", "[]", "{", '{"id": "AA", "response": 1}'])
def test_what_is_no_passkey_opens_nothing(client: Client, answer: str) -> None:
    page = client.get("/admin/login/passkey/", headers={"host": "localhost"})
    challenge = page.context_data["passkey"]["challenge"]
    refused = client.post("/admin/login/passkey/", {"passkey": answer, "challenge": challenge})
    assert "was not taken" in text_of(refused)
    assert not is_in(client)


def test_a_role_s_rule_is_set_beside_its_ceiling(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    client.post("/admin/connections/approval/ceilings/", {"which": "", "all-grace_days": "7"})
    assert FactorRule.objects.get().grace_days == 7
    client.post("/admin/connections/approval/ceilings/", {"which": "", "all-grace_days": ""})
    assert not FactorRule.objects.exists()
    assert AuditEvent.objects.filter(action="factor_rule.changed").count() == 2
