"""What a file is that is no workbook, told by how it begins and not by its name."""

from __future__ import annotations

from greedy.model.message import Message

ENCRYPTED = Message("a file that a password encrypts")
ZIP = b"PK\x03\x04"
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")  # old Office files, and the envelope of encrypted new ones
BEGINNINGS = {
    b"%PDF": Message("a PDF document"),
    b"{\\rtf": Message("a document in RTF"),
    b"\x89PNG": Message("a picture"),
    b"\xff\xd8\xff": Message("a picture"),
    b"GIF8": Message("a picture"),
    b"\x1f\x8b": Message("a compressed file (gzip)"),
    b"7z\xbc\xaf": Message("a compressed archive (7z)"),
    b"Rar!": Message("a compressed archive (RAR)"),
    b"PK\x05\x06": Message("an empty archive (zip)"),
    b"SQLite format 3": Message("a SQLite database"),
}
# Names of streams within a compound file, which are UTF-16 there.
STREAMS = {
    "EncryptedPackage": ENCRYPTED,
    "Workbook": Message("an Excel workbook of before 2007 (.xls)"),
    "Book": Message("an Excel workbook of before 2007 (.xls)"),
    "WordDocument": Message("a Word document"),
    "PowerPoint Document": Message("a PowerPoint presentation"),
    "__substg1.0_": Message("an e-mail message of Outlook"),
}
SOME_BYTES = 4096


def what_it_is(content: bytes) -> str:
    """`a PDF document`, or another noun with its article, for the content of a file that is no archive."""
    for beginning, what in BEGINNINGS.items():
        if content.startswith(beginning):
            return what
    if content.startswith(COMPOUND):
        return next((what for stream, what in STREAMS.items() if stream.encode("utf-16-le") in content), Message("an old Office document"))
    return _kind_of_text(content[:SOME_BYTES])


def _kind_of_text(beginning: bytes) -> str:
    text = _decoded(beginning)
    if text is None:
        return Message("a file of a kind that is not known")
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html", "<table", "<body")):
        return Message("a web page (HTML), whatever it is called")
    if start.startswith("<"):
        of_excel = "schemas-microsoft-com:office:spreadsheet" in start
        return Message("an XML file of Excel 2003") if of_excel else Message("an XML file")
    if start.startswith(("{", "[")):
        return Message("a JSON file")
    first_line = start.split("\n", 1)[0]
    return Message("a text file (CSV)") if any(first_line.count(mark) for mark in ";,\t") else Message("a text file")


def _decoded(beginning: bytes) -> str | None:
    encoding = "utf-16" if beginning.startswith((b"\xff\xfe", b"\xfe\xff")) else "cp1252"
    text = beginning.decode(encoding, errors="replace")
    return None if any(character < " " and character not in "\t\r\n\f" for character in text) else text
