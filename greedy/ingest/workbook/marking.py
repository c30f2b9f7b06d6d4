"""A copy of a workbook in which the faulty cells are coloured and say what is wrong, behind a sheet that lists all faults."""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import quote_sheetname
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from greedy.errors import InputError
from greedy.formats.files import replacing
from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.layout import FAULTS_SHEET, PRACTICE, WISHES, Language
from greedy.ingest.workbook.sheets import AUTHOR, HEADER_FONT
from greedy.model.message import Message

Say = Callable[[Message], str]

COLOUR = "FFFFC7CE"
MARK = "greedy import: "  # begins what we say in a cell, after what others said there
MOST_MARKED = 5_000  # cells; the list names all
LARGEST_BYTES = 100_000_000  # unpacked, of a workbook to copy: openpyxl takes about 50 times as much as the file
HEADERS = (("Blad", "Sheet"), ("Cel", "Cell"), ("Kolom", "Column"), ("Fout", "Fault"))
WIDTHS = (22, 10, 26, 110)
LINK_FONT = Font(color="0563C1", underline="single")
# What openpyxl lets through when the parts of a file are not what it expects: it has no error of its own for that.
UNREADABLE = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, ParseError, OSError, EOFError,
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError,
)  # fmt: skip


def mark_faults(source: Path, faults: Sequence[CellFault], target: Path, *, say: Say = str) -> tuple[str, ...]:
    """Write `target`: a copy of `source` with its faults marked, or the list of them alone when `source` cannot be copied.

    `say`: says what is wrong in the language of whoever opens it; in English by default.

    Returns
    -------
    tuple of str
        What whoever opens it should know.

    Raises
    ------
    InputError
        `target` is `source`, is no workbook by its name, or cannot be written.
    """
    check_target(source, target)
    notes = []
    try:
        document, left_out = _marked_copy(source, faults, say)
        if _more_than_cells(source):
            notes.append(Message("macros, pictures and charts may be missing in the copy; the original has them"))
        if left_out:
            notes.append(Message("{count} more faults stand only in its list", count=left_out))
    except UNREADABLE:
        book = Workbook()
        book.remove(book.worksheets[0])
        _add_list(book, faults, Language.NL, say)
        document = _saved(book)
        notes.append(Message("the workbook cannot be copied, so the file has the list of faults alone"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as unfinished:
            unfinished.write_bytes(document)
    except OSError as exc:
        raise InputError(
            Message("cannot write {path}: {why}", path=target, why=exc.strerror),
            next_step=Message("give another file with --mark"),
        ) from exc
    return tuple(notes)


def check_target(source: Path, target: Path) -> None:
    """Raise InputError when `target` cannot be the marked copy of `source`."""
    if target.suffix.lower() != ".xlsx":
        raise InputError(
            Message("{path} cannot be the marked copy: it does not end in .xlsx", path=target),
            next_step=Message("give --mark FILE.xlsx"),
        )
    if target.resolve() == source.resolve() or (target.exists() and source.exists() and target.samefile(source)):
        raise InputError(
            Message("{path} is the workbook itself, which stays as it is", path=target),
            next_step=Message("give another file with --mark"),
        )


def _marked_copy(source: Path, faults: Sequence[CellFault], say: Say) -> tuple[bytes, int]:
    """The copy, and how many faults had no room in its cells."""
    with zipfile.ZipFile(source) as package:
        if sum(part.file_size for part in package.infolist()) > LARGEST_BYTES:
            raise ValueError("too large to copy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what openpyxl leaves out
        book = openpyxl.load_workbook(source, rich_text=True)
        for sheet in book.worksheets:
            if sheet.title in FAULTS_SHEET:
                book.remove(sheet)
            else:
                _unmark(sheet)
        marks = defaultdict(list)
        for fault in faults:
            if fault.row and fault.sheet in book.sheetnames:
                marks[fault.sheet, fault.row, fault.column].append(_legible(say(fault.message)))
        for (title, row, column), messages in list(marks.items())[:MOST_MARKED]:
            _mark(_cell(book[title], row, column), messages)
        _add_list(book, faults, _language_of(book.sheetnames), say)
        return _saved(book), max(0, len(marks) - MOST_MARKED)


def _mark(cell: Cell, messages: Iterable[str]) -> None:
    said = f"{cell.comment.text}\n\n" if cell.comment else ""
    text = said + MARK + "\n".join(messages)
    cell.comment = Comment(text, AUTHOR, height=40 + 18 * (len(text) // 40 + text.count("\n")), width=320)
    cell.fill = PatternFill("solid", fgColor=COLOUR)


def _unmark(sheet: Worksheet) -> None:
    """Take out the marks of an earlier copy, which has been mended since."""
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, Cell) and cell.comment and MARK in cell.comment.text:
                said = cell.comment.text.partition(MARK)[0].strip()
                cell.comment = Comment(said, cell.comment.author) if said else None
                if cell.fill.fgColor.rgb == COLOUR:
                    cell.fill = PatternFill()


def _cell(sheet: Worksheet, row: int, column: str) -> Cell:
    """The cell of a fault; of a row as a whole its first with a value; within merged cells the one that is shown."""
    if not column:
        column = next((cell.column_letter for cell in sheet[row] if isinstance(cell, Cell) and cell.value is not None), "A")
    cell = sheet[f"{column}{row}"]
    if isinstance(cell, MergedCell):
        around = next(one for one in sheet.merged_cells.ranges if cell.coordinate in one)
        cell = sheet.cell(around.min_row, around.min_col)
    assert isinstance(cell, Cell)  # noqa: S101  for the type checker
    return cell


def _add_list(book: Workbook, faults: Sequence[CellFault], language: Language, say: Say) -> None:
    titles = set(book.sheetnames)
    sheet = book.create_sheet(FAULTS_SHEET[language], 0)
    book.active = 0
    sheet.sheet_view.tabSelected = True
    for other in book.worksheets[1:]:
        other.sheet_view.tabSelected = False
    sheet.freeze_panes = "A2"
    for number, (header, width) in enumerate(zip(HEADERS, WIDTHS, strict=True), start=1):
        cell = sheet.cell(1, number, header[language])
        cell.font = HEADER_FONT
        sheet.column_dimensions[cell.column_letter].width = width
    for row, fault in enumerate(faults, start=2):
        place = f"{fault.column or 'A'}{fault.row or 1}"
        for number, text in enumerate((fault.sheet, place if fault.row else "", fault.header, say(fault.message)), start=1):
            cell = sheet.cell(row, number, _legible(text) or None)
            if text:
                cell.data_type = "s"  # and no formula
        if fault.sheet in titles:
            link = sheet.cell(row, 2 if fault.row else 1)
            link.hyperlink = Hyperlink(ref=link.coordinate, location=f"{quote_sheetname(fault.sheet)}!{place}")
            link.font = LINK_FONT


def _saved(book: Workbook) -> bytes:
    document = io.BytesIO()
    book.save(document)
    return document.getvalue()


def _language_of(titles: Iterable[str]) -> Language:
    english = {layout.label(Language.EN) for layout in (*PRACTICE, WISHES)}
    return Language.EN if english & set(titles) else Language.NL


def _legible(text: str) -> str:
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)


def _more_than_cells(source: Path) -> bool:
    return any(part.startswith(("xl/charts/", "xl/media/")) or part.endswith("vbaProject.bin") for part in _parts(source))


def _parts(source: Path) -> Iterator[str]:
    with zipfile.ZipFile(source) as package:
        yield from package.namelist()
