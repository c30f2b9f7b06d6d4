"""What each sink holds, read back without the generator: rows by table, each as JSON of its row model, in an order of their own."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from greedy.database import DBConnector
from greedy.generate.tables import TABLES
from tests.generate.postgresql import place

Contents = dict[str, list[dict[str, Any]]]


def as_contents(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> Contents:
    """Rows as they are compared: dates and decimals as the exact text of theirs."""
    found = {name: [table.model.model_validate(dict(row)).model_dump(mode="json") for row in rows[name]] for name, table in TABLES.items()}
    return {name: sorted(own, key=lambda row: json.dumps(row, sort_keys=True)) for name, own in found.items()}


def in_sqlite(path: Path) -> Contents:
    """Of a file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return as_contents({name: connection.execute(f"select * from {name}").fetchall() for name in TABLES})


async def in_postgresql(db: DBConnector) -> Contents:
    """Of a database."""
    found = {}
    for name, table in TABLES.items():
        sql = f"select {', '.join(table.columns)} from {place(name, db.schema)}"
        found[name] = [dict(row) for row in await db.execute(sql, fetch_all=True)]
    return as_contents(found)


def in_csv(folder: Path) -> Contents:
    """Of a folder: tables of all practices, and those of each roster, of which services and their rules are the same in each."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in folder.glob("*.csv"):
        found[path.stem] += _lines(path)
    for roster in sorted((folder / "rosters").iterdir()):
        tables = {path.stem: _lines(path) for path in roster.glob("*.csv")}
        for name in ("service_types", "service_blocking_rules"):
            own = tables.pop(name)
            assert found.setdefault(name, own) == own
        for name, own in tables.items():
            found[name] += own
        services = {row["code"]: row for row in found["service_types"]}
        planted = json.loads((roster / "planted.json").read_text(encoding="utf-8"))
        for duty in planted["assignments"]:
            service = services[duty["service_code"]]
            found["planted_assignments"].append(
                {**duty, "roster_id": planted["roster_id"], "service_id": service["id"], "dagdeel": service["dagdeel"]}
            )
    return as_contents(found)


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]


def broken_references(contents: Contents) -> list[str]:
    """References that lead nowhere, and keys that stand twice."""
    broken = []
    for name, table in TABLES.items():
        keys = [tuple(row[column] for column in table.key) for row in contents[name]]
        broken += [f"{name}: a key twice"] * (len(set(keys)) < len(keys))
        for columns, parent, leads_to in table.references:
            there = {tuple(row[column] for column in leads_to) for row in contents[parent]}
            given = {tuple(row[column] for column in columns) for row in contents[name]}
            broken += [f"{name}: {value} is not in {parent}" for value in given - there if None not in value]
    return broken
