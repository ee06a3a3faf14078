"""Reads the part of GraphQL that the sandbox runs: operations, variables, aliases, arguments, inline fragments."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(
    r"(?P<blank>[\s,\ufeff]+|\#[^\n\r]*)|(?P<punctuator>\.\.\.|[!$():=@\[\]{|}&])|(?P<name>[_A-Za-z][_0-9A-Za-z]*)"
    r'|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(?P<string>"(?!"")(?:[^"\\\n]|\\.)*")'
)
CONSTANTS = {"true": True, "false": False, "null": None}
DEEPEST = 40


class GraphQLError(Exception):
    """str() is the message of an entry of `errors`."""


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass(frozen=True)
class Field:
    key: str
    name: str
    arguments: dict[str, Any]
    selections: list[Field | Fragment]


@dataclass(frozen=True)
class Fragment:
    on: str
    selections: list[Field | Fragment]


@dataclass(frozen=True)
class Operation:
    kind: str
    name: str
    selections: list[Field | Fragment]
    #: name -> default, and those that must be given.
    defaults: dict[str, Any] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)

    def variables(self, given: dict[str, Any]) -> dict[str, Any]:
        """The values of the variables, of which an unknown one is left out. Raises GraphQLError."""
        values = {name: given.get(name, default) for name, default in self.defaults.items()}
        for name in self.required:
            if values[name] is None:
                raise GraphQLError(f'Variable "${name}" of a required type was not provided.')
        return values


def parse(text: str, operation_name: str | None = None) -> Operation:
    """The operation to run. Raises GraphQLError."""
    operations = Parser(tokens(text)).document()
    if operation_name:
        operations = [one for one in operations if one.name == operation_name]
        if not operations:
            raise GraphQLError(f'Unknown operation named "{operation_name}".')
    if len(operations) > 1:
        raise GraphQLError("Must provide operation name if query contains multiple operations.")
    return operations[0]


def tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise GraphQLError(f"Syntax Error: Unexpected character {text[at]!r}.")
        if match.lastgroup != "blank":
            found.append((str(match.lastgroup), match.group()))
        at = match.end()
    return [*found, ("end", "<EOF>")]


class Parser:
    def __init__(self, found: list[tuple[str, str]]) -> None:
        self.found = found
        self.at = 0
        self.depth = 0

    def document(self) -> list[Operation]:
        operations = [self.operation()]
        while self.kind != "end":
            operations.append(self.operation())
        return operations

    @property
    def kind(self) -> str:
        return self.found[self.at][0]

    @property
    def text(self) -> str:
        return self.found[self.at][1]

    def sees(self, punctuator: str) -> bool:
        return self.found[self.at] == ("punctuator", punctuator)

    def skip(self, punctuator: str) -> bool:
        seen = self.sees(punctuator)
        self.at += seen
        return seen

    def take(self, kind: str, text: str = "") -> str:
        if self.kind != kind or (text and self.text != text):
            raise GraphQLError(f'Syntax Error: Expected {text or kind}, found "{self.text}".')
        self.at += 1
        return self.found[self.at - 1][1]

    def operation(self) -> Operation:
        if self.sees("{"):
            return Operation("query", "", self.selections())
        kind = self.take("name")
        if kind not in ("query", "mutation"):
            raise GraphQLError(f'Syntax Error: Unexpected Name "{kind}".')
        name = self.take("name") if self.kind == "name" else ""
        defaults: dict[str, Any] = {}
        required: set[str] = set()
        if self.skip("("):
            while not self.skip(")"):
                self.definition(defaults, required)
        return Operation(kind, name, self.selections(), defaults, required)

    def definition(self, defaults: dict[str, Any], required: set[str]) -> None:
        self.take("punctuator", "$")
        name = self.take("name")
        self.take("punctuator", ":")
        if self.type():
            required.add(name)
        defaults[name] = self.value() if self.skip("=") else None

    def type(self) -> bool:
        """Read a type; is it one that has to be given?"""
        if self.skip("["):
            self.type()
            self.take("punctuator", "]")
        else:
            self.take("name")
        return self.skip("!")

    def selections(self) -> list[Field | Fragment]:
        self.take("punctuator", "{")
        self.deeper()
        found = [self.selection()]
        while not self.skip("}"):
            found.append(self.selection())
        self.depth -= 1
        return found

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise GraphQLError(f"Syntax Error: The sandbox reads {DEEPEST} levels of braces.")

    def selection(self) -> Field | Fragment:
        if self.skip("..."):
            if self.text != "on":
                raise GraphQLError("The sandbox reads inline fragments only, as in `... on DeviceConnectEvent`.")
            self.take("name", "on")
            return Fragment(self.take("name"), self.selections())
        key = name = self.take("name")
        if self.skip(":"):
            name = self.take("name")
        arguments = self.pairs(")") if self.skip("(") else {}
        return Field(key, name, arguments, self.selections() if self.sees("{") else [])

    def pairs(self, end: str) -> dict[str, Any]:
        found = {}
        while not self.skip(end):
            name = self.take("name")
            self.take("punctuator", ":")
            found[name] = self.value()
        return found

    def value(self) -> Any:
        kind = self.kind
        if kind == "punctuator":
            return self.structure()
        text = self.take(kind)
        if kind == "name":
            return CONSTANTS.get(text, text)
        if kind == "end":
            raise GraphQLError('Syntax Error: Unexpected "<EOF>".')
        try:
            return json.loads(text)
        except ValueError:
            raise GraphQLError(f"Syntax Error: Unexpected {text}.") from None

    def structure(self) -> Any:
        if self.skip("$"):
            return Variable(self.take("name"))
        self.deeper()
        read: Callable[[], Any] | None = self.list if self.skip("[") else self.object if self.skip("{") else None
        if read is None:
            raise GraphQLError(f'Syntax Error: Unexpected "{self.text}".')
        value = read()
        self.depth -= 1
        return value

    def list(self) -> list[Any]:
        found = []
        while not self.skip("]"):
            found.append(self.value())
        return found

    def object(self) -> dict[str, Any]:
        return self.pairs("}")


def fill(value: Any, variables: dict[str, Any]) -> Any:
    """`value` with its variables replaced. Raises GraphQLError for one that was not declared."""
    if isinstance(value, Variable):
        if value.name not in variables:
            raise GraphQLError(f'Variable "${value.name}" is not defined.')
        return variables[value.name]
    if isinstance(value, list):
        return [fill(one, variables) for one in value]
    if isinstance(value, dict):
        return {name: fill(one, variables) for name, one in value.items()}
    return value
