"""Whether rows hold together: each by the rules of its table, and all among each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from greedy.formats.between_rows import KEYS, faults_between_rows
from greedy.formats.tables import TABLES, PracticeTables
from greedy.formats.validation import in_words
from greedy.ingest.workbook.assembly import EMPTY, SheetRows
from greedy.ingest.workbook.layout import SLOT_STATUSES
from greedy.ingest.workbook.mapper import Table
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.workbook.values import labels_of, shown
from greedy.model.message import Message, joined
from greedy.model.problem import SlotStatus

MASTERS = ("rosters", "employees", "service_types")
NOT_BROUGHT = Message("stands in the database alone; a workbook with a roster has all that it names, so add the row to its sheet")

Checked = dict[PlacedRow, BaseModel]


def check_rows(sheet: SheetRows) -> Checked:
    """Check each row without faults by the model of its table; blame those that break it. Gives the others, checked."""
    model = sheet.table.layout.model
    checked: Checked = {}
    if model is None or sheet.table.faults:  # without its columns every row would lack something
        return checked
    for row in sheet.rows:
        known_faulty = sheet.faulty.get(row, set())
        try:
            checked_row = model.model_validate(row.values)
        except ValidationError as exc:
            for error in exc.errors(include_url=False):
                field, message = _told(error, sheet.table)
                # Of a row that has faults, only what its other cells say by themselves is looked at.
                if not known_faulty or (error["loc"] and error["type"] != "missing" and field not in known_faulty):
                    sheet.blame(row, field, message)
        else:
            if not known_faulty:
                checked[row] = checked_row
    _blame_doubles(sheet)
    if sheet.table.layout.entity == "rosters":
        for row in sheet.rows[1:]:
            sheet.blame(row, None, Message("is a second roster; a workbook holds one, so remove the others"))
    return checked


def practice_tables(sheets: Mapping[str, SheetRows], checked: Mapping[str, Checked], entities: Collection[str]) -> PracticeTables | None:
    """The rows of some sheets as one roster; blames what does not hold together. None while a roster, employee or service has a fault."""
    if any(sheets[name].faults or sheets[name].faulty for name in MASTERS if name in sheets):
        return None  # what refers to them is looked at when they are sound; otherwise one fault would show as a hundred
    rows = {name: list(checked.get(name, {})) if name in entities else [] for name in TABLES}
    tables = PracticeTables.model_construct(
        **{name: [checked[name][row] for row in of_table] if of_table else [] for name, of_table in rows.items()}  # type: ignore[arg-type]
    )
    for fault in faults_between_rows(tables):
        if fault.kind == "repeated":
            continue  # told already, with their rows
        sheet, row = sheets[fault.table], rows[fault.table][fault.position]
        if fault.kind == "unknown":  # the name was known, as the database has its row
            sheet.blame(row, fault.column, NOT_BROUGHT)
        else:
            sheet.blame(row, fault.column, _in_words(fault.message, sheet.table))
    return tables


def _told(error: ErrorDetails, table: Table) -> tuple[str | None, Message]:
    """Field and message of an error of pydantic's, in words of the workbook."""
    context: dict[str, Any] = error.get("ctx", {})
    field = ".".join(str(part) for part in error["loc"] if isinstance(part, str)) or None
    value = shown(error["input"])
    match error["type"]:
        case "greater_than_equal":
            return field, Message("{value} is too small; at least {least}", value=value, least=context["ge"])
        case "less_than_equal":
            return field, Message("{value} is too large; at most {most}", value=value, most=context["le"])
        case "string_too_long":
            return field, Message("is longer than {most} characters", most=context["max_length"])
        case "string_pattern_mismatch":
            return field, _why_unfit(field, value)
        case "value_error":
            message = context["error"].args[0]
            said = message if isinstance(message, Message) else Message("{message}", message=message)
            named = next((column.field for column in table.layout.columns if column.field in (*said.fields, *said.fields.values())), None)
            return field or named, _in_words(said, table)
        case "missing":
            return field, EMPTY
        case _:
            return field, Message("{value} does not fit here ({why})", value=value, why=in_words(error))


def _why_unfit(field: str | None, value: str) -> Message:
    match field:
        case "code":
            return Message("{value} may have letters, digits, - and _ only, and at most 16 of them", value=value)
        case "email":
            return Message("{value} is not an e-mail address", value=value)
        case "id":
            return Message("{value} has a character that cannot be seen", value=value)
        case _:
            return Message("{value} has a character that cannot be stored", value=value)


def _in_words(message: Message, table: Table) -> Message:
    """A message with the headers of the sheet for the names of columns, and with words for the status of a slot."""
    labels = {column.field: column.label(table.language) for column in table.layout.columns}
    said = message.with_fields(**{name: labels[what] for name, what in message.fields.items() if isinstance(what, str) and what in labels})
    if isinstance(status := said.fields.get("status"), SlotStatus):
        said = said.with_fields(status=labels_of(SLOT_STATUSES, table.language)[status])
    return said


def _blame_doubles(sheet: SheetRows) -> None:
    """Rows that say one thing twice, by what stands in the sheet."""
    for fields in KEYS.get(sheet.table.layout.entity, ()):
        told = [field for field in fields if field in sheet.table.letters]
        if not told:
            continue
        same: dict[tuple[object, ...], list[PlacedRow]] = defaultdict(list)
        for row in sheet.rows:
            key = tuple(row.values.get(field) for field in fields)
            if None not in key and not sheet.faulty.get(row, set()).intersection(fields):
                same[key].append(row)
        for rows in same.values():
            for row in rows[1:]:
                what = joined(sheet.table.titles[field] for field in told)
                sheet.blame(row, told[0], Message("the same {what} as in row {row}; remove one of the two", what=what, row=rows[0].row))
