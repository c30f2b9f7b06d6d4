"""A roster with all that belongs to it as a workbook, which `greedy import` reads again without loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook

from greedy.errors import InputError
from greedy.formats.files import replacing
from greedy.formats.tables import EmployeeRow, PracticeTables, Row, ServiceTypeRow
from greedy.ingest.workbook.cells import CellValue, shown
from greedy.ingest.workbook.layout import EMPLOYEES, PRACTICE, SERVICE_TYPES, Column, Kind, Language, SheetLayout
from greedy.ingest.workbook.rows import Known, folded
from greedy.ingest.workbook.sheets import AUTHOR, add_lists, add_sheet

SUFFIX = ".xlsx"

Spelling = Mapping[str, Mapping[object, str]]  # entity to how each key is spelled where it is referred to


def write_workbook(tables: PracticeTables, path: Path, *, language: Language = Language.NL) -> None:
    """Write the tables as a workbook, which appears whole or not at all.

    Raises
    ------
    InputError
        The file cannot be written, or a workbook has no room for the tables.
    """
    spelling = spelling_of(tables.employees, tables.service_types)
    with new_workbook(path) as book:
        for layout in PRACTICE:
            add_sheet(book, layout, cells_of(getattr(tables, layout.entity), layout, spelling, language), language)
        add_lists(book, language)


@contextmanager
def new_workbook(path: Path) -> Iterator[Workbook]:
    """A workbook for sheets that are written row by row, which is saved when the block ends, with the folder that it lies in.

    Raises
    ------
    InputError
        It cannot be written, or it is no workbook by its name.
    """
    if path.suffix.lower() != SUFFIX:
        raise InputError(
            f"{path} cannot be a workbook of ours: it does not end in {SUFFIX}", next_step=f"give a name such as practice{SUFFIX}"
        )
    book = Workbook(write_only=True)
    book.properties.creator = AUTHOR
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as unfinished:
            yield book
            document = BytesIO()  # a disk that is full leaves openpyxl with a file that it cannot close
            book.save(document)
            unfinished.write_bytes(document.getbuffer())
    except OSError as exc:
        raise InputError(f"cannot write {path}: {exc.strerror or exc}", next_step="give another file") from exc
    finally:
        for sheet in book:
            if not sheet.closed:
                with suppress(OSError):  # told already
                    sheet.close()  # its rows lie in a file of their own


def cells_of(rows: Sequence[Row], layout: SheetLayout, spelling: Spelling, language: Language) -> list[list[CellValue]]:
    """Rows of a table as the cells of its sheet."""
    writers = [_writer(column, spelling, language) for column in layout.columns]
    return [[write(row) for write in writers] for row in rows]


def spelling_of(employees: Sequence[EmployeeRow], services: Sequence[ServiceTypeRow]) -> Spelling:
    """How rows are referred to: a service by its code; an employee by her name when nobody else can be meant, else by her number."""
    known = Known.of((EMPLOYEES.entity, row.id, (row.id, row.email, row.name)) for row in employees).keys.get(EMPLOYEES.entity, {})
    return {
        EMPLOYEES.entity: {row.id: row.name if known.get(folded(row.name)) == row.id else row.id for row in employees},
        SERVICE_TYPES.entity: {row.id: row.code for row in services},
    }


def _writer(column: Column, spelling: Spelling, language: Language) -> Callable[[Row], CellValue]:
    field, _, part = column.field.partition(".")
    if part:
        return lambda row: shown(column, getattr(row, field).get(part), language)
    if column.kind is Kind.REFERENCE and not column.by_key:
        names = spelling[column.refers_to or ""]
        return lambda row: names.get(getattr(row, field))
    return lambda row: shown(column, getattr(row, field), language)
