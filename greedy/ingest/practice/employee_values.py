"""What other systems say of an employee, in the words of our table."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from greedy.formats.tables import EmployeeRow
from greedy.ingest.workbook.layout import DAGDELEN, EMPLOYEE_TEAMS, WEEKDAYS, Choice

COLUMNS = tuple(EmployeeRow.model_fields)
GIVEN = COLUMNS[1:]  # all but the number, which is the key
IN_SERVICE, LEAVES = "in_dienst", "uit_dienst"  # first and last day of employment; no columns of ours
WEEKLY = "structureel_nbh"

YES = frozenset({"ja", "j", "yes", "y", "true", "waar", "1", "actief", "active"})
NO = frozenset({"nee", "n", "no", "false", "onwaar", "0", "inactief", "inactive", "niet actief", "not active"})


@dataclass(frozen=True)
class Said:
    """What a source says of an employee. What it leaves blank is in neither.

    Parameters
    ----------
    values
        By column, of our kinds.
    unclear
        By column: why what it says cannot be used.
    """

    values: dict[str, object] = field(default_factory=dict)
    unclear: dict[str, str] = field(default_factory=dict)


def understood(fields: Mapping[str, object]) -> Said:
    """The fields of a record that are ours; all others are passed over."""
    said = Said()
    for column, understand in UNDERSTAND.items():
        value = _weekly_parts(fields) if column == WEEKLY and WEEKLY not in fields else fields.get(column)
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        try:
            said.values[column] = understand(value)
        except (ValueError, TypeError, RecursionError):
            said.unclear[column] = f"{column}: {str(value)[:80]!r} is {EXPECTED[understand]}"
    return said


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError
    return " ".join(str(value).split())


def _email(value: object) -> str:
    text = _text(value)
    if "" in text.partition("@"):
        raise ValueError
    return text


def _team(value: object) -> object:
    return _choice(_text(value), EMPLOYEE_TEAMS)


def _whole(value: object) -> int:
    number = float(_text(value).replace(",", "."))
    if not number.is_integer():
        raise ValueError
    return int(number)


def _yes_or_no(value: object) -> bool:
    word = str(value).strip().casefold().removesuffix(".0")  # a spreadsheet's 1
    if word not in YES | NO:
        raise ValueError
    return word in YES


def _date(value: object) -> dt.date:
    return dt.datetime.fromisoformat(_text(value)).date()


def _weekly(value: object) -> dict[str, list[str]]:
    """An object, the same as JSON text, or `ma O M, wo A`. A day without dagdelen means all of it."""
    if isinstance(value, str):
        value = json.loads(value) if value.lstrip().startswith("{") else _weekly_from_text(value)
    if not isinstance(value, Mapping):
        raise TypeError
    week = {_weekday(str(day)): _dagdelen(dagdelen) for day, dagdelen in value.items()}
    return {day: week[day] for day, _ in WEEKDAYS if week.get(day)}


def _weekly_from_text(text: str) -> dict[str, list[str]]:
    week: dict[str, list[str]] = {}
    for part in filter(None, map(str.strip, re.split(r"[,;\n]", text))):
        day, *dagdelen = part.replace(":", " ").split()
        week.setdefault(day, []).extend(dagdelen or "OMA")
    return week


def _weekly_parts(fields: Mapping[str, object]) -> dict[str, object] | None:
    """The same from a column a weekday, as our workbooks have it; None when there is none."""
    parts = {day: fields.get(f"{WEEKLY}.{day}") for day, _ in WEEKDAYS}
    given = {day: value for day, value in parts.items() if value is not None and value != ""}
    return given or None


def _weekday(word: str) -> str:
    for day, labels in WEEKDAYS:
        if word.strip().casefold() in {day, *(label.casefold() for label in labels)}:
            return day
    raise ValueError


def _dagdelen(value: object) -> list[str]:
    """A list of dagdelen, or text such as `O M`, `OM`, `ochtend middag`; a dash for none."""
    words = value.replace("-", " ").split() if isinstance(value, str) else value
    if not isinstance(words, Sequence):
        raise TypeError
    split = [part for word in words for part in (word if set(word.upper()) <= set("OMA") else [word])]
    found = {_choice(word, DAGDELEN) for word in split}
    return [str(choice.value) for choice in DAGDELEN if choice.value in found]


def _choice(word: str, choices: Sequence[Choice]) -> object:
    for choice in choices:
        if word.casefold() in {label.casefold() for label in choice.labels}:
            return choice.value
    raise ValueError


Understand = Callable[[object], object]
UNDERSTAND: dict[str, Understand] = {
    "voornaam": _text,
    "achternaam": _text,
    "email": _email,
    "team": _team,
    "dienstverband": _text,
    "aantalwerkdagen": _whole,
    WEEKLY: _weekly,
    "actief": _yes_or_no,
    IN_SERVICE: _date,
    LEAVES: _date,
}
EXPECTED: dict[Understand, str] = {
    _text: "no text",
    _email: "no e-mail address",
    _team: f"none of {', '.join(choice.labels[0] for choice in EMPLOYEE_TEAMS)}",
    _whole: "no whole number",
    _yes_or_no: "neither yes nor no",
    _weekly: 'no weekly absence, as {"ma": ["O", "M"]} or "ma O M, wo A"',
    _date: "no date, as 2026-01-31",
}
