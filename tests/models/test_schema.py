"""A database of another version is told in a sentence, before anything starts on it."""

from __future__ import annotations

import pytest
from django.db.migrations.recorder import MigrationRecorder

from connections.db.schema import why_another
from remoteit_admin.outage import NOT_MIGRATED

pytestmark = pytest.mark.django_db
Applied = MigrationRecorder.Migration.objects


def test_a_database_of_this_version_is_taken() -> None:
    assert why_another() == ""


def test_an_earlier_one_is_to_be_migrated() -> None:
    Applied.filter(app="connections").order_by("-name")[0].delete()
    assert why_another() == NOT_MIGRATED


def test_a_later_one_is_named_and_not_touched() -> None:
    Applied.create(app="connections", name="9999_later")
    assert why_another().startswith("The database is one of a later version (9999_later is not known here)")
