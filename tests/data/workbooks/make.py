"""Makes the workbooks of this folder: `python -m tests.data.workbooks.make`. What is expected of each stands in test_corpus."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

HERE = Path(__file__).parent
SOME_DAY = dt.datetime(2025, 11, 1)  # noqa: DTZ001  openpyxl takes no other
MONDAY = dt.date(2025, 11, 24)
CONTENT_TYPES = "[Content_Types].xml"
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")

Sheets = dict[str, list[list[Any]]]

PRACTICE: Sheets = {
    "Rooster": [["Naam", "Begin", "Einde", "Status"], ["Week 48", MONDAY, dt.date(2025, 11, 30), "concept"]],
    "Medewerkers": [
        ["Nummer", "Voornaam", "Achternaam", "E-mail", "Team", "Werkdagen", "Ma", "Di", "Actief"],
        ["EMP001", "Anna", "Mulder", "anna@praktijk.example", "Groen", 18, None, "A", "ja"],
        ["EMP002", "Bente", "Postma", None, "Oranje", 17, "O M", "-", "ja"],
        ["EMP003", "Carlijn", "de Vries", None, "Overig", None, None, None, "nee"],
    ],
    "Diensten": [
        ["Code", "Naam", "Dagdeel", "Begin", "Einde", "Minuten", "Systeemdienst", "Gekoppeld aan"],
        ["DIO", "Dienst in, overdag", "O", dt.time(9), dt.time(18), 540, "ja", "DIA"],
        ["DIA", "Dienst in, avond", "A", dt.time(18), dt.time(9), 900, "ja", None],
        ["ECH", "Echo", "O", dt.time(9), dt.time(13), 240, "nee", None],
    ],
    "Blokkeringen": [["Dienst", "Dagen later", "Dagdeel"], ["DIO", 1, "O"], ["DIO", 1, "M"]],
    "Bevoegdheden": [
        ["Medewerker", "Dienst", "Aantal"],
        ["Anna Mulder", "DIO", 3],
        ["EMP002", "dia", 2],
        ["Carlijn de Vries", "Echo", 1],
    ],
    "Bezetting": [
        ["Datum", "Dagdeel", "Team", "Dienst", "Status", "Aantal"],
        [MONDAY, "O", "TOT", "DIO", "MOET", 1],
        [MONDAY, "A", "TOT", "DIA", "MOET", 1],
    ],
    "Planning": [["Medewerker", "Datum", "Dagdeel", "Status", "Dienst", "Bron"], ["Anna Mulder", MONDAY, "O", "gepland", "ECH", "manual"]],
}
STAFF: Sheets = {"Medewerkers": PRACTICE["Medewerkers"]}


def book_of(sheets: Sheets) -> Workbook:
    """A workbook with these sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.created = book.properties.modified = SOME_DAY
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book


def content_of(book: Workbook) -> bytes:
    """A workbook as bytes."""
    file = io.BytesIO()
    book.save(file)
    return repacked(file.getvalue())


def repacked(content: bytes, change: dict[str, Callable[[str], str]] | None = None, add: dict[str, str] | None = None) -> bytes:
    """The same archive with some parts changed or added, and nothing of the hour in which it was made."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        parts = {name: old.read(name) for name in old.namelist()} | {name: text.encode() for name, text in (add or {}).items()}
        for name, content_of_part in parts.items():
            part = content_of_part
            if name == "docProps/core.xml":
                part = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2025-11-01T00:00:00Z", part)
            if change and name in change:
                part = change[name](part.decode()).encode()
            new.writestr(zipfile.ZipInfo(name, (2025, 11, 1, 0, 0, 0)), part, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def practice(**cells: dict[str, Any]) -> bytes:
    """The practice with some cells changed: `practice(Medewerkers={"E2": "Grön"})`."""
    book = book_of(PRACTICE)
    for sheet, values in cells.items():
        for place, value in values.items():
            book[sheet][place] = value
    return content_of(book)


def changed(change: Callable[[Workbook], None], sheets: Sheets = PRACTICE) -> bytes:
    """The practice after something was done to its workbook."""
    book = book_of(deepcopy(sheets))
    change(book)
    return content_of(book)


def staff(*rows: list[Any], header: list[Any] | None = None) -> bytes:
    """A list of staff alone."""
    return content_of(book_of({"Medewerkers": [header or ["Nummer", "Voornaam", "Achternaam", "Team", "Werkdagen", "Actief"], *rows]}))


def sheet_xml(content: bytes, change: Callable[[str], str], number: int = 1) -> bytes:
    """A workbook with the XML of a sheet changed."""
    return repacked(content, {f"xl/worksheets/sheet{number}.xml": change})


def main_type(content: bytes, content_type: str) -> bytes:
    """A workbook that calls itself something else."""
    old = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    return repacked(content, {CONTENT_TYPES: lambda text: text.replace(old, content_type)})


def archive(**parts: str) -> bytes:
    """An archive that is no workbook."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name, text in parts.items():
            new.writestr(zipfile.ZipInfo(name, (2025, 11, 1, 0, 0, 0)), text)
    return file.getvalue()


