"""What is sent to an address that is none: nobody has read it before the page says so."""

from __future__ import annotations

import pytest
from django.test import Client

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"a"),
        ("multipart/form-data; boundary=", b"a"),
        (FORM, b"&".join(b"%d=" % number for number in range(1001))),
        (FORM, b"a=" + b"x" * 3_000_000),
    ],
)
def test_what_can_not_be_read_is_the_client_s_mistake(client: Client, kind: str, body: bytes) -> None:
    client.cookies["csrftoken"] = "x" * 32
    client.handler.enforce_csrf_checks = True
    assert client.generic("POST", "/nothing", body, content_type=kind).status_code == 400
