"""What the XML of a sheet says and calamine does not: formulas that failed or were never calculated, numbers with zeros, the extent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any
from xml.sax.handler import ContentHandler

from defusedxml.sax import make_parser

from greedy.model.message import Message

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
SHOWN_WITH_ZEROS = re.compile(r'(?:"([^"]*)"|\\(.))?(0{2,}|(?<=.)0)')  # `00000`, `"EMP"000`
NOT_CALCULATED = Message("holds a formula that was never calculated; open the workbook in Excel, save it, and import it again")

Place = tuple[int, int]  # row and column, from 0


@dataclass(frozen=True)
class Broken:
    """What stands in a cell that has no value to read. `message` says why; an empty one that it is better not told."""

    message: Message


@dataclass
class SheetFacts:
    """What was found in the XML of a sheet.

    Parameters
    ----------
    zeros
        Cells whose number is shown behind a prefix and filled up with zeros: prefix and number of digits.
    last_row, last_column
        The last ones with a value, from 0, and -1 when there is none; `last_cells` are the cells that lie there.
    """

    broken: dict[Place, Broken] = field(default_factory=dict)
    zeros: dict[Place, tuple[str, int]] = field(default_factory=dict)
    hidden_rows: int = 0
    filled: int = 0
    last_row: int = -1
    last_column: int = -1
    last_cells: tuple[str, str] = ("", "")


def formats_with_zeros(styles: Element | None) -> dict[str, tuple[str, int]]:
    """Style of a cell to the prefix and the number of digits that it is shown with; for the styles that do."""
    if styles is None:
        return {}
    codes = {element.get("numFmtId"): element.get("formatCode", "") for element in styles.iter() if _local(element.tag) == "numFmt"}
    found = {}
    for formats in styles:
        if _local(formats.tag) != "cellXfs":
            continue
        for number, element in enumerate(formats):
            match = SHOWN_WITH_ZEROS.fullmatch(codes.get(element.get("numFmtId"), ""))
            if match:
                found[str(number)] = (match[1] or match[2] or "", len(match[3]))
    return found


def scan_sheet(file: IO[bytes], formats: dict[str, tuple[str, int]]) -> SheetFacts:
    """Read the XML of a sheet from one end to the other, without holding it.

    Raises
    ------
    xml.sax.SAXException, defusedxml.DefusedXmlException
        It is no XML, or XML that defines its own words.
    """
    scan = _Scan(formats)
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(scan)
    parser.parse(file)
    return scan.facts


def column_number(letters: str) -> int:
    """`A` is 0, `AA` is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def column_letters(number: int) -> str:
    """0 is `A`, 26 is `AA`."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


class _Scan(ContentHandler):
    def __init__(self, formats: dict[str, tuple[str, int]]) -> None:
        super().__init__()
        self.facts = SheetFacts()
        self._formats = formats
        self._numbers: dict[str, int] = {}
        self._place = (-1, -1)
        self._type: str | None = None
        self._style: str | None = None
        self._formula = False
        self._value: list[str] | None = None  # collected where it matters: of formulas and errors

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: ANN401, N802  as the interface has it
        name = name.rpartition(":")[2]
        if name == "c":
            self._at(attrs.get("r"))
            self._type, self._style, self._formula, self._value = attrs.get("t"), attrs.get("s"), False, None
        elif name == "v":
            self._filled()
            if self._formula or self._type == "e":
                self._value = []
        elif name == "f":
            self._formula = True
        elif name == "is":
            self._filled()
        elif name == "row":
            row = attrs.get("r")
            self._place = (int(row) - 1 if row and row.isdecimal() else self._place[0] + 1, -1)
            self.facts.hidden_rows += attrs.get("hidden") in ("1", "true")

    def characters(self, content: str) -> None:
        if self._value is not None:
            self._value.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802  as the interface has it
        if name.rpartition(":")[2] != "c" or not (self._formula or self._type == "e"):
            return
        value = "".join(self._value or ()).strip()
        if self._type == "e":
            self.facts.broken[self._place] = Broken(
                Message("holds the error {value}; mend its formula, or write the value itself", value=value or "#N/A")
            )
        elif not value and self._type != "str":  # a formula can give an empty text; Excel says then that it is text
            self._filled()
            self.facts.broken[self._place] = Broken(NOT_CALCULATED)
        self._value = None

    def _at(self, reference: str | None) -> None:
        match = REFERENCE.fullmatch(reference) if reference else None
        if match is None:
            self._place = (self._place[0], self._place[1] + 1)
            return
        letters, row = match.groups()
        column = self._numbers.get(letters)
        if column is None:
            column = self._numbers[letters] = column_number(letters)
        self._place = (int(row) - 1, column)

    def _filled(self) -> None:
        row, column = self._place
        facts = self.facts
        facts.filled += 1
        if row > facts.last_row:
            facts.last_row, facts.last_cells = row, (f"{column_letters(column)}{row + 1}", facts.last_cells[1])
        if column > facts.last_column:
            facts.last_column, facts.last_cells = column, (facts.last_cells[0], f"{column_letters(column)}{row + 1}")
        if self._style in self._formats:
            facts.zeros[self._place] = self._formats[self._style]
