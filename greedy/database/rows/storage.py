"""Python values as the driver takes them for a column."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, cast
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as DRIVER_UUID
from pydantic_core import to_json

LENGTH = re.compile(r"\([^)]*\)")
INFINITIES = (datetime.min, datetime.max)  # noqa: DTZ901  as the driver hands out the server's
BEYOND_NUMERIC = Decimal("1e131072")  # the driver sends a 0 for it, without a word
NO_NUMBER = re.compile(r"\b(NaN|Infinity)\b")


class UnfitError(ValueError):
    """A value that is not one of a column's type, in words that do not show it: it may be personal or secret."""


class Rule(NamedTuple):
    """How values of one type are sent.

    `kinds`: the driver takes these as they are, where `check` finds nothing against them. `convert` makes another value one of them, or
    raises.
    """

    kinds: frozenset[type]
    convert: Callable[[Any], object]
    check: Callable[[Sequence[Any]], bool] | None = None

    def many(self, values: Sequence[object]) -> Sequence[object]:
        """Values of one column; no copy where all fit as they are."""
        if self.kinds.issuperset(map(type, values)) and (self.check is None or self.check(values)):
            return values
        return [self.one(value) for value in values]

    def one(self, value: object) -> object:
        """One value.

        Raises
        ------
        UnfitError
            It is not one of this type.
        """
        if value is None or (type(value) in self.kinds and (self.check is None or self.check((value,)))):
            return value
        if isinstance(value, Enum):
            return self.one(value.value)
        try:
            return self.convert(value)
        except UnfitError:
            raise
        except (TypeError, ValueError, ArithmeticError, RecursionError) as exc:
            # `from None`: what a library says of a value often shows it
            raise UnfitError(f"{'malformed text' if isinstance(value, str) else type(value).__name__}: {type(exc).__name__}") from None


def format_for_storage(value: object, column_type: str) -> object:
    """A value as the driver takes it for a column of this type.

    Parameters
    ----------
    value
        None is NULL in every column. Text in ISO form serves for dates, times and uuids; members of an Enum stand for their value. For
        json and jsonb: dicts, lists, numbers, pydantic models and dataclasses, with dates, uuids, Decimals and Enums in them as text;
        a string is JSON already, as the server hands it out.
    column_type
        PostgreSQL's name of the type, with or without length: `Column.base_type`, or `Column.type` where that is no domain.

    Raises
    ------
    ValueError
        The value is not one of this type. The message does not show it: it may be personal or secret.
    """
    return rule_for(column_type).one(value)


@cache
def rule_for(column_type: str) -> Rule:
    """The rule for a type by PostgreSQL's name of it."""
    bare = LENGTH.sub("", column_type)
    if bare.endswith("[]"):
        element = rule_for(bare[:-2])

        def convert(value: object) -> object:
            if not isinstance(value, (list, tuple)):
                raise UnfitError(f"expected a list, got {type(value).__name__}")
            return [convert(each) if isinstance(each, (list, tuple)) else element.one(each) for each in value]

        return Rule(_only(), convert)
    return RULES.get(bare, UNKNOWN)


def _only(*kinds: type) -> frozenset[type]:
    return frozenset({*kinds, type(None)})


def _refused(expected: str) -> Callable[[object], object]:
    def refuse(value: object) -> object:
        raise UnfitError(f"expected {expected}, got {type(value).__name__}")

    return refuse


def _has_no_nan(values: Sequence[Any]) -> bool:
    return not any(map(operator.ne, values, values))


def _all_zoned(values: Sequence[Any]) -> bool:
    return all(map(operator.attrgetter("tzinfo"), filter(None, values)))


def _none_zoned(values: Sequence[Any]) -> bool:
    return not any(map(operator.attrgetter("tzinfo"), filter(None, values)))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise UnfitError(f"expected str, got {type(value).__name__}")


def _integer(value: Any) -> int:  # noqa: ANN401
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        raise UnfitError(f"expected int, got {type(value).__name__}")
    return operator.index(value)


def _number(kind: Callable[[str], object]) -> Callable[[Any], object]:
    def convert(value: Any) -> object:  # noqa: ANN401
        if isinstance(value, bool) or not hasattr(type(value), "__float__"):
            raise UnfitError(f"expected a number, got {type(value).__name__}")
        if not _has_no_nan((value,)):
            raise UnfitError("NaN; a number that is missing is None")
        return kind(str(value))  # by its text: a float is the decimal number that it is shown as

    return convert


def _numeric(value: object) -> Decimal:
    number = cast("Decimal", _number(Decimal)(value))
    if number.is_finite() and not -BEYOND_NUMERIC < number < BEYOND_NUMERIC:
        raise UnfitError("outside of the range of numeric")
    return number


def _all_numeric(values: Sequence[Any]) -> bool:
    given = [value for value in values if value is not None]
    return _has_no_nan(given) and all(map(BEYOND_NUMERIC.__gt__, given)) and all(map((-BEYOND_NUMERIC).__lt__, given))


def _date(value: object) -> date:
    if isinstance(value, datetime):
        if value.time() != time():
            raise UnfitError("a time of day would be lost in a date")
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(_text(value))


def _timestamp(value: object) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    read = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    if read.tzinfo is not None:
        raise UnfitError("its time zone would be lost in a timestamp without time zone")
    return read


def _timestamptz(value: object) -> datetime:
    read = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    if read.tzinfo is None and read not in INFINITIES:
        raise UnfitError("it has no time zone, and the same hour is another moment elsewhere")
    return read


def _time(value: object) -> time:
    return value if isinstance(value, time) else time.fromisoformat(_text(value))


def _json(value: object) -> str:
    if isinstance(value, str):
        return value
    text = to_json(value, inf_nan_mode="constants").decode()
    if NO_NUMBER.search(text):
        json.loads(text, parse_constant=_no_number)
    return text


def _no_number(_: str) -> object:
    raise UnfitError("NaN or an infinity in it, which JSON has not")


TEXT = Rule(_only(str), _text)
INTEGER = Rule(_only(int), _integer)
FLOAT = Rule(_only(float, int), _number(float), _has_no_nan)
JSON = Rule(_only(), _json)
BYTES = Rule(_only(bytes, bytearray, memoryview), _refused("bytes"))
TIME = Rule(_only(time), _time)
RULES = {
    **dict.fromkeys(("text", "character varying", "character", "bpchar", "name", '"char"', "xml"), TEXT),
    **dict.fromkeys(("smallint", "integer", "bigint"), INTEGER),
    **dict.fromkeys(("real", "double precision"), FLOAT),
    **dict.fromkeys(("json", "jsonb"), JSON),
    **dict.fromkeys(("time without time zone", "time with time zone"), TIME),
    "numeric": Rule(_only(Decimal, int), _numeric, _all_numeric),
    "boolean": Rule(_only(bool), _refused("bool")),
    "bytea": BYTES,
    "uuid": Rule(_only(UUID, DRIVER_UUID), lambda value: value if isinstance(value, UUID) else UUID(_text(value))),
    "date": Rule(_only(date), _date),
    "timestamp without time zone": Rule(_only(datetime), _timestamp, _none_zoned),
    "timestamp with time zone": Rule(_only(datetime), _timestamptz, _all_zoned),
    "interval": Rule(_only(timedelta), _refused("timedelta")),
}
UNKNOWN = Rule(_only(str), lambda value: value)
