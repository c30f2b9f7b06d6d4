"""What tables of declared entity types mean for workbooks: their sheets, and the names of the rows that are there already."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from greedy.ingest.workbook.layout import Choice, Column, Kind, SheetLayout
from greedy.ingest.workbook.rows import Known
from greedy.ingest.writing.batches import CLOCK_COLUMNS
from greedy.ingest.writing.entities import OURS, EntityTypes
from greedy.ingest.writing.reflected import EntityTable, type_name
from greedy.ingest.writing.violations import findings
from greedy.ingest.writing.writer import DatabaseWriter

KINDS = {
    "integer": Kind.WHOLE,
    "numeric": Kind.DECIMAL,
    "double precision": Kind.DECIMAL,
    "boolean": Kind.YES_NO,
    "date": Kind.DATE,
    "time without time zone": Kind.TIME,
    "timestamp without time zone": Kind.MOMENT,
    "timestamp with time zone": Kind.MOMENT,
}


async def known_names(session: AsyncSession, types: EntityTypes = OURS) -> Known:
    """The rows that the database holds, by all names that people give them."""
    writer = DatabaseWriter(session, types)
    named: list[tuple[str, Hashable, Sequence[str | None]]] = []
    for one in types.values():
        if one.id_column is None or not one.known_by:
            continue
        table = await writer.table(one.name)
        columns = list(dict.fromkeys([one.id_column, *(column for names in one.known_by for column in names)]))
        connection = await writer.connection()
        with findings(writer.server):
            rows = await connection.execute(sa.select(*(table.columns[column] for column in columns)))
        for row in rows.mappings():
            names = [" ".join(str(row[column]) for column in together if row[column]) or None for together in one.known_by]
            named.append((one.name, row[one.id_column], names))
    return Known.of(named)


async def layouts_of(types: EntityTypes, session: AsyncSession) -> tuple[SheetLayout, ...]:
    """A sheet for each entity type, parents first, with a column for each of its table that people fill."""
    writer = DatabaseWriter(session, types)
    tables = [await writer.table(name) for name in types]
    return tuple(
        SheetLayout(
            table.type.name,
            (_in_words(table.type.name), table.type.name),
            tuple(_columns(table, types)),
            known_by=table.type.known_by,
            key=table.type.id_column,
        )
        for table in tables
    )


def _columns(table: EntityTable, types: EntityTypes) -> Iterator[Column]:
    one = table.type
    for name, column in table.columns.items():
        if name in CLOCK_COLUMNS or column.computed is not None:
            continue
        made = column.server_default is not None or column.identity is not None or name == one.id_column
        required = not column.nullable and not made
        if (parent := one.parents.get(name)) is not None:
            label = _in_words(name.removesuffix("_id"))
            by_key = table.target_of(name) not in (None, types[parent].id_column)
            yield Column(name, (label, _in_words(name)), Kind.REFERENCE, required=required, refers_to=parent, by_key=by_key)
        elif isinstance(column.type, sa.Enum):
            choices = tuple(Choice(value, (value,)) for value in column.type.enums)
            yield Column(name, (_in_words(name),), Kind.CHOICE, required=required, choices=choices)
        elif type_name(column.type) == "uuid":
            yield Column(name, (_in_words(name),), Kind.ID, required=required, technical=name == one.id_column)
        else:
            yield Column(name, (_in_words(name),), KINDS.get(type_name(column.type), Kind.TEXT), required=required)


def _in_words(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()
