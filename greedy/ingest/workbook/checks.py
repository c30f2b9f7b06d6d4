"""Whether rows hold together: each by the rules of its table, and all among each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from greedy.formats.tables import KEYS, TABLES, PracticeTables, faults_between_rows
from greedy.ingest.workbook.assembly import SheetRows
from greedy.ingest.workbook.layout import SLOT_STATUSES
from greedy.ingest.workbook.mapper import Table
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.workbook.values import labels_of, shown

MASTERS = ("rosters", "employees", "service_types")
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STATUS = re.compile(r"\bstatus ([0-3])\b")
NOT_BROUGHT = " has the id "
PATTERNS = {
    "code": "may have letters, digits, - and _ only, and at most 16 of them",
    "email": "is not an e-mail address",
    "id": "has a character that cannot be seen",
}

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
            sheet.blame(row, None, "is a second roster; a workbook holds one, so remove the others")
    return checked


def practice_tables(sheets: Mapping[str, SheetRows], checked: Mapping[str, Checked], entities: Collection[str]) -> PracticeTables | None:
    """The rows of some sheets as one roster; blames what does not hold together. None while a roster, employee or service has a fault."""
    if any(sheets[name].faults or sheets[name].faulty for name in MASTERS if name in sheets):
        return None  # what refers to them is looked at when they are sound; otherwise one fault would show as a hundred
    rows = {name: list(checked.get(name, {})) if name in entities else [] for name in TABLES}
    tables = PracticeTables.model_construct(
        **{name: [checked[name][row] for row in of_table] if of_table else [] for name, of_table in rows.items()}  # type: ignore[arg-type]
    )
    codes = {str(service.id): service.code for service in tables.service_types}
    for fault in faults_between_rows(tables):
        if fault.message.endswith(" times"):
            continue  # doubles are told already, with their rows
        sheet, row = sheets[fault.table], rows[fault.table][fault.position]
        message = UUIDS.sub(lambda match: codes.get(match[0], match[0]), fault.message)
        if NOT_BROUGHT in message:  # the name was known, as the database has its row
            message = "stands in the database alone; a workbook with a roster has all that it names, so add the row to its sheet"
        sheet.blame(row, fault.column, _in_words(message, sheet.table))
    return tables


def _told(error: ErrorDetails, table: Table) -> tuple[str | None, str]:
    """Field and message of an error of pydantic's, in words of the workbook."""
    context: dict[str, Any] = error.get("ctx", {})
    field = ".".join(str(part) for part in error["loc"] if isinstance(part, str)) or None
    value = shown(error["input"])
    match error["type"]:
        case "greater_than_equal":
            return field, f"{value} is too small; at least {context['ge']}"
        case "less_than_equal":
            return field, f"{value} is too large; at most {context['le']}"
        case "string_too_long":
            return field, f"is longer than {context['max_length']} characters"
        case "string_pattern_mismatch":
            return field, f"{value} {PATTERNS.get(field or '', 'has a character that cannot be stored')}"
        case "value_error":
            message = (
                error["msg"]
                .removeprefix("Value error, ")
                .replace("_date, _dagdeel and _service_id", "_date, blocked_by_dagdeel and blocked_by_service_id")
            )
            named = next((column.field for column in table.layout.columns if re.search(rf"\b{column.field}\b", message)), None)
            return field or named, _in_words(message, table)
        case "missing":
            return field, "is empty; every row needs a value here"
        case _:
            return field, f"{error['msg']}, not {value}"


def _in_words(message: str, table: Table) -> str:
    """A message with the headers of the sheet for the names of columns, and with words for the status of a slot."""
    labels = {column.field: column.label(table.language) for column in table.layout.columns}
    if labels:
        message = re.sub(r"\b[a-z_]+\b", lambda match: labels.get(match[0], match[0]) if "_" in match[0] else match[0], message)
    words = labels_of(SLOT_STATUSES, table.language)
    return STATUS.sub(lambda match: f"status {words[int(match[1])]}", message)


def _blame_doubles(sheet: SheetRows) -> None:
    """Rows that say one thing twice, by what stands in the sheet."""
    for fields in KEYS.get(sheet.table.layout.entity, ()):
        told = [field for field in fields if field in sheet.table.letters]
        if not told:
            continue
        same: dict[tuple[object, ...], list[PlacedRow]] = defaultdict(list)
        for row in sheet.rows:
            key = tuple(row.values.get(field) for field in fields)
            if row not in sheet.faulty and None not in key:
                same[key].append(row)
        for rows in same.values():
            for row in rows[1:]:
                what = " and ".join(sheet.table.titles[field] for field in told)
                sheet.blame(row, told[0], f"the same {what} as in row {rows[0].row}; remove one of the two")
