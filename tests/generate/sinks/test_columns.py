from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from greedy.generate.generator import MasterDataGenerator
from greedy.generate.sinks.columns import column_of, tables_in
from greedy.generate.sinks.sqlite import SqliteFile
from greedy.generate.tables import TABLES
from tests.generate.small import SMALL, generated_rows

SQLITE = {
    ("regions", "id"): "CHAR(36)",
    ("regions", "school_holidays"): "VARCHAR(6)",
    ("service_types", "begintijd"): "TIME",
    ("service_types", "duur_minuten"): "INTEGER",
    ("service_types", "is_system"): "BOOLEAN",
    ("employees", "id"): "VARCHAR(64)",
    ("employees", "email"): "VARCHAR(320)",
    ("employees", "structureel_nbh"): "JSON",
    ("contracts", "hours_per_week"): "DECIMAL_TEXT(5, 2)",
    ("contracts", "end_date"): "DATE",
    ("roster_assignments", "status"): "INTEGER",
}
POSTGRESQL = {
    ("regions", "id"): "UUID",
    ("contracts", "hours_per_week"): "NUMERIC(5, 2)",
    ("employees", "structureel_nbh"): "JSONB",
    ("service_types", "begintijd"): "TIME WITHOUT TIME ZONE",
    ("wishes", "date"): "DATE",
    ("practices", "number"): "INTEGER",
}


@pytest.mark.parametrize(("dialect", "types"), [(sqlite.dialect(), SQLITE), (postgresql.dialect(), POSTGRESQL)])
def test_a_column_is_what_its_field_says(dialect: sa.Dialect, types: dict[tuple[str, str], str]) -> None:
    tables = tables_in(sa.MetaData())
    assert {key: tables[key[0]].columns[key[1]].type.compile(dialect) for key in types} == types


def test_every_field_is_a_column_which_may_be_empty_when_the_field_may_be_none() -> None:
    tables = tables_in(sa.MetaData())
    assert list(tables) == list(TABLES)
    for name, table in TABLES.items():
        assert tables[name].columns.keys() == list(table.columns)
    empty = {f"{name}.{column.name}" for name, table in tables.items() for column in table.columns if column.nullable}
    assert {"contracts.end_date", "wishes.service_id", "roster_assignments.service_id", "employees.email"} <= empty
    assert not {"roster_assignments.id", "contracts.hours_per_week", "employees.structureel_nbh"} & empty


def test_keys_and_references_stand_in_the_tables() -> None:
    tables = tables_in(sa.MetaData())
    for name, table in TABLES.items():
        found = {
            (tuple(key.column_keys), next(iter(key.elements)).target_fullname.split(".")[0]) for key in tables[name].foreign_key_constraints
        }
        assert found == {(reference.columns, reference.table) for reference in table.references}
        unique = [tuple(index.columns.keys()) for index in tables[name].indexes if index.unique]
        assert table.key in [tuple(tables[name].primary_key.columns.keys()), *unique]
    written = str(CreateTable(tables["service_types"]).compile(dialect=sqlite.dialect()))
    assert "UNIQUE (code)" in written
    assert "DEFERRABLE INITIALLY DEFERRED" in written


def test_tables_lie_in_the_schemas_that_are_named() -> None:
    tables = tables_in(sa.MetaData(), {"practices": "synthetic", "regions": "synthetic"})
    assert tables["practices"].schema == "synthetic"
    assert tables["teams"].schema is None
    assert next(iter(tables["teams"].foreign_keys)).target_fullname == "synthetic.practices.id"


def test_limits_may_stand_anywhere_in_an_annotation() -> None:
    class Model(BaseModel):
        deep: Annotated[Annotated[str, Field(max_length=9)] | None, Field(max_length=5)]
        wide: Annotated[str, Field(max_length=5)] | None = None
        chosen: Literal["a", "abc"]
        exact: Annotated[Decimal, Field(max_digits=7, decimal_places=3)] | None

    columns = {name: column_of(name, info) for name, info in Model.model_fields.items()}
    assert [columns[name].type.compile(sqlite.dialect()) for name in columns] == [
        "VARCHAR(5)",
        "VARCHAR(5)",
        "VARCHAR(3)",
        "DECIMAL_TEXT(7, 3)",
    ]
    assert [column.nullable for column in columns.values()] == [True, True, False, True]


def test_a_type_without_a_column_is_a_fault_of_the_program() -> None:
    class Model(BaseModel):
        anything: complex

    with pytest.raises(TypeError, match="anything.*complex"):
        column_of("anything", Model.model_fields["anything"])


async def test_what_sqlalchemy_reads_is_what_was_generated(tmp_path: Path) -> None:
    await MasterDataGenerator(SMALL).generate([SqliteFile(tmp_path / "x.db")])
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(tmp_path / "x.db")))
    tables = tables_in(sa.MetaData())
    with engine.connect() as connection:
        for name, rows in generated_rows().items():
            found = [dict(row) for row in connection.execute(sa.select(tables[name])).mappings()]
            key = [str(column) for column in TABLES[name].key]
            assert sorted(found, key=lambda row: [str(row[column]) for column in key]) == sorted(
                rows, key=lambda row: [str(row[column]) for column in key]
            )
        contract = connection.execute(sa.select(tables["contracts"]).limit(1)).mappings().one()
        service = connection.execute(sa.select(tables["service_types"]).limit(1)).mappings().one()
    engine.dispose()
    assert isinstance(contract["hours_per_week"], Decimal)
    assert contract["hours_per_week"].as_tuple().exponent == -2
    assert isinstance(service["begintijd"], dt.time)
