"""Tables of SQLAlchemy from the row models: a column's type, length and nullability are what its pydantic field says."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

import annotated_types
import sqlalchemy as sa
from pydantic.fields import FieldInfo
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from greedy.generate.tables import TABLES, Reference, Table

Limit = TypeVar("Limit")


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal as it is written: numeric, or text where the database would make a floating-point number of it."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.digits = (precision, scale)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """DECIMAL_TEXT(5, 2) in SQLite: the word TEXT in a type keeps it from converting what looks like a number."""
        return DecimalText(*self.digits) if dialect.name == "sqlite" else sa.Numeric(*self.digits)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:  # noqa: ANN401  what the database's driver takes
        """As text for SQLite."""
        return value if value is None or dialect.name != "sqlite" else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ANN401, ARG002
        """From the text again."""
        return None if value is None else Decimal(value)


class DecimalText(sa.types.UserDefinedType[str]):
    """The type of a column of SQLite that holds decimals."""

    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        self.precision, self.scale = precision, scale

    def get_col_spec(self, **_: object) -> str:
        """As it stands in CREATE TABLE."""
        return f"DECIMAL_TEXT({self.precision}, {self.scale})"


TYPES: dict[type, TypeEngine[Any]] = {
    UUID: sa.CHAR(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql"),
    bool: sa.Boolean(),
    int: sa.Integer(),
    dt.date: sa.Date(),
    dt.time: sa.Time(),
    dict: sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
}


def tables_in(metadata: sa.MetaData, schemas: Mapping[str, str] | None = None) -> dict[str, sa.Table]:
    """A table of SQLAlchemy for each of TABLES, by name: with its keys, and an index on what its rows belong to.

    A key of several columns is in SQLite the order in which the rows themselves lie (WITHOUT ROWID). A random id that nothing refers to is
    a unique index instead of a primary key: made after the rows, it sorts them at once, in a third of the time.

    Parameters
    ----------
    metadata
        Takes the tables in.
    schemas
        The schema of each table by its name; a table that is not named lies in none.
    """
    schemas = schemas or {}
    return {name: _declared(table, metadata, schemas) for name, table in TABLES.items()}


def column_of(name: str, info: FieldInfo, *, in_key: bool = False) -> sa.Column[Any]:
    """The column of a field; it may be empty when the field may be None and is not part of the key.

    Raises
    ------
    TypeError
        No type of a database is known for the field's; a fault of the program.
    """
    limits = list(info.metadata)
    kind, optional = _kind(info.annotation, limits)
    return sa.Column(name, _type(name, kind, limits), nullable=optional and not in_key)


def _kind(annotation: Any, limits: list[object]) -> tuple[type, bool]:  # noqa: ANN401  annotations are of any type
    """The plain type of an annotation, and whether None is allowed. Adds what `Annotated` says of it to `limits`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        for limit in inner[1:]:
            limits.extend(limit.metadata if isinstance(limit, FieldInfo) else [limit])
        return _kind(inner[0], limits)
    if origin in {Union, types.UnionType}:
        kinds = [one for one in inner if one is not types.NoneType]
        if len(kinds) == 1:
            return _kind(kinds[0], limits)[0], len(kinds) < len(inner)
    if origin is Literal:
        limits.append(annotated_types.MaxLen(max(len(value) for value in inner)))
        return str, False
    if isinstance(origin or annotation, type):
        return origin or annotation, False
    return object, False


def _type(name: str, kind: type, limits: list[object]) -> TypeEngine[Any]:
    if kind is str:
        return sa.String(_limit(limits, "max_length", None))
    if kind is Decimal:
        return ExactDecimal(_limit(limits, "max_digits", 38), _limit(limits, "decimal_places", 10))
    for known, column_type in TYPES.items():
        if issubclass(kind, known):
            return column_type
    raise TypeError(f"field {name}: no column type is known for {kind}")


def _limit(limits: list[object], name: str, otherwise: Limit) -> int | Limit:
    found = [value for limit in limits if (value := getattr(limit, name, None)) is not None]
    return min(found, default=otherwise)


def _declared(table: Table, metadata: sa.MetaData, schemas: Mapping[str, str]) -> sa.Table:
    return sa.Table(
        table.name,
        metadata,
        *(column_of(name, info, in_key=name in table.key) for name, info in table.model.model_fields.items()),
        *([] if _sorted_later(table) else [sa.PrimaryKeyConstraint(*table.key)]),
        *(sa.UniqueConstraint(*columns) for columns in _targets(table)),
        *(_foreign_key(table, reference, schemas) for reference in table.references),
        *_indexes(table),
        schema=schemas.get(table.name),
        sqlite_with_rowid=len(table.key) == 1,
    )


def _sorted_later(table: Table) -> bool:
    """Whether its key is a random id that leads nowhere, and that nothing refers to."""
    leading = {column for reference in table.references for column in reference.columns}
    ids = [name for name, info in table.model.model_fields.items() if _kind(info.annotation, [])[0] is UUID and name not in leading]
    return len(table.key) == 1 and table.key[0] in ids and not any(_references_to(table))


def _references_to(table: Table) -> Iterator[Reference]:
    return (reference for other in TABLES.values() for reference in other.references if reference.table == table.name)


def _targets(table: Table) -> list[tuple[str, ...]]:
    """Columns other than its key that rows refer to."""
    return list(dict.fromkeys(reference.leads_to for reference in _references_to(table) if reference.leads_to != table.key))


def _foreign_key(table: Table, reference: Reference, schemas: Mapping[str, str]) -> sa.ForeignKeyConstraint:
    target = ".".join(part for part in (schemas.get(reference.table), reference.table) if part)
    leads_to = [f"{target}.{column}" for column in reference.leads_to]
    if reference.table != table.name:
        return sa.ForeignKeyConstraint(reference.columns, leads_to)
    return sa.ForeignKeyConstraint(reference.columns, leads_to, deferrable=True, initially="DEFERRED")  # its rows come in any order


def _indexes(table: Table) -> Iterator[sa.Index]:
    """On the first reference, unless it begins the key or leads back to its own table; and on a key that is sorted later."""
    if _sorted_later(table):
        yield sa.Index(f"{table.name}_{'_'.join(table.key)}", *table.key, unique=True)
    for columns, target, _ in table.references[:1]:
        if target != table.name and table.key[: len(columns)] != columns:
            yield sa.Index(f"{table.name}_{'_'.join(columns)}", *columns)
