from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connections.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(connections=5, seed=1) as running:
        yield running


def login(sandbox: Sandbox, **changes: Any) -> requests.Response:
    body = {"username": sandbox.username, "password": sandbox.password, **changes}
    return requests.post(
        f"{sandbox.url}/user/login", json=body, headers={"developerkey": sandbox.developer_key}, timeout=5
    )


def test_login_gives_a_token_of_32_hex_digits_right_after_the_status(sandbox: Sandbox) -> None:
    response = login(sandbox)
    assert response.status_code == 200
    assert list(response.json())[:2] == ["status", "token"]
    assert response.json()["status"] == "true"
    assert len(bytes.fromhex(response.json()["token"])) == 16


def test_login_gives_every_documented_field(sandbox: Sandbox) -> None:
    assert set(login(sandbox).json()) == {
        "status", "token", "token_index", "guid", "pubsub_channel", "email", "service_token", "service_level",
        "storage_plan", "commerical_setting", "secondary_auth", "developer_plan", "service_features", "auth_token",
        "auth_expiration", "service_authhash", "apikey", "developer_key", "language", "portal_plan",
        "portal_plan_expires", "member_since", "index", "aws_identity", "announcements",
    }  # fmt: skip


def test_the_expiration_of_a_token_is_a_whole_number(sandbox: Sandbox) -> None:
    assert type(login(sandbox).json()["auth_expiration"]) is int


def test_the_plans_features_decode_to_the_free_plan(sandbox: Sandbox) -> None:
    assert b"concurrent=100" in base64.b64decode(login(sandbox).json()["service_features"])


def test_a_wrong_password_gets_the_documented_words(sandbox: Sandbox) -> None:
    response = login(sandbox, password="guess")
    assert response.status_code == 401
    assert response.json() == {
        "status": "false",
        "reason": "[0102] The username or password is invalid",
        "code": "GENERAL_ERROR",
    }


def test_a_login_without_a_user_is_refused(sandbox: Sandbox) -> None:
    assert login(sandbox, username="").json()["reason"] == "missing user"


def test_a_wrong_developer_key_gets_the_documented_words(sandbox: Sandbox) -> None:
    response = requests.post(f"{sandbox.url}/user/login", json={}, headers={"developerkey": "no"}, timeout=5)
    assert response.status_code == 401
    assert response.content == b'{"status":"false","reason":"api key failed validation","code":"GENERAL_ERROR"}'


def test_the_old_name_of_the_developer_key_is_accepted(sandbox: Sandbox) -> None:
    body = {"username": sandbox.username, "password": sandbox.password}
    response = requests.post(
        f"{sandbox.url}/user/login", json=body, headers={"ApiKey": sandbox.developer_key}, timeout=5
    )
    assert response.status_code == 200


@pytest.mark.parametrize("code", ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"])
def test_an_account_with_a_second_factor_gets_its_code(sandbox: Sandbox, code: str) -> None:
    sandbox.set(mfa=code)
    response = login(sandbox)
    assert (response.status_code, response.json()["status"], response.json()["code"]) == (401, "false", code)


def test_the_authhash_of_a_login_logs_in_again(sandbox: Sandbox) -> None:
    body = {"username": sandbox.username, "authhash": login(sandbox).json()["service_authhash"]}
    response = requests.post(
        f"{sandbox.url}/user/login/authhash", json=body, headers={"developerkey": sandbox.developer_key}, timeout=5
    )
    assert response.json()["status"] == "true"


def test_a_wrong_authhash_is_refused(sandbox: Sandbox) -> None:
    body = {"username": sandbox.username, "authhash": "0" * 40}
    response = requests.post(
        f"{sandbox.url}/user/login/authhash", json=body, headers={"developerkey": sandbox.developer_key}, timeout=5
    )
    assert response.status_code == 401


def check(sandbox: Sandbox, token: str) -> dict[str, Any]:
    headers = {"developerkey": sandbox.developer_key}
    answer: dict[str, Any] = requests.get(f"{sandbox.url}/user/token/{token}", headers=headers, timeout=5).json()
    return answer


def test_a_living_token_is_confirmed_with_its_user(sandbox: Sandbox) -> None:
    answer = check(sandbox, login(sandbox).json()["token"])
    assert (answer["status"], answer["email"]) == ("true", sandbox.username)


def test_a_token_that_has_ended_is_told_under_message(sandbox: Sandbox) -> None:
    token = login(sandbox).json()["token"]
    sandbox.advance(31 * 86400)
    assert check(sandbox, token) == {"status": "false", "message": "Auth token expired"}


def test_logout_ends_the_token(sandbox: Sandbox) -> None:
    token = login(sandbox).json()["token"]
    headers = {"developerkey": sandbox.developer_key}
    requests.post(f"{sandbox.url}/user/logout", json={"tok": token}, headers=headers, timeout=5)
    assert check(sandbox, token)["status"] == "false"
