"""A cell as a value of its column. What is not clear is a fault and never a guess."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Hashable
from decimal import Decimal
from difflib import get_close_matches
from uuid import UUID

from greedy.ingest.workbook.escapes import unescaped
from greedy.ingest.workbook.layout import DAGDELEN, Choice, Column, Kind, Language
from greedy.ingest.workbook.moments import (
    WRITE_DATE,
    WRITE_TIME,
    UnclearError,
    date_from_text,
    moment_from_text,
    time_from_fraction,
    time_from_text,
)
from greedy.ingest.workbook.rows import folded
from greedy.ingest.workbook.sheet_scan import Broken
from greedy.model.message import Message, either

YES = frozenset(("ja", "j", "yes", "y", "waar", "true", "x", "1", "v", "✓"))
NO = frozenset(("nee", "n", "no", "onwaar", "false", "0"))
MARK = "x"
WHOLE = re.compile(r"([+-]?\d{1,15})(?:[.,]0{1,2})?", re.ASCII)
DECIMAL = re.compile(r"[+-]?\d{1,15}(?:[.,]\d+)?", re.ASCII)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)  # a thousand in one country is one in the other
MOST_EXACT = 10**15  # beyond, Excel has changed the last digits already
# Excel counts a 29 February 1900 that never was: days before it are one off, and small numbers shown as dates land there.
FIRST_CERTAIN_DAY = dt.date(1900, 3, 1)
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
DATE_MADE = Message("Excel made a date or time of it; write it anew in a cell formatted as text")


class CellReader:
    """Reads the cells of one column.

    Parameters
    ----------
    language
        Of the labels that messages name.
    """

    def __init__(self, column: Column, language: Language = Language.NL) -> None:
        self._convert = _CONVERTERS[column.kind]
        self._column = column
        self._language = language
        self._read: dict[tuple[type, Hashable], object] = {}

    def read(self, cell: object) -> object:
        """Its value; None when it is empty, `Broken` when it has a fault."""
        if cell == "":
            return None
        key = (cell.__class__, cell)
        try:
            return self._read[key]
        except KeyError:
            value = self._read[key] = self._value(cell)
            return value

    def _value(self, cell: object) -> object:
        if isinstance(cell, Broken):
            return cell
        if isinstance(cell, float) and not math.isfinite(cell):
            return Broken(Message("holds a number that is too large or none at all"))
        if isinstance(cell, str):
            cell = clean(cell)
            if not cell:
                return None
        try:
            return self._convert(cell, self._column, self._language)
        except UnclearError as exc:
            return Broken(exc.message)


def clean(text: str) -> str:
    """Text without what nobody sees: spaces around it, hard spaces, characters without width, carriage returns."""
    return text.translate(INVISIBLE).replace("\xa0", " ").replace("\r\n", "\n").replace("\r", "\n").strip()


def nearest(wanted: str, names: list[str]) -> Message:
    """`; did you mean Groen?`, or nothing when none comes near."""
    by_folded = {folded(name): name for name in names}
    near = [by_folded[name] for name in get_close_matches(folded(wanted), by_folded, n=3, cutoff=0.6)]
    return Message("; did you mean {names}?", names=either(near)) if near else Message("")


def shown(value: object) -> str:
    """A cell as a message tells it."""
    match value:
        case bool():
            return "WAAR/TRUE" if value else "ONWAAR/FALSE"
        case float() if value.is_integer() and abs(value) < MOST_EXACT:
            return str(int(value))
        case dt.datetime():
            return f"{value:%d-%m-%Y %H:%M}"
        case dt.date():
            return f"{value:%d-%m-%Y}"
        case dt.time():
            return f"{value:%H:%M}"
        case str():
            return repr(value if len(value) <= 60 else value[:57] + "...")
        case _:
            return str(value)


def _text(cell: object, _column: Column, _language: Language) -> str:
    match cell:
        case str():
            text = unescaped(cell)
            if "\0" in text:
                raise UnclearError(Message("has a character that cannot be stored"))
            return text
        case bool():
            raise UnclearError(Message("is {value}, not text; write it anew in a cell formatted as text", value=shown(cell)))
        case float() | int():
            if abs(cell) >= MOST_EXACT:
                raise UnclearError(
                    Message(
                        "is a number of which Excel keeps the first 15 digits only ({number}); format the cell as text",
                        number=format(cell, ".0f"),
                    )
                )
            return str(int(cell)) if cell == int(cell) else repr(cell)
        case _:
            raise UnclearError(Message("is {value}: {why}", value=shown(cell), why=DATE_MADE))


def _whole(cell: object, _column: Column, _language: Language) -> int:
    match cell:
        case bool():
            pass
        case float() | int() if cell == int(cell) and abs(cell) < MOST_EXACT:
            return int(cell)
        case str() if match := WHOLE.fullmatch(cell):
            return int(match[1])
        case str() if THOUSANDS.fullmatch(cell):
            raise UnclearError(
                Message("{value} can be thousands or thousandths; write the number without a point or comma", value=shown(cell))
            )
        case dt.date() | dt.time() | dt.timedelta():
            raise UnclearError(Message("{value} is not a whole number: {why}", value=shown(cell), why=DATE_MADE))
    raise UnclearError(Message("{value} is not a whole number", value=shown(cell)))


def _decimal(cell: object, _column: Column, _language: Language) -> Decimal:
    match cell:
        case bool():
            pass
        case float() | int():
            return Decimal(int(cell)) if cell == int(cell) else Decimal(repr(cell))
        case str() if THOUSANDS.fullmatch(cell):
            raise UnclearError(
                Message("{value} can be thousands or thousandths; write it in a cell formatted as a number", value=shown(cell))
            )
        case str() if DECIMAL.fullmatch(cell):
            return Decimal(cell.replace(",", "."))
    raise UnclearError(Message("{value} is not a number", value=shown(cell)))


def _yes_no(cell: object, _column: Column, language: Language) -> bool:
    word = folded(cell if isinstance(cell, str) else _plain(cell))
    if isinstance(cell, bool) or word in YES or word in NO:
        return cell if isinstance(cell, bool) else word in YES
    if language is Language.EN:
        raise UnclearError(Message("{value} is neither yes nor no", value=shown(cell)))
    raise UnclearError(Message("{value} is neither ja nor nee", value=shown(cell)))


def _date(cell: object, _column: Column, _language: Language) -> dt.date:
    match cell:
        case str():
            return date_from_text(cell)
        case dt.datetime() if cell.time() != dt.time():
            raise UnclearError(Message("{value} has a time of day; {how}", value=shown(cell), how=WRITE_DATE))
        case dt.date():
            day = cell.date() if isinstance(cell, dt.datetime) else cell
            if day < FIRST_CERTAIN_DAY:
                raise UnclearError(Message("is a number that is shown as a date before 1 March 1900; {how}", how=WRITE_DATE))
            return day
        case float() | int():
            raise UnclearError(
                Message("{value} is a number, not a date; format the cell as a date, or {how}", value=shown(cell), how=WRITE_DATE)
            )
    raise UnclearError(Message("{value} is not a date; {how}", value=shown(cell), how=WRITE_DATE))


def _time(cell: object, _column: Column, _language: Language) -> dt.time:
    match cell:
        case str():
            return time_from_text(cell)
        case dt.time():
            return cell
        case dt.timedelta() if (time := time_from_fraction(cell / dt.timedelta(days=1))) is not None:
            return time
        case float() if (time := time_from_fraction(cell)) is not None:
            return time
        case dt.date():
            raise UnclearError(Message("{value} is a date, not a time; {how}", value=shown(cell), how=WRITE_TIME))
    raise UnclearError(Message("{value} is not a time; {how}", value=shown(cell), how=WRITE_TIME))


def _moment(cell: object, _column: Column, _language: Language) -> dt.datetime:
    match cell:
        case str():
            return moment_from_text(cell)
        case dt.datetime() if cell.date() >= FIRST_CERTAIN_DAY:
            return cell
        case dt.date() if cell >= FIRST_CERTAIN_DAY:
            return dt.datetime.combine(cell, dt.time())
    raise UnclearError(Message("{value} is not a date and time; write it as 24-11-2025 09:00", value=shown(cell)))


def _choice(cell: object, column: Column, language: Language) -> object:
    word = folded(cell if isinstance(cell, str) else _plain(cell))
    for choice in column.choices:
        if word in map(folded, (*choice.labels, str(choice.value))):
            return choice.value
    labels = labels_of(column.choices, language)
    raise UnclearError(
        Message(
            "{value} is none of {names}{hint}",
            value=shown(cell),
            names=", ".join(labels),
            hint=nearest(word, labels) if len(labels) > 5 else "",
        )
    )


def labels_of(choices: tuple[Choice, ...], language: Language) -> list[str]:
    """What the values of a list are called in a language."""
    return [choice.labels[min(language, len(choice.labels) - 1)] for choice in choices]


def _dagdelen(cell: object, _column: Column, _language: Language) -> list[object]:
    if cell in ("-", "–", "—"):
        return []
    words = re.split(r"[\s,;/+&]+", folded(cell).strip(" ,;/+&")) if isinstance(cell, str) else [_plain(cell)]
    if len(words) == 1 and words[0] and set(words[0]) <= set("oma"):
        words = list(words[0])  # "OM"
    found: dict[object, None] = {}
    for word in words:
        value = next((choice.value for choice in DAGDELEN if word in map(folded, choice.labels)), None)
        if value is None:
            raise UnclearError(
                Message("{value} is no list of dagdelen; write O, M, A or several, as in O M, or - for none", value=shown(cell))
            )
        found[value] = None
    return list(found)


def _id(cell: object, _column: Column, _language: Language) -> UUID:
    if isinstance(cell, str):
        try:
            return UUID(cell)
        except ValueError:
            pass
    raise UnclearError(
        Message("{value} is not an id as in 8e91579a-21c3-439e-90c1-91728c541241; leave the cell empty for a new row", value=shown(cell))
    )


def _plain(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() and not isinstance(cell, bool) else str(cell)


_CONVERTERS: dict[Kind, Callable[[object, Column, Language], object]] = {
    Kind.TEXT: _text,
    Kind.WHOLE: _whole,
    Kind.DECIMAL: _decimal,
    Kind.YES_NO: _yes_no,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.MOMENT: _moment,
    Kind.CHOICE: _choice,
    Kind.DAGDELEN: _dagdelen,
    Kind.REFERENCE: _text,
    Kind.ID: _id,
}
