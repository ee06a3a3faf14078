"""The overview offers what the first start leaves off, once."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.models import Ceiling
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
OFFER = "A password alone opens this panel"


def test_the_offer_is_there_until_it_is_put_away(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    assert OFFER in text_of(client.get("/admin/"))
    client.post("/admin/door-offer/")
    assert OFFER not in text_of(client.get("/admin/"))


def test_where_something_is_set_nothing_is_offered(client: Client, admin_user: User) -> None:
    Ceiling.objects.create(per_run=5, made_by=admin_user)
    client.force_login(admin_user)
    assert OFFER not in text_of(client.get("/admin/"))


def test_who_may_set_nothing_is_offered_nothing(operator: Client) -> None:
    assert OFFER not in text_of(operator.get("/admin/"))
    assert operator.post("/admin/door-offer/").status_code == 403