def compound(stream: str) -> bytes:
    """The outside of an old Office file that holds a stream of this name."""
    return COMPOUND + bytes(504) + stream.encode("utf-16-le") + bytes(512)


def _formulas(book: Workbook) -> None:
    sheet = book["Medewerkers"]
    sheet["F2"], sheet["F3"], sheet["I2"] = "=9*2", "=F2-1", "=TRUE()"


def _with_values(text: str) -> str:
    """Formulas as Excel saves them: with what they came to."""
    text = text.replace("<f>9*2</f><v />", "<f>9*2</f><v>18</v>").replace("<f>F2-1</f><v />", "<f>F2-1</f><v>17</v>")
    return text.replace('<c r="I2"><f>TRUE()</f><v />', '<c r="I2" t="b"><f>TRUE()</f><v>1</v>')


def _as_error(text: str) -> str:
    return text.replace('<c r="F2"><f>9*2</f><v />', '<c r="F2" t="e"><f>9*2</f><v>#REF!</v>')


def _titled(book: Workbook) -> None:
    for sheet in book.worksheets:
        sheet.insert_rows(1, 3)
        sheet["A1"] = f"{sheet.title} van de praktijk"
        sheet["A1"].font = Font(bold=True)
        sheet.merge_cells("A1:D2")


def _two_row_header(book: Workbook) -> None:
    sheet = book["Medewerkers"]
    sheet.insert_rows(1)
    for letter in "ABCDEFI":
        sheet[f"{letter}1"] = sheet[f"{letter}2"].value
        sheet[f"{letter}2"] = None
        sheet.merge_cells(f"{letter}1:{letter}2")
    sheet["G1"] = "Structureel niet beschikbaar"
    sheet.merge_cells("G1:H1")


def _hidden(book: Workbook) -> None:
    book["Diensten"].sheet_state = "hidden"
    book["Medewerkers"].row_dimensions[3].hidden = True
    book["Medewerkers"].column_dimensions["D"].hidden = True
    book.create_sheet("Lijstjes").sheet_state = "veryHidden"


def _blank_rows(book: Workbook) -> None:
    for sheet in book.worksheets:
        sheet["A1048576"].font = sheet["XFD5"].font = Font(bold=True)


def _with_zeros(book: Workbook) -> None:
    sheet = book["Medewerkers"]
    for row, (number, code) in enumerate(((7, "00000"), (12, '"EMP"000'), (13, "0")), start=2):
        sheet[f"A{row}"], sheet[f"A{row}"].number_format = number, code


def _english() -> Sheets:
    words = {
        "Naam": "Name", "Begin": "Start", "Einde": "End", "concept": "draft", "Nummer": "Number", "Voornaam": "First name",
        "Achternaam": "Last name", "Werkdagen": "Working days", "Ma": "Mon", "Di": "Tue", "Actief": "Active", "ja": "yes", "nee": "no",
        "Dagdeel": "Part of day", "Minuten": "Minutes", "Systeemdienst": "System service", "Gekoppeld aan": "Paired with",
        "Dienst": "Service", "Dagen later": "Days later", "Medewerker": "Employee", "Aantal": "At most", "Datum": "Date",
        "gepland": "planned", "Bron": "Source",
    }  # fmt: skip
    titles = {"Rooster": "Roster", "Medewerkers": "Employees", "Diensten": "Services", "Blokkeringen": "Blocking rules",
              "Bevoegdheden": "Capabilities", "Bezetting": "Demand", "Planning": "Assignments"}  # fmt: skip
    sheets = {titles[name]: [[words.get(cell, cell) for cell in row] for row in rows] for name, rows in PRACTICE.items()}
    sheets["Services"][0][3:5] = ["Begins", "Ends"]
    sheets["Demand"][0][5] = "Number"
    return sheets


