"""The filters of the history as one form: a filter is a field there and a condition in the search."""

from __future__ import annotations

from dataclasses import fields

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict

from connections.admin.history.form import CHIPS, MENUS, OTHER_NAMES, HistoryForm, UnknownFilter
from connections.audit.search import Filters

pytestmark = pytest.mark.django_db


def read(viewer: User, query: str) -> Filters:
    return HistoryForm(QueryDict(query), viewer).filters()


def test_each_filter_is_a_field_and_a_part_of_the_search(carol: User) -> None:
    form = HistoryForm(QueryDict(), carol)
    searched = {one.name for one in fields(Filters)} - {"viewer"}
    assert {OTHER_NAMES.get(name, name) for name in form.fields} == searched
    assert {*MENUS, *CHIPS} <= form.fields.keys()


def test_an_empty_value_asks_for_nothing(carol: User) -> None:
    assert read(carol, "actor=&outcome=+&q=&from=") == Filters(carol)


def test_only_who_sees_all_is_shown_everybody_s_unasked(alice: User, carol: User) -> None:
    assert read(alice, "").actor == alice
    assert read(carol, "").actor is None


@pytest.mark.parametrize("query", ["actor=%2B1", "actor=1_0", "run=-1", "before=1.0", "before=%D9%A1", "line=1e3"])
def test_a_number_is_taken_in_its_plainest_form_alone(carol: User, query: str) -> None:
    with pytest.raises(UnknownFilter, match="is not known"):
        read(carol, query)


@pytest.mark.parametrize("narrowed", ["account", "outcome", "ticket", "action", "q"])
def test_what_is_narrowed_is_nobody_s_whole_history(carol: User, account: object, narrowed: str) -> None:
    values = {"account": "default", "outcome": "stopped", "ticket": "7", "action": "stop.sent", "q": "key"}
    assert read(carol, f"actor={carol.pk}&from=2026-03-01").is_person_s
    assert not read(carol, f"actor={carol.pk}&{narrowed}={values[narrowed]}").is_person_s
