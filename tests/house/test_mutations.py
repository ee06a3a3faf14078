from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_place_of_each_mutation_is_there_once_and_its_tests_are_there(mutation: Mutation) -> None:
    assert (ROOT / mutation.of).read_text().count(mutation.right) == 1
    assert [name for name in mutation.by if not (ROOT / "tests" / name).exists()] == []
