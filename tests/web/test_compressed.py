"""Pages are compressed for who takes it."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_page_takes_a_fraction_of_its_bytes(operator: Client) -> None:
    plain = operator.get("/admin/connections/connection/")
    packed = operator.get("/admin/connections/connection/", headers={"accept-encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) * 3 < len(plain.content)
    assert b"<h1" in gzip.decompress(packed.content)
