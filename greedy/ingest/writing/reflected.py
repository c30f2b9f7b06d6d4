"""What a database says of the tables of entity types, and Python values as its columns take them. PostgreSQL and SQLite."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy.engine import Connection
from sqlalchemy.exc import NoSuchTableError, SAWarning
from sqlalchemy.sql.schema import ColumnCollectionConstraint
from sqlalchemy.types import NullType, TypeEngine

from greedy.database.columns import likely, match_column
from greedy.database.errors import SchemaError, ServerFacts
from greedy.database.rows.storage import RULES, Rule, UnfitError, rule_for
from greedy.ingest.writing.entities import EntityType
from greedy.loggable import format_for_log
from greedy.model.message import Message

# SQLAlchemy's kinds of types by PostgreSQL's names of them; the first that fits, so special ones stand before general ones.
TYPE_NAMES: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (sa.Uuid, "uuid"),
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    (sa.Float, "double precision"),
    (sa.Numeric, "numeric"),
    (sa.Date, "date"),
    (sa.Time, "time without time zone"),
    (sa.JSON, "jsonb"),
    (sa.LargeBinary, "bytea"),
    (sa.Enum, "text"),
    (sa.String, "text"),
)
IN_WORDS = {
    "uuid": Message("a uuid"),
    "boolean": Message("true or false"),
    "integer": Message("a whole number"),
    "numeric": Message("a number"),
    "double precision": Message("a number"),
    "date": Message("a date"),
    "time without time zone": Message("a time"),
    "timestamp without time zone": Message("a date and time"),
    "timestamp with time zone": Message("a date and time with its zone"),
    "jsonb": Message("JSON"),
    "bytea": Message("bytes"),
    "text": Message("text"),
}
LITERAL = re.compile(r"'(?P<text>(?:[^']|'')*)'(?:::[\w ]+)?|(?P<plain>true|false|-?\d+(?:\.\d+)?)", re.IGNORECASE)
NO_LITERAL = object()


@dataclass(frozen=True)
class EntityTable:
    """The table of an entity type, as the database has it. `dialect` is SQLAlchemy's name of the database."""

    type: EntityType
    table: sa.Table
    dialect: str

    @cached_property
    def columns(self) -> dict[str, sa.Column[object]]:
        """Columns by name."""
        return {column.name: column for column in self.table.columns}

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """How values of each column are sent."""
        return {name: _rule(column.type, self.dialect) for name, column in self.columns.items()}

    def column_named(self, name: str) -> str:
        """The column that a name means; nearly right ones do.

        Raises
        ------
        ColumnMatchError
            None does, or several do.
        """
        return match_column(name, self.columns, table=self.table.name)

    def stored(self, column: str, value: object) -> object:
        """A value as its column takes it.

        Raises
        ------
        UnfitError
            It is none of the column's type.
        """
        return self.rules[column].one(value)

    def unfit(self, column: str, value: object, why: UnfitError) -> Message:
        """That a value is none of its column's type, in words."""
        wanted = IN_WORDS.get(type_name(self.columns[column].type), Message("of its type"))
        reason = "" if str(why).startswith(("malformed", "expected")) else f": {why}"
        return Message("{value} is not {wanted}{reason}", value=format_for_log(value, max_characters=80), wanted=wanted, reason=reason)

    def default(self, column: str) -> object:
        """What the database puts where nothing is given; NO_LITERAL when that is made anew for each row."""
        made = self.columns[column].server_default
        if made is None:
            return None
        found = LITERAL.fullmatch(str(made.arg).strip().strip("()")) if isinstance(made, sa.DefaultClause) else None
        if found is None:
            return NO_LITERAL
        plain = {"true": True, "false": False}.get((found["plain"] or "").lower(), found["plain"])
        value = found["text"].replace("''", "'") if plain is None else plain
        kind = type_name(self.columns[column].type)
        if kind in ("integer", "numeric", "double precision") and isinstance(value, str):
            value = Decimal(value) if kind != "integer" else int(value)
        return self.stored(column, value)

    def columns_of(self, constraint: str | None) -> tuple[str, ...]:
        """The columns of a constraint or unique index by its name; of a check those that its text names."""
        keys: list[ColumnCollectionConstraint | sa.Index] = [
            one for one in self.table.constraints if isinstance(one, ColumnCollectionConstraint) and not isinstance(one, sa.CheckConstraint)
        ]
        for one in [*keys, *self.table.indexes]:
            if constraint is not None and one.name == constraint:
                return tuple(column.name for column in one.columns)
        words = re.findall(r"\w+", self.rule_of(constraint) or "")
        return tuple(name for name in self.columns if name in words)

    def rule_of(self, constraint: str | None) -> str | None:
        """The text of a check constraint, which SQLite takes for the name of one without; None when there is none."""
        checks = {one.name or str(one.sqltext): str(one.sqltext) for one in self.table.constraints if isinstance(one, sa.CheckConstraint)}
        return checks.get(constraint or "")

    @property
    def foreign_keys(self) -> list[tuple[tuple[str, ...], str, tuple[str, ...]]]:
        """Of each foreign key its columns, the table that they refer to, and its columns."""
        return [
            (
                tuple(element.parent.name for element in key.elements),
                key.elements[0].target_fullname.rpartition(".")[0],
                tuple(element.target_fullname.rpartition(".")[2] for element in key.elements),
            )
            for key in self.table.foreign_key_constraints
        ]

    def target_of(self, column: str) -> str | None:
        """The column that a column refers to, by a foreign key of its own; None without one."""
        return next((targets[0] for columns, _, targets in self.foreign_keys if columns == (column,)), None)


