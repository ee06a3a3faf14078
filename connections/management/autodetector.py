from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.migrations.autodetector import MigrationAutodetector

if TYPE_CHECKING:
    from django.db.migrations.state import ModelState, ProjectState
    from django.db.models import Field

LABELS = ("verbose_name", "help_text", "choices")
MODEL_LABELS = ("verbose_name", "verbose_name_plural")
APP = "connections"


class Autodetector(MigrationAutodetector):
    """Django's, which looks at what the database holds and at no text: to reword a label takes no migration."""

    def __init__(self, from_state: ProjectState, to_state: ProjectState, *args: Any, **kwargs: Any) -> None:
        super().__init__(_without_labels(from_state), _without_labels(to_state), *args, **kwargs)


def _without_labels(state: ProjectState) -> ProjectState:
    unlabelled = state.clone()
    for (app, _name), model in unlabelled.models.items():
        if app == APP:
            _remove_labels(model)
    return unlabelled


def _remove_labels(model: ModelState) -> None:
    model.fields = {name: _unlabelled(field) for name, field in model.fields.items()}
    model.options = {name: value for name, value in model.options.items() if name not in MODEL_LABELS}


def _unlabelled(field: Field[Any, Any]) -> Field[Any, Any]:
    _name, _path, args, kwargs = field.deconstruct()
    return type(field)(*args, **{name: value for name, value in kwargs.items() if name not in LABELS})
