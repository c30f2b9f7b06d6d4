"""docs/planning.md is true: its example is read and fits the sample, and every key, wish and quantity stands in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import greedy.web
from greedy.formats.planning import TABLES, WISH_NAMES, DemandEntry, PlanningFile, read_planning
from greedy.formats.practice import WISHES, to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.limits import Quantity

DOCUMENT = (Path(__file__).parents[2] / "docs" / "planning.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
KEYS = sorted({key for model in (PlanningFile, *TABLES.values()) for key in model.model_fields})


def test_the_example_fits_the_sample(sample: PracticeTables, tmp_path: Path) -> None:
    assert EXAMPLE is not None
    path = tmp_path / "planning.toml"
    path.write_text(EXAMPLE[1], encoding="utf-8")
    problem = to_problem(sample, planning=read_planning(path))
    assert (len(problem.limits) > len(problem.employees), len(problem.requests), problem.history_days) == (True, 4, 28)


def test_the_page_hands_out_the_example() -> None:
    assert EXAMPLE is not None
    assert (Path(greedy.web.__file__).parent / "static" / "planning.toml").read_text(encoding="utf-8") == EXAMPLE[1]


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_told_and_stands_in_the_example(key: str) -> None:
    assert re.search(rf"`{key}`|`\[+[a-z_.]*{key}", DOCUMENT)
    assert EXAMPLE is not None
    assert re.search(rf"^(\[+.*)?{key}\b", EXAMPLE[1], re.MULTILINE) or key == "timezone"


def test_every_wish_is_told_with_the_priority_that_it_has() -> None:
    for name, kind in WISH_NAMES.items():
        told = re.search(rf"^\| `{name}` \| .* \| (\d+) \|$", DOCUMENT, re.MULTILINE)
        assert told is not None, name
        assert {int(told[1])} == {wish.priority for wish in WISHES if wish.kind is kind}


def test_every_quantity_and_the_weights_of_demand_are_told() -> None:
    assert all(f"`{quantity}`" in DOCUMENT for quantity in Quantity)
    weights = DemandEntry()
    assert f"{weights.system_must}, {weights.system_may}, {weights.must}, {weights.may} |" in DOCUMENT
