"""Values as cells show them: the way back is `values`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from greedy.ingest.workbook.layout import DAGDELEN, Column, Kind, Language

YES, NO = ("ja", "yes"), ("nee", "no")
NO_DAGDEEL = "-"
# A spreadsheet takes 1900 for a leap year: before March its days and ours differ.
FIRST_DATE = dt.date(1900, 3, 1)
DATE_FORMATS = ("dd-mm-yyyy", "yyyy-mm-dd")
TIME_FORMAT, TEXT_FORMAT, WHOLE_FORMAT = "hh:mm", "@", "0"

CellValue = str | int | float | dt.date | dt.time | None


def shown(column: Column, value: object, language: Language) -> CellValue:
    """A value of a column's table as its cell holds it; None for an empty cell. Of a REFERENCE: what the row is called there."""
    match value:
        case None:
            return None
        case bool():
            return (YES if value else NO)[language]
        case list():
            return shown_dagdelen(value, language)
        case dt.date() if value < FIRST_DATE:
            return value.isoformat()
        case dt.time() if value.microsecond or value.tzinfo:
            return value.isoformat()
        case dt.date() | dt.time():
            return value
    if column.choices:
        return next(choice.label(language) for choice in column.choices if choice.value == value)
    return value if isinstance(value, int | float) else str(value)


def shown_dagdelen(dagdelen: Sequence[str], language: Language) -> str:
    """`O M`; `-` for none."""
    labels = {choice.value: choice.label(language) for choice in DAGDELEN}
    return " ".join(labels[dagdeel] for dagdeel in dagdelen) or NO_DAGDEEL


def number_format(column: Column, language: Language) -> str:
    """How a spreadsheet shows the cells of a column. Text stays text when somebody edits it: an employee number 007."""
    match column.kind:
        case Kind.DATE:
            return DATE_FORMATS[language]
        case Kind.TIME:
            return TIME_FORMAT
        case Kind.MOMENT:
            return f"{DATE_FORMATS[language]} {TIME_FORMAT}"
        case Kind.WHOLE:
            return WHOLE_FORMAT
        case Kind.DECIMAL:
            return "General"
        case _:
            return TEXT_FORMAT
