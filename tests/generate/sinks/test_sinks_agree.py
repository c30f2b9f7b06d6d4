"""SQLite, CSV and PostgreSQL hold the same rows, value by value, and what refers to a row finds it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from greedy.database import DBConnector
from greedy.generate.config import GeneratorConfig
from greedy.generate.generator import MasterDataGenerator
from greedy.generate.making.chunks import chunk_of
from greedy.generate.sinks.csv_folder import CsvFolder
from greedy.generate.sinks.postgresql import PostgreSQLSink
from greedy.generate.sinks.sqlite import SqliteFile
from greedy.generate.tables import TABLES
from tests.generate.rows import rows_by_table
from tests.generate.sink_contents import as_contents, broken_references, in_csv, in_postgresql, in_sqlite

CONFIGS = [
    GeneratorConfig(practices=3, employees=30, weeks=2, seed=1, wishes=1.0, leave=1.0, illness=0.5),
    GeneratorConfig(practices=2, employees=9, weeks=5, seed=2**63 - 1, tightness=1.0, shortage=0.1, size_spread=1.0),
]


@pytest.mark.parametrize("config", CONFIGS, ids=["everything", "edges"])
async def test_three_sinks_at_once_hold_what_was_generated(config: GeneratorConfig, db: DBConnector, tmp_path: Path) -> None:
    file, folder = tmp_path / "x.db", tmp_path / "csv"
    summary = await MasterDataGenerator(config).generate([SqliteFile(file), CsvFolder(folder), PostgreSQLSink(db)], parallel=False)
    generated = as_contents(rows_by_table(chunk_of(config, range(config.practices))))

    assert summary.rows == {name: len(rows) for name, rows in generated.items()}
    for contents in (in_sqlite(file), in_csv(folder), await in_postgresql(db)):
        for name in TABLES:
            assert contents[name] == generated[name], name
        assert broken_references(contents) == []


async def test_one_after_the_other_and_in_processes_the_same(db: DBConnector, tmp_path: Path) -> None:
    config = GeneratorConfig(practices=6, employees=1500, weeks=1, seed=5)
    file = tmp_path / "x.db"
    await MasterDataGenerator(config).generate([SqliteFile(file)])
    await MasterDataGenerator(config).generate([PostgreSQLSink(db)], parallel=False)
    assert await in_postgresql(db) == await asyncio.to_thread(in_sqlite, file)


async def test_sqlite_finds_its_foreign_keys_kept(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    await MasterDataGenerator(CONFIGS[0]).generate([SqliteFile(file)], parallel=False)
    with closing(sqlite3.connect(file)) as connection:
        for name, table in TABLES.items():
            keys = {(row[3], row[2], row[4]) for row in connection.execute(f"pragma foreign_key_list({name})")}
            wanted = {(*one.columns, one.table, *one.leads_to) for one in table.references}
            assert keys == wanted
        assert connection.execute("pragma foreign_key_check").fetchall() == []


def test_the_comparison_sees_what_differs() -> None:
    rows = rows_by_table(chunk_of(CONFIGS[1], range(2)))
    contents = as_contents(rows)
    assert broken_references(contents) == []
    rows["contracts"][0] |= {"employee_id": "nobody", "fte": Decimal("0.5")}
    assert broken_references(as_contents(rows)) == ["contracts: ('nobody',) is not in employees"]
    assert {row["fte"] for row in as_contents(rows)["contracts"]} - {row["fte"] for row in contents["contracts"]} == {"0.5"}