def reflect(connection: Connection, one: EntityType) -> EntityTable:
    """Read the table of an entity type.

    Raises
    ------
    SchemaError
        It is not there, or has not the columns that the entity type names.
    """
    schema, _, name = one.table.rpartition(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of types that it does not know, whose values it hands on as they are
        try:
            table = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=connection, resolve_fks=False)
        except NoSuchTableError:
            there = sa.inspect(connection).get_table_names(schema or None)
            near = likely(name, there)
            raise SchemaError(
                f"there is no table {one.table!r:.80}, which entity type {one.name} names"
                + (f". Did you mean: {', '.join(near)}?" if near else ""),
                next_step="greedy db migrate, or mend the declaration of the entity type",
                said=ServerFacts(table=one.table),
            ) from None
    for column in table.columns:
        column.nullable = column.nullable and not column.primary_key  # in SQLite they are
        if isinstance(column.type, sa.JSON):
            column.type.none_as_null = True
        if connection.dialect.name == "sqlite" and isinstance(column.type, sa.Numeric) and not isinstance(column.type, sa.Float):
            # A plain NUMERIC is also what it says of types that it does not know, as uuid
            column.type = NullType() if column.type.precision is None else sa.Float()
    known = [*one.identity, *one.parents, *one.key, *(column for names in one.known_by for column in names)]
    if missing := [column for column in dict.fromkeys(known) if column not in table.columns]:
        raise SchemaError(
            f"table {one.table} has no column {', '.join(missing)}, which entity type {one.name} names",
            details=[f"columns of {one.table}: {', '.join(column.name for column in table.columns)}"],
            next_step="greedy db migrate, or mend the declaration of the entity type",
            said=ServerFacts(table=one.table),
        )
    return EntityTable(one, table, connection.dialect.name)


def type_name(column_type: TypeEngine[object]) -> str:
    """PostgreSQL's name of a type; empty for one that is none of the common."""
    if isinstance(column_type, sa.ARRAY):
        return f"{type_name(column_type.item_type)}[]"
    if isinstance(column_type, sa.DateTime):
        return f"timestamp {'with' if column_type.timezone else 'without'} time zone"
    return next((name for kind, name in TYPE_NAMES if isinstance(column_type, kind)), "")


def _rule(column_type: TypeEngine[object], dialect: str) -> Rule:
    name = type_name(column_type)
    if name == "jsonb":
        return Rule(frozenset((type(None),)), _json)
    if name == "integer":
        small, large = isinstance(column_type, sa.SmallInteger), isinstance(column_type, sa.BigInteger) or dialect == "sqlite"
        return _whole(15 if small and not large else 63 if large else 31)
    if dialect != "sqlite":
        return rule_for(name)
    if name == "timestamp without time zone":
        return Rule(RULES[name].kinds, _utc, RULES[name].check)
    if name in ("text", ""):
        return Rule(frozenset((str, int, float, bytes, type(None))) if not name else RULES["text"].kinds, _in_sqlite)
    return rule_for(name)


def _whole(bits: int) -> Rule:
    """Whole numbers of a size. Looked at here: the database would not say which column it was, and refuse to look for it."""
    first, beyond = -(1 << bits), 1 << bits

    def convert(value: object) -> object:
        number = RULES["integer"].convert(value)
        if not isinstance(number, int) or not first <= number < beyond:
            raise UnfitError("out of range")
        return number

    return Rule(RULES["integer"].kinds, convert, lambda values: all(value is None or first <= value < beyond for value in values))


def _json(value: object) -> object:
    text = RULES["jsonb"].one(value)
    try:
        return from_json(text) if isinstance(text, str) else text
    except ValueError:
        raise UnfitError("text that is not JSON") from None


def _utc(value: object) -> object:
    """SQLite keeps no time zones; what is without one there means UTC, as its own clock."""
    read = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(read, dt.datetime) and read.tzinfo is not None:
        read = read.astimezone(dt.UTC).replace(tzinfo=None)
    return RULES["timestamp without time zone"].one(read)


def _in_sqlite(value: object) -> object:
    """SQLite has no types for these, and keeps them as text or number."""
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    return RULES["text"].one(value)
