"""Which cases of a test `make test` takes, when one of a kind is proof enough for every day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def slow_but(quick: Iterable[Any], cases: Iterable[Any]) -> list[Any]:
    """`cases` for `parametrize`, of which `make test` takes those that are in `quick`, and `make test-rest` the others.

    Raises ValueError when one of `quick` is no case: it would leave `make test` with less than it says.
    """
    wanted, all_of_them = list(quick), list(cases)
    if strangers := [one for one in wanted if one not in all_of_them]:
        raise ValueError(f"no cases: {strangers}")
    return [one if one in wanted else _slow(one) for one in all_of_them]


def _slow(case: Any) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
