"""Small generations for tests of what is written, and what is to be found there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from greedy.generate.config import GeneratorConfig
from greedy.generate.making.chunks import chunk_of
from greedy.generate.people.chunk_ranges import chunks_of
from greedy.generate.tables import TABLES
from tests.generate.rows import rows_by_table

SMALL = GeneratorConfig(practices=3, employees=24, weeks=2, seed=7, wishes=1, leave=1, illness=0.3)


@cache
def generated_rows(config: GeneratorConfig = SMALL) -> dict[str, list[dict[str, Any]]]:
    """All rows of a configuration by table, as they are made."""
    return rows_by_table(batch for practices in chunks_of(config) for batch in chunk_of(config, practices))


def counts_of(config: GeneratorConfig = SMALL) -> dict[str, int]:
    """How many rows each table has."""
    return dict.fromkeys(TABLES, 0) | {name: len(rows) for name, rows in generated_rows(config).items()}


def counts_in(path: Path) -> dict[str, int]:
    """How many rows each table of a file of SQLite has."""
    with closing(sqlite3.connect(path)) as connection:
        return {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in TABLES}


def files_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their paths."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