def _shared_strings(content: bytes) -> bytes:
    """Texts as Excel stores them: apart, and one of them in two letter types."""
    items = '<si><r><rPr><b/></rPr><t>An</t></r><r><t>na</t></r></si><si><t xml:space="preserve"> Mulder </t></si>'
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    return repacked(
        content,
        {
            "xl/worksheets/sheet1.xml": lambda text: text.replace(
                '<c r="B2" t="inlineStr"><is><t>Anna</t></is></c>', '<c r="B2" t="s"><v>0</v></c>'
            ).replace('<c r="C2" t="inlineStr"><is><t>Mulder</t></is></c>', '<c r="C2" t="s"><v>1</v></c>'),
            CONTENT_TYPES: lambda text: text.replace(
                "</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{content_type}"/></Types>'
            ),
            "xl/_rels/workbook.xml.rels": lambda text: text.replace(
                "</Relationships>", f'<Relationship Id="rIdS" Type="{relation}" Target="sharedStrings.xml"/></Relationships>'
            ),
        },
        {
            "xl/sharedStrings.xml": '<?xml version="1.0" encoding="UTF-8"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'count="2" uniqueCount="2">{items}</sst>'
        },
    )


def _prefixed(text: str) -> str:
    """The same XML with a prefix before every name, as some programs write it."""
    return re.sub(r"<(/?)([a-zA-Z])", r"<\1x:\2", text).replace("xmlns=", "xmlns:x=")


def _without_places(text: str) -> str:
    """Cells that do not say where they stand; empty ones are then written too."""
    rows = re.findall(r"<row .*?</row>", text, flags=re.DOTALL)
    return re.sub(
        r"(<sheetData>).*(</sheetData>)", lambda match: match[1] + "".join(map(_row_without, rows)) + match[2], text, flags=re.DOTALL
    )


def _row_without(row: str) -> str:
    cells = {match[1]: match[0] for match in re.finditer(r'<c r="([A-Z]+)\d+"[^>]*?(?:/>|>.*?</c>)', row, flags=re.DOTALL)}
    return "<row>" + "".join(re.sub(r' r="[A-Z]+\d+"', "", cells.get(letter, "<c/>")) for letter in "ABCDEFGHI") + "</row>"


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
MACROS = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
BINARY = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def _text_values(book: Workbook) -> None:
    roster, services, demand, staff_sheet = book["Rooster"], book["Diensten"], book["Bezetting"], book["Medewerkers"]
    roster["B2"], roster["C2"] = "24 nov 2025", "30-11-2025"
    demand["A2"], demand["A3"] = "2025-11-24", "24/11/2025"
    services["D2"], services["E2"], services["D3"], services["E3"] = "9:00", "18u00", "18.00", "0900"
    services["D4"], services["E4"] = 0.375, "13u"
    services["F2"], demand["F2"], staff_sheet["F2"] = "540", "1,0", "18.0"


def _invisible(book: Workbook) -> None:
    sheet = book["Medewerkers"]
    sheet["B2"], sheet["C2"], sheet["E2"], sheet["B1"] = "\xa0Anna ", "Mulder\u200b", " groen\xa0", "\xa0Voornaam "
    book["Bevoegdheden"]["A2"] = "anna \xa0 MULDER"
    book["Planning"]["G1"], book["Planning"]["G2"] = "Opmerking", "een_x000D_\ntwee"


def _unclear_dates(book: Workbook) -> None:
    book["Rooster"]["B2"], book["Rooster"]["C2"] = "11/24/2025", "30-11-25"
    book["Bezetting"]["A2"], book["Bezetting"]["A3"] = 45985, "31-11-2025"
    book["Bezetting"]["A2"].number_format = "General"
    book["Planning"]["B2"] = 60


def _merged(book: Workbook) -> None:
    book["Bevoegdheden"].merge_cells("A2:A3")
    book["Medewerkers"].merge_cells("K2:L3")  # beside the table: of no meaning


def _far(book: Workbook) -> None:
    book["Medewerkers"]["XFD900000"] = "?"


def _faults_everywhere(book: Workbook) -> None:
    book["Rooster"]["B2"] = "24-11-25"
    book["Medewerkers"]["E2"] = "Grön"
    book["Medewerkers"]["B3"] = None
    book["Diensten"]["F4"] = "lang"
    book["Bevoegdheden"]["A2"] = "Anna Muller"
    book["Bezetting"]["F2"] = 12


