"""Which value of which row it was: the server and the driver seldom say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from greedy.database.errors import QueryError, ServerFacts
from greedy.database.rows.statements import Argument
from greedy.database.rows.storage import JSON, UNKNOWN, UnfitError
from greedy.database.schema.registry import Column

SIZES = {"smallint": 2, "integer": 4, "bigint": 8}
NUMERIC = re.compile(r"numeric\((\d+)(?:,(-?\d+))?\)")
ARGUMENT = re.compile(r"argument \$(\d+)")
# What the driver raises for a value that it cannot send: within COPY as it is, otherwise wrapped
UNSENDABLE = (TypeError, ValueError, ArithmeticError, AttributeError)


def bound(table: str, arguments: Sequence[Argument], values: Sequence[Any], start: int = 0) -> list[Any]:
    """Values as the driver takes them. `start`: how many rows went before these.

    Raises
    ------
    QueryError
        A value is not of its column's type.
    """
    sent: list[Any] = []
    for argument, given in zip(arguments, values, strict=True):
        try:
            sent.append(argument.rule.many(given) if argument.many else argument.rule.one(given))
        except UnfitError as exc:
            if not argument.many:
                raise _fault(table, argument.column, str(exc)) from None
            for number, value in enumerate(given, start + 1):
                try:
                    argument.rule.one(value)
                except UnfitError as why:
                    raise _fault(table, argument.column, str(why), number) from None
    return sent


@contextmanager
def explained(table: str, arguments: Sequence[Argument], values: Sequence[Any] | Callable[[], Sequence[Any]]) -> Iterator[None]:
    """Within this block, an error about a value names its table, column and row, where they can be found out."""
    try:
        yield
    except QueryError as exc:
        # Errors of our own name the table already; of the server's, class 22 is about values, and does not say whose
        if exc.table is not None or not (exc.sqlstate or "22").startswith("22"):
            raise
        better = _explanation(exc, table, arguments, values() if callable(values) else values)
        if better is exc:
            raise
        raise better from None
    except UNSENDABLE:
        raise _explanation(None, table, arguments, values() if callable(values) else values) from None


def _explanation(exc: QueryError | None, table: str, arguments: Sequence[Argument], values: Sequence[Any]) -> QueryError:
    for argument, given in zip(arguments, values, strict=True):
        for number, value in enumerate(given if argument.many else [given], 1):
            if why := fault(value, argument):
                return _fault(table, argument.column, why, number if argument.many else None, exc)
    place = ARGUMENT.search(exc.message) if exc else None
    if place and int(place[1]) <= len(arguments):
        return _fault(table, arguments[int(place[1]) - 1].column, "the value is not one of this type", None, exc)
    if exc is None:
        return QueryError(f"table {table}: a value cannot be sent", said=ServerFacts(table=table))
    return exc


def fault(value: object, argument: Argument) -> str | None:
    """What is wrong with a value that a rule let through, None where nothing is found."""
    try:
        sent = argument.rule.one(value)
    except UnfitError as exc:
        return str(exc)
    column = argument.column
    if isinstance(sent, str):
        return _text_fault(sent, column, argument.rule in (JSON,))
    element_type = column.base_type.removesuffix("[]")
    if isinstance(sent, int) and element_type in SIZES and not -(1 << (bits := SIZES[element_type] * 8 - 1)) <= sent < 1 << bits:
        return f"outside of the range of {element_type}"
    if isinstance(sent, (int, float, Decimal)) and (size := NUMERIC.match(column.type)):
        digits, scale = int(size[1]), int(size[2] or 0)
        number = Decimal(sent)
        if not number.is_finite() or abs(number) >= Decimal(f"1e{digits - scale}") - Decimal(f"5e{-scale - 1}"):
            return f"outside of the range of {column.type}"
    if isinstance(sent, list):
        element = argument._replace(rule=UNKNOWN)
        return next((why for each in sent if (why := fault(each, element))), None)
    return None


def _text_fault(text: str, column: Column, is_json: bool) -> str | None:
    if "\0" in text:
        return "text with a NUL character, which PostgreSQL cannot store"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "text with half a character (a lone surrogate), which cannot be stored"
    if is_json:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return "text that is not JSON"
        return "JSON with a NUL character or half a character in it, which PostgreSQL cannot store" if _unstorable(value) else None
    if column.labels and text not in column.labels:
        return f"not one of {', '.join(column.labels)}"
    length = re.fullmatch(r"character(?: varying)?\((\d+)\)(?:\[\])*", column.type)
    if length and len(text) > int(length[1]):
        return f"text of {len(text)} characters in a column of {length[1]}"
    return None


def _unstorable(value: object) -> bool:
    try:
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        return True
    return "\\u0000" in text


def _fault(table: str, column: Column, why: str, number: int | None = None, exc: QueryError | None = None) -> QueryError:
    row = f" of row {number}" if number is not None else ""
    return QueryError(
        f"column {column.name}{row} for table {table} ({column.type}): {why}",
        details=list(exc.details) if exc else [],
        said=ServerFacts(sqlstate=exc.sqlstate if exc else None, table=table, column=column.name),
    )
