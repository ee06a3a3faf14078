"""Why something is left, by what remote.it answered, and whether another try can help."""

from __future__ import annotations

import pytest

from connections.words.causes import KINDS, Help, kind_of, without_classes


@pytest.mark.parametrize(
    ("state", "verdict", "status", "reason", "kind"),
    [
        ("failed", "", None, "The API's host refused the connection (NewConnectionError)", "unreached"),
        ("unknown", "still_alive", 500, "internal error", "fault"),
        ("unknown", "", None, "The request was sent, but no complete answer came in time", "broken"),
        ("unknown", "", 200, "HTTP 200 without a status", "unclear"),
        ("refused", "still_alive", 403, "[0405] 80:00 is not available and is not shared with you.", "forbidden"),
        ("refused", "", 401, "You are not allowed to manage this device", "forbidden"),
        ("refused", "", 401, "api key failed validation", "credentials"),
        ("refused", "", 401, "Auth token expired", "token"),
        ("refused", "", 401, "deviceaddress is incorrect", "address"),
        ("refused", "", 401, "connectionid is incorrect", "id"),
        ("refused", "", 429, "too many requests", "limit"),
        ("refused", "", 409, "not now", "no"),
        ("stopped", "still_alive", 200, "", "accepted"),
        ("cancelled", "", None, "", "cancelled"),
    ],
)
def test_each_answer_has_its_cause(state: str, verdict: str, status: int | None, reason: str, kind: str) -> None:
    assert kind_of(state, verdict, status, reason) == kind


def test_what_only_the_owner_can_do_no_other_try_can() -> None:
    assert KINDS["forbidden"].help is Help.NOT
    assert "owner" in str(KINDS["forbidden"].note)


def test_names_of_exceptions_are_left_out() -> None:
    chain = "The API's host refused the connection (ConnectionError <- MaxRetryError: Connection refused)"
    assert without_classes(chain) == "The API's host refused the connection"
    assert without_classes("Not found (in this account)") == "Not found (in this account)"
