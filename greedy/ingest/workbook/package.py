"""Looks at a file before anything opens it as a workbook: what it is, and where in it the sheets are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from greedy.errors import InputError
from greedy.ingest.workbook.archive import SAVE_AS, Archive
from greedy.ingest.workbook.signatures import ENCRYPTED, ZIP, what_it_is
from greedy.model.message import Message

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST_FILE_BYTES = 50_000_000  # a workbook of 140 employees and 26 weeks, every slot a row, has 4 MB

GIVE_A_WORKBOOK = Message("give the name of a workbook (.xlsx)")
CONTENT_TYPES = "[content_types].xml"
MAIN_PART = "/officeDocument"  # how the type of the relation ends that leads to the workbook itself
WORKBOOK, WITH_MACROS = "workbook", "workbook with macros"
KINDS = {
    "spreadsheetml.sheet.main+xml": WORKBOOK,
    "spreadsheetml.template.main+xml": WORKBOOK,
    "ms-excel.sheet.macroEnabled.main+xml": WITH_MACROS,
    "ms-excel.template.macroEnabled.main+xml": WITH_MACROS,
    "ms-excel.sheet.binary.macroEnabled.main": Message("a binary Excel workbook (.xlsb)"),
    "wordprocessingml": Message("a Word document"),
    "ms-word": Message("a Word document"),
    "presentationml": Message("a PowerPoint presentation"),
    "ms-powerpoint": Message("a PowerPoint presentation"),
}


_OPENDOCUMENT = Message("an OpenDocument spreadsheet (.ods)")
_NO_WORKBOOK = Message("an archive without a workbook in it")


@dataclass(frozen=True)
class Package:
    """A workbook that was looked through and is safe to be read.

    Parameters
    ----------
    sheets
        Name of each sheet to the part that holds it.
    notes
        What in it is not imported.
    """

    path: Path
    content: bytes
    archive: Archive
    sheets: Mapping[str, str]
    notes: tuple[str, ...]


def open_package(path: Path) -> Package:
    """Look at a file and through it.

    Raises
    ------
    InputError
        It is no workbook, or none that can be read safely and whole.
    """
    content = _content(path)
    if not content.startswith(ZIP):
        raise _refused(path, what_it_is(content))
    archive = Archive(path, content)
    main, kind = _workbook_part(archive)
    notes = []
    if kind == WITH_MACROS:
        notes.append(Message("the workbook has macros; they were not run"))
    if any("/externallinks/" in part for part in archive.parts):
        notes.append(Message("the workbook refers to other workbooks; what it saved of them last was read"))
    return Package(path, content, archive, dict(_sheets(archive, main)), tuple(notes))


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise InputError(Message("{path} is a folder, not a workbook", path=path), next_step=GIVE_A_WORKBOOK)
        if path.exists() and not path.is_file():
            raise InputError(Message("{path} is a device or a pipe, not a workbook", path=path), next_step=GIVE_A_WORKBOOK)
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read() if size <= LARGEST_FILE_BYTES else b""
    except FileNotFoundError:
        raise InputError(Message("there is no file {path}", path=path), next_step=GIVE_A_WORKBOOK) from None
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise InputError(
            Message("{path} cannot be read: {why}", path=path, why=why),
            next_step=Message("see whose it is, and whether it is open elsewhere"),
        ) from exc
    if size == 0:
        raise InputError(Message("{path} is empty, a file of 0 bytes", path=path), next_step=GIVE_A_WORKBOOK)
    if size > LARGEST_FILE_BYTES:
        raise InputError(
            Message(
                "{path} has more than {most} MB; no roster needs as much",
                path=path,
                most=LARGEST_FILE_BYTES // 1_000_000,
            ),
            next_step=Message("remove pictures from it, and sheets that are not needed"),
        )
    return content


def _refused(path: Path, what: str) -> InputError:
    if what == ENCRYPTED:
        advice = Message("remove the password in Excel (File, Info, Protect Workbook), save it, and import that")
        return InputError(Message("{path} is encrypted with a password; nothing was imported", path=path), next_step=advice)
    return InputError(
        Message("{path} is not an Excel workbook (.xlsx) but {what}; nothing was imported", path=path, what=what), next_step=SAVE_AS
    )


def _workbook_part(archive: Archive) -> tuple[str, str]:
    """The part that lists the sheets, and whether the workbook has macros."""
    types = archive.tree(CONTENT_TYPES)
    main = next((_target("", element) for element in _relations(archive, "") if element.get("Type", "").endswith(MAIN_PART)), None)
    if types is None or main is None or main not in archive.parts:
        what = _OPENDOCUMENT if _is_opendocument(archive) else _NO_WORKBOOK
        raise _refused(archive.path, what)
    named = {element.get("PartName", "").removeprefix("/").lower(): element.get("ContentType", "") for element in types}
    by_ending = {element.get("Extension", "").lower(): element.get("ContentType", "") for element in types}
    content_type = named.get(main) or by_ending.get(PurePosixPath(main).suffix.removeprefix("."), "")
    kind = next((kind for part, kind in KINDS.items() if part in content_type), Message("a document of another program"))
    if kind not in (WORKBOOK, WITH_MACROS):
        raise _refused(archive.path, kind)
    return main, kind


def _is_opendocument(archive: Archive) -> bool:
    if "mimetype" not in archive.parts:
        return False
    with archive.open("mimetype") as file:
        return b"opendocument.spreadsheet" in file.read(100)


def _relations(archive: Archive, of: str) -> Iterator[Element]:
    """The relations of a part to others; of the package itself when `of` is empty."""
    folder, _, name = of.rpartition("/")
    tree = archive.tree(f"{folder}/_rels/{name}.rels".removeprefix("/"))
    yield from () if tree is None else tree


def _target(of: str, relation: Element) -> str:
    """The part that a relation of a part leads to."""
    target = relation.get("Target", "").replace("\\", "/").lower()
    if target.startswith("/"):
        return target.removeprefix("/")
    steps = of.split("/")[:-1]
    for step in target.split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)


def _sheets(archive: Archive, main: str) -> Iterator[tuple[str, str]]:
    targets = {element.get("Id"): _target(main, element) for element in _relations(archive, main)}
    workbook = archive.tree(main)
    for element in () if workbook is None else workbook.iter():
        if element.tag.rpartition("}")[2] == "sheet":
            relation = next((value for name, value in element.attrib.items() if name.rpartition("}")[2] == "id"), None)
            yield element.get("name", ""), targets.get(relation, "")
