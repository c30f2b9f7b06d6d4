"""The rows of some practices at a time, whoever they are for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from greedy.generate.config import GeneratorConfig
from greedy.generate.people.population import people_batches, shared_batches, staff_of
from greedy.generate.planting.planting import plant
from greedy.generate.planting.rows import planted_batches
from greedy.generate.sinks.base import Chunk
from greedy.generate.tables import TABLES, Batch


@dataclass(frozen=True)
class Made:
    """A chunk as the sinks take it: counts of its rows, and what each sink's `prepared` made of it."""

    rows: dict[str, int]
    required: int
    best: int
    parts: tuple[Any, ...]


def chunk_of(config: GeneratorConfig, practices: range) -> list[Batch]:
    """All rows of these practices, one batch a table in the order of TABLES; practice 0 brings what all share.

    Raises
    ------
    InputError
        A practice cannot work what it asks for.
    """
    staff = staff_of(config, practices)
    planting = plant(config, staff)
    shared = shared_batches() if practices.start == 0 else []
    return _merged([*shared, *people_batches(config, staff), *planted_batches(config, staff, planting)])


def made(config: GeneratorConfig, practices: range, prepared: Iterable[Callable[[Chunk], Any]]) -> Made:
    """A chunk, prepared for each sink. Raises as `chunk_of`."""
    chunk = Chunk(practices, tuple(chunk_of(config, practices)))
    [known] = [batch for batch in chunk.batches if batch.table.name == "planted_rosters"]
    return Made(
        rows={batch.table.name: len(batch) for batch in chunk.batches},
        required=_sum(known, "required"),
        best=_sum(known, "best"),
        parts=tuple(prepare(chunk) for prepare in prepared),
    )


def _merged(batches: list[Batch]) -> list[Batch]:
    """One batch a table; no empty ones."""
    merged = []
    for table in TABLES.values():
        own = [batch for batch in batches if batch.table.name == table.name and len(batch)]
        if len(own) == 1:
            merged += own
        elif own:
            columns = zip(*(batch.columns for batch in own), strict=True)
            merged.append(Batch(table, tuple(list(chain.from_iterable(parts)) for parts in columns)))
    return merged


def _sum(batch: Batch, column: str) -> int:
    numbers: Iterable[Any] = batch.columns[batch.table.columns.index(column)]
    return sum(numbers)
