"""Impossible sizes are refused, each with its numbers."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from pydantic import ValidationError

from greedy.generate.config import GeneratorConfig


def _faults(**values: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as error:
        GeneratorConfig(**values)  # type: ignore[arg-type]
    faults = error.value.errors(include_url=False)
    return [(str(one["loc"][0]) if one["loc"] else "", one["msg"]) for one in faults if one["type"] != "default_factory_not_called"]


@pytest.mark.parametrize(
    ("column", "value", "limit"),
    [
        ("practices", 0, "1"),
        ("practices", -3, "1"),
        ("practices", 100_001, "100000"),
        ("employees", 0, "1"),
        ("employees", -14, "1"),
        ("weeks", 0, "1"),
        ("weeks", 105, "104"),
        ("seed", -1, "0"),
        ("seed", 2**63, "9223372036854775807"),
        ("size_spread", 1.1, "1"),
        ("demand", 0, "0"),
        ("demand", -1, "0"),
        ("demand", 11, "10"),
        ("tightness", 0, "0.1"),
        ("tightness", 1.01, "1"),
        ("shortage", -0.1, "0"),
        ("shortage", 1.1, "1"),
        ("first_day", dt.date(1, 1, 1), "2000-01-03"),
        ("first_day", dt.date(9999, 12, 27), "2100-12-27"),
    ],
)
def test_a_value_outside_its_range_is_refused_with_the_limit(column: str, value: object, limit: str) -> None:
    [(where, message)] = _faults(**{column: value})
    assert where == column
    assert message.endswith(f" {limit}")


@pytest.mark.parametrize("column", ["size_spread", "demand", "tightness", "shortage", "wishes", "leave", "illness"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(column: str, value: float) -> None:
    [(where, _)] = _faults(**{column: value})
    assert where == column


def test_every_fault_is_told_at_once() -> None:
    assert [column for column, _ in _faults(practices=0, employees=-1, weeks=0, demand=-1)] == ["practices", "employees", "weeks", "demand"]


def test_a_roster_begins_on_a_monday() -> None:
    [(column, message)] = _faults(first_day=dt.date(2026, 1, 7))
    assert column == "first_day"
    assert message.endswith("2026-01-07 is a Wednesday; the Monday of that week is 2026-01-05")


def test_a_practice_that_is_too_large_for_memory_is_refused_with_its_size() -> None:
    [(_, message)] = _faults(practices=2, employees=10_000)
    assert message.endswith("10000 employees in 2 practices make practices of up to 6500 employees, at most 5000; ask for more practices")
    assert GeneratorConfig(practices=2, employees=10_000, size_spread=0).employees == 10_000
    [(_, message)] = _faults(practices=2, employees=10_001, size_spread=0)
    assert "practices of up to 5001 employees" in message
