"""A label is a text: to reword one takes no migration."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from connections.management.autodetector import Autodetector

pytestmark = pytest.mark.django_db

MIGRATIONS = Path(__file__).resolve().parents[2] / "connections" / "migrations"


def changes_with(name: models.Field) -> dict[str, object]:
    """What `makemigrations` would write if the field `name` of the account were this one."""
    loader = MigrationLoader(connection)
    state = ProjectState.from_apps(apps)
    state.models["connections", "account"].fields["name"] = name
    return Autodetector(loader.project_state(), state).changes(graph=loader.graph)


def test_another_label_needs_no_migration() -> None:
    reworded = models.CharField("what we call it", max_length=80, unique=True, help_text="Short.")
    assert changes_with(reworded) == {}


def test_another_length_needs_one() -> None:
    assert list(changes_with(models.CharField("name", max_length=90, unique=True))) == ["connections"]


def test_no_migration_holds_a_label() -> None:
    holding = [
        path.name
        for path in MIGRATIONS.glob("0*.py")
        if any(label in path.read_text() for label in ("verbose_name", "help_text=", "choices="))
    ]
    assert holding == []
