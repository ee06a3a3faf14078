"""Runs a parsed operation on a table of types. A selection becomes one function first, for lists may be long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connections.sandbox.graphql.parse import Field, Fragment, GraphQLError, Operation, fill

#: Types of events that the vendor has besides; the sandbox has none of them, and a fragment on one finds nothing.
ABSENT = {
    "DeviceJobEvent", "DeviceDeleteEvent", "DeviceRefreshEvent", "DeviceShareEvent", "DeviceStateEvent",
    "DeviceTransferEvent", "GenericEvent", "JobEvent", "LicenseUpdatedEvent",
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A field of a type: `get(source, **arguments)`; `of` names the type of an object, "" for a plain value.

    many: a list of them. arguments: which ones it takes; required: of those, which it must get.
    """

    get: Callable[..., Any]
    of: str = ""
    many: bool = False
    arguments: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


Types = dict[str, dict[str, Known]]
Read = Callable[[Any], Any]


class Failure(GraphQLError):
    """The operation was right, and running it failed."""


class Runner:
    """`implements`: interface -> the one type of the sandbox that has it."""

    def __init__(self, types: Types, implements: dict[str, str]) -> None:
        self.types = types
        self.implements = implements

    def run(self, operation: Operation, given: dict[str, Any]) -> dict[str, Any]:
        """The value of `data`. Raises GraphQLError for a wrong operation, before anything has happened, or Failure."""
        root = {"query": "Query", "mutation": "Mutation"}[operation.kind]
        read = self.reader(root, operation.selections, operation.variables(given))
        data: dict[str, Any] = read(None)
        return data

    def reader(self, name: str, selections: list[Field | Fragment], variables: dict[str, Any]) -> Read:
        """A function from an object of the type `name` to the selected values."""
        steps = list(self.steps(name, selections, variables).items())

        def read(source: Any) -> dict[str, Any]:
            return {key: step(source) for key, step in steps}

        return read

    def steps(self, name: str, selections: list[Field | Fragment], variables: dict[str, Any]) -> dict[str, Read]:
        steps: dict[str, Read] = {}
        for one in selections:
            if isinstance(one, Fragment):
                steps |= self.of_fragment(name, one, variables)
            else:
                steps[one.key] = self.step(name, one, variables)
        return steps

    def of_fragment(self, name: str, fragment: Fragment, variables: dict[str, Any]) -> dict[str, Read]:
        if fragment.on == name or fragment.on == self.implements.get(name):
            return self.steps(fragment.on, fragment.selections, variables)
        if fragment.on in ABSENT:
            return {}
        raise GraphQLError(f'Fragment cannot be spread here: the sandbox has no "{fragment.on}" in "{name}".')

    def step(self, name: str, field: Field, variables: dict[str, Any]) -> Read:
        if field.name == "__typename":
            return lambda source: self.implements.get(name, name)
        known = self.types[name].get(field.name)
        if known is None:
            raise GraphQLError(f'Cannot query field "{field.name}" on type "{name}".')
        get = with_arguments(known, name, field, variables)
        if not known.of:
            if field.selections:
                raise GraphQLError(f'Field "{field.name}" must not have a selection since it has no subfields.')
            return get
        if not field.selections:
            raise GraphQLError(f'Field "{field.name}" of type "{known.of}" must have a selection of subfields.')
        inner = self.reader(known.of, field.selections, variables)
        return each(get, inner) if known.many else one_or_none(get, inner)


def with_arguments(known: Known, name: str, field: Field, variables: dict[str, Any]) -> Read:
    values = {key: fill(value, variables) for key, value in field.arguments.items()}
    for key in values:
        if key not in known.arguments:
            raise GraphQLError(f'Unknown argument "{key}" on field "{name}.{field.name}".')
    for key in known.required:
        if values.get(key) is None:
            raise GraphQLError(f'Field "{field.name}" argument "{key}" is required, but it was not provided.')
    given = {key: value for key, value in values.items() if value is not None}
    return (lambda source: known.get(source, **given)) if known.arguments else known.get


def each(get: Read, inner: Read) -> Read:
    return lambda source: [inner(value) for value in get(source)]


def one_or_none(get: Read, inner: Read) -> Read:
    def read(source: Any) -> Any:
        value = get(source)
        return None if value is None else inner(value)

    return read