def _rows(sheet: Worksheet, *rows: list[Any]) -> None:
    for row in rows:
        sheet.append(row)


def _unlike(book: Workbook) -> None:
    """Staff that cannot be told apart."""
    _rows(book["Medewerkers"], ["EMP004", "Anna", "Mulder", None, "Groen"])


WORKBOOKS: dict[str, Callable[[], bytes]] = {
    # no workbook at all
    "empty-file.xlsx": lambda: b"",
    "text.xlsx": lambda: b"Nummer;Voornaam;Team\r\nEMP001;Anna;Groen\r\n",
    "latin-text.xlsx": lambda: "Nummer;Voornaam;Team\r\nEMP001;Zoë;Groen\r\n".encode("cp1252"),
    "wide-text.xlsx": lambda: "Nummer\tVoornaam\r\nEMP001\tAnna\r\n".encode("utf-16"),
    "web-page.xls": lambda: b"<html><body><table><tr><td>Anna</td></tr></table></body></html>",
    "xml-2003.xls": lambda: b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
    "document.xlsx": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "noise.xlsx": lambda: bytes(range(256)),
    "old.xls": lambda: compound("Workbook"),
    "encrypted.xlsx": lambda: compound("EncryptedPackage"),
    "letter.xlsx": lambda: main_type(practice(), WORD),
    "binary.xlsb": lambda: main_type(practice(), BINARY),
    "open-document.ods": lambda: archive(**{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}),
    "archive.zip": lambda: archive(**{"readme.txt": "hello"}),
    "empty-archive.xlsx": archive,
    # damaged or dangerous
    "cut-off.xlsx": lambda: practice()[:-700],
    "cut-in-half.xlsx": lambda: practice()[: len(practice()) // 2],
    "changed-byte.xlsx": lambda: _with_a_byte_changed(practice()),
    "sheet-missing.xlsx": lambda: _without(practice(), "xl/worksheets/sheet2.xml"),
    "sheet-not-xml.xlsx": lambda: sheet_xml(practice(), lambda text: text[: len(text) // 2], 2),
    "other-encoding.xlsx": lambda: _in_latin_1(practice(Medewerkers={"B2": "Zoë"}), "xl/worksheets/sheet2.xml"),
    "laughs-in-sheet.xlsx": lambda: sheet_xml(practice(), lambda text: LAUGHS + text.replace("Anna", "&c;"), 2),
    "laughs-in-strings.xlsx": lambda: repacked(
        _shared_strings(content_of(book_of(STAFF))), {"xl/sharedStrings.xml": lambda text: text.replace("<sst", LAUGHS + "<sst")}
    ),
    # nothing in it
    "no-sheets-known.xlsx": lambda: content_of(book_of({"Blad1": [["Voornaam"], ["Anna"]], "Blad2": [[1]]})),
    "empty-workbook.xlsx": lambda: content_of(book_of({"Medewerkers": []})),
    "headers-only.xlsx": staff,
    "no-header.xlsx": lambda: content_of(book_of({"Medewerkers": [["EMP001", "Anna", "Groen"], ["EMP002", "Bente", "Oranje"]]})),
    # headers
    "header-twice.xlsx": lambda: practice(Medewerkers={"J1": "Team", "J2": "Oranje"}),
    "two-headers-one-column.xlsx": lambda: practice(Medewerkers={"J1": "personeelsnummer"}),
    "column-missing.xlsx": lambda: practice(Medewerkers={"E1": "Kleur"}),
    "header-nearly-right.xlsx": lambda: practice(Medewerkers={"B1": "Voornam"}),
    "header-unknown.xlsx": lambda: practice(Medewerkers={"J1": "Schoenmaat", "J2": 39, "K2": "?"}),
    "titles-above.xlsx": lambda: changed(_titled),
    "two-row-header.xlsx": lambda: changed(_two_row_header),
    "english.xlsx": lambda: content_of(book_of(_english())),
    # cells
    "merged-rows.xlsx": lambda: changed(_merged),
    "formulas.xlsx": lambda: sheet_xml(changed(_formulas), _with_values, 2),
    "formulas-not-calculated.xlsx": lambda: changed(_formulas),
    "formula-error.xlsx": lambda: sheet_xml(changed(_formulas), lambda text: _with_values(_as_error(text)), 2),
    "values-as-text.xlsx": lambda: changed(_text_values),
    "dates-unclear.xlsx": lambda: changed(_unclear_dates),
    "since-1904.xlsx": lambda: changed(lambda book: setattr(book, "epoch", CALENDAR_MAC_1904)),
    "yes-and-no.xlsx": lambda: staff(
        *(
            [f"E{number}", f"Naam{number}", None, "Groen", None, word]
            for number, word in enumerate(["ja", "NEE", "yes", "no", "waar", "onwaar", 1, 0, True, False, None, "j"])
        )
    ),
    "marked-with-x.xlsx": lambda: staff(["E1", "Anna", None, "Groen", None, "x"], ["E2", "Bente", None, "Groen", None, None]),
    "numbers-as-names.xlsx": lambda: staff([7, 8, None, "groen", "18,0", "ja"], ["007", "Bond", None, "Groen", "1.000", "ja"]),
    "zeros-shown.xlsx": lambda: changed(_with_zeros, STAFF),
    "invisible-characters.xlsx": lambda: changed(_invisible),
    "shared-strings.xlsx": lambda: _shared_strings(content_of(book_of(STAFF))),
    "prefixed-xml.xlsx": lambda: sheet_xml(practice(), _prefixed, 2),
    "cells-without-places.xlsx": lambda: sheet_xml(practice(), _without_places, 2),
    "blank-rows.xlsx": lambda: changed(_blank_rows),
    "far-away.xlsx": lambda: changed(_far),
    # sheets
    "hidden.xlsx": lambda: changed(_hidden),
    "sheet-twice.xlsx": lambda: changed(lambda book: _rows(book.create_sheet("Employees"), ["Voornaam", "Team"])),
    "sheet-nearly-right.xlsx": lambda: changed(lambda book: setattr(book["Blokkeringen"], "title", "Blokkering")),
    "macros.xlsm": lambda: main_type(practice(), MACROS),
    "links.xlsx": lambda: repacked(practice(), add={"xl/externalLinks/externalLink1.xml": "<externalLink/>"}),
    # what belongs together
    "ids-left-out.xlsx": lambda: practice(Medewerkers={"A2": None, "A4": None}),
    "names-alike.xlsx": lambda: changed(_unlike),
    "names-alike-without-number.xlsx": lambda: staff([None, "Anna", "Mulder", "Groen"], [None, "anna", "mulder", "Oranje"]),
    "name-unknown.xlsx": lambda: practice(Bevoegdheden={"A2": "Anna Muldr", "B3": "XYZ"}),
    "parent-faulty.xlsx": lambda: practice(Medewerkers={"E2": "Paars"}),
    "two-rosters.xlsx": lambda: practice(Rooster={"A3": "Week 49", "B3": dt.date(2025, 12, 1), "C3": dt.date(2025, 12, 7)}),
    "no-roster.xlsx": lambda: changed(lambda book: book.remove(book["Rooster"])),
    "rows-twice.xlsx": lambda: practice(
        Medewerkers={"A4": "EMP001"},
        Diensten={"A4": "DIO"},
        Bevoegdheden={"A4": "Bente Postma"},
        Planning={"E2": "DIO"},
        Blokkeringen={"C3": "O"},
        Bezetting={"A3": MONDAY, "B3": "O", "D3": "DIO"},
    ),
    "dates-outside.xlsx": lambda: practice(Bezetting={"A2": dt.date(2025, 12, 1)}, Planning={"C2": "A"}),
    "rules-broken.xlsx": lambda: practice(
        Medewerkers={"D2": "anna", "F2": 400}, Diensten={"A2": "D I O"}, Planning={"E2": None}, Bezetting={"F2": 10}
    ),
    "faults-everywhere.xlsx": lambda: changed(_faults_everywhere),
    "practice.xlsx": practice,
}


def _with_a_byte_changed(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        at = file.getinfo("xl/worksheets/sheet2.xml").header_offset + 120
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def _in_latin_1(content: bytes, part: str) -> bytes:
    """A part that is not UTF-8, and says so."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            text = old.read(member).decode()
            declared = f'<?xml version="1.0" encoding="ISO-8859-1"?>{text}'.encode("latin-1") if member.filename == part else text
            new.writestr(member, declared)
    return file.getvalue()


def _without(content: bytes, part: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            if member.filename != part:
                new.writestr(member, old.read(member))
    return file.getvalue()


if __name__ == "__main__":
    for name, make in WORKBOOKS.items():
        (HERE / name).write_bytes(make())
    print(f"{len(WORKBOOKS)} workbooks in {HERE}")
