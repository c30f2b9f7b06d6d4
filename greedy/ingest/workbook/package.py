"""Looks at a file before anything opens it as a workbook: what it is, how much it unpacks to, whether it is whole."""

from __future__ import annotations

import copy
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from greedy.errors import InputError
from greedy.ingest.workbook.signatures import ZIP, what_it_is

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# A workbook of 140 employees and 26 weeks, every slot a row, has 4 MB, 30 MB unpacked, in 20 parts: ten times that and more is let pass.
LARGEST_FILE_BYTES = 50_000_000
LARGEST_UNPACKED_BYTES = 500_000_000
LARGEST_INDEX_BYTES = 20_000_000  # of a part that is read whole: the list of the sheets, the formats
MOST_PARTS = 5_000
# Tables shrink to a tenth, blank formatted rows to a fiftieth; what shrinks to less, and is not small, was made to harm.
HIGHEST_RATIO = 200
SMALL_BYTES = 20_000_000

SAVE_AS = "open it in Excel or LibreOffice, save it as an Excel workbook (.xlsx), and import that"
MAIN_PART = "/officeDocument"  # how the type of the relation ends that leads to the workbook itself
KINDS = {
    "spreadsheetml.sheet.main+xml": "workbook",
    "spreadsheetml.template.main+xml": "workbook",
    "ms-excel.sheet.macroEnabled.main+xml": "macros",
    "ms-excel.template.macroEnabled.main+xml": "macros",
    "ms-excel.sheet.binary.macroEnabled.main": "a binary Excel workbook (.xlsb)",
    "wordprocessingml": "a Word document",
    "ms-word": "a Word document",
    "presentationml": "a PowerPoint presentation",
    "ms-powerpoint": "a PowerPoint presentation",
}


@dataclass(frozen=True)
class Package:
    """A workbook as the archive that it is, looked through: safe to be read.

    Parameters
    ----------
    parts
        Name as it is looked for (lower case, forward slashes) to the member of the archive.
    sheets
        Name of each sheet to the part that holds it.
    """

    path: Path
    content: bytes
    archive: zipfile.ZipFile
    parts: Mapping[str, zipfile.ZipInfo]
    sheets: Mapping[str, str]
    notes: tuple[str, ...]

    def open(self, part: str) -> IO[bytes]:
        """The content of a part, unpacked as it is read."""
        return self.archive.open(self.parts[part])

    def tree(self, part: str) -> Element | None:
        """A part that is XML and small; None when there is no such part."""
        return _tree(self.path, self.archive, self.parts, part)


def open_package(path: Path) -> Package:
    """Look at a file and through it.

    Raises
    ------
    InputError
        It is no workbook, or none that can be read safely and whole.
    """
    content = _content(path)
    if not content.startswith(ZIP):
        raise InputError(f"{path} is not an Excel workbook but {what_it_is(content)}; nothing was imported", next_step=_advice(content))
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        parts = _looked_through(path, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError) as exc:
        raise damaged(path, str(exc) or type(exc).__name__) from exc
    main, macros = _workbook_part(path, archive, parts)
    sheets = dict(_sheets(path, archive, parts, main))
    notes = []
    if macros:
        notes.append("the workbook has macros; they were not run")
    if any("/externallinks/" in part for part in parts):
        notes.append("the workbook refers to other workbooks; what it saved of them last was read")
    return Package(path, content, archive, parts, sheets, tuple(notes))


def damaged(path: Path, why: str) -> InputError:
    """The error of a file that began as a workbook and does not go on as one."""
    return InputError(
        f"{path} is damaged or was not copied to its end ({why}); nothing was imported",
        next_step="copy it again; or open it in Excel, let that repair it, and save it anew",
    )


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder, not a workbook", next_step="give the workbook itself (.xlsx)")
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is no file", next_step="give the workbook itself (.xlsx)")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}", next_step="give the name of a workbook (.xlsx)") from None
    except (OSError, ValueError) as exc:
        raise InputError(
            f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}", next_step="see whether it is open elsewhere, and whose it is"
        ) from exc
    if not content:
        raise InputError(f"{path} is empty: a file of 0 bytes", next_step="give the workbook itself (.xlsx)")
    if len(content) > LARGEST_FILE_BYTES:
        raise InputError(
            f"{path} has more than {LARGEST_FILE_BYTES // 1_000_000} MB; no roster needs as much",
            next_step="remove pictures and sheets that are not needed from it",
        )
    return content


def _advice(content: bytes) -> str:
    if "password" in what_it_is(content):
        return "remove the password in Excel (File, Info, Protect Workbook, Encrypt with Password), save it, and import that"
    return SAVE_AS


def _looked_through(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The parts by name. Each is unpacked once, counted and thrown away: what an archive says of its own sizes need not be true."""
    members = archive.infolist()
    if len(members) > MOST_PARTS:
        raise _bomb(path, f"{len(members)} parts, at most {MOST_PARTS}")
    declared = sum(member.file_size for member in members)
    _refuse_if_too_much(path, declared, sum(member.compress_size for member in members))
    parts: dict[str, zipfile.ZipInfo] = {}
    unpacked = packed = 0
    for member in members:
        name = member.filename.replace("\\", "/").lower().removeprefix("/")
        if name in parts:
            raise damaged(path, f"it has two parts {member.filename}")
        if member.flag_bits & 1:
            raise InputError(f"{path} is encrypted; nothing was imported", next_step="remove the password in Excel, and save it anew")
        parts[name] = member
        packed += member.compress_size
        before = b""
        for chunk in _unpacked(archive, member):
            unpacked += len(chunk)
            _refuse_if_too_much(path, unpacked, packed)
            if b"<!DOCTYPE" in before[-16:] + chunk:
                raise InputError(
                    f"{path} has a part with declarations of its own ({member.filename}), which no spreadsheet program writes; "
                    "nothing was imported",
                    next_step=SAVE_AS,
                )
            before = chunk
    return parts


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    # A copy that claims more than can be: reading goes on to the true end, and the checksum is compared there.
    member = copy.copy(member)
    member.file_size = LARGEST_UNPACKED_BYTES + LARGEST_FILE_BYTES
    with archive.open(member) as file:
        while chunk := file.read(1 << 20):
            yield chunk


def _refuse_if_too_much(path: Path, unpacked: int, packed: int) -> None:
    if unpacked > LARGEST_UNPACKED_BYTES:
        raise _bomb(path, f"more than {LARGEST_UNPACKED_BYTES // 1_000_000} MB")
    if unpacked > max(SMALL_BYTES, packed * HIGHEST_RATIO):
        raise _bomb(path, f"more than {HIGHEST_RATIO} times its size")


def _bomb(path: Path, to_what: str) -> InputError:
    return InputError(f"{path} unpacks to {to_what}, as no real workbook does; nothing was imported", next_step=SAVE_AS)


def _tree(path: Path, archive: zipfile.ZipFile, parts: Mapping[str, zipfile.ZipInfo], part: str) -> Element | None:
    if part not in parts:
        return None
    if parts[part].file_size > LARGEST_INDEX_BYTES:
        raise _bomb(path, f"a part {part} of more than {LARGEST_INDEX_BYTES // 1_000_000} MB")
    try:
        tree: Element = fromstring(archive.read(parts[part]), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, zipfile.BadZipFile) as exc:
        raise damaged(path, f"{part}: {exc}") from exc
    return tree


def _workbook_part(path: Path, archive: zipfile.ZipFile, parts: Mapping[str, zipfile.ZipInfo]) -> tuple[str, bool]:
    """The part that lists the sheets, and whether the workbook may hold macros."""
    types = _tree(path, archive, parts, "[content_types].xml")
    main = next((part for kind, part in _relations(path, archive, parts, "") if kind.endswith(MAIN_PART)), None)
    if types is None or main is None or main not in parts:
        what = "an OpenDocument spreadsheet (.ods)" if _is_opendocument(archive, parts) else "an archive without a workbook in it"
        raise InputError(f"{path} is not an Excel workbook but {what}; nothing was imported", next_step=SAVE_AS)
    named = {element.get("PartName", "").removeprefix("/").lower(): element.get("ContentType", "") for element in types}
    by_ending = {element.get("Extension", "").lower(): element.get("ContentType", "") for element in types}
    content_type = named.get(main) or by_ending.get(PurePosixPath(main).suffix.removeprefix("."), "")
    what = next((what for part, what in KINDS.items() if part in content_type), "a document of another program")
    if what not in ("workbook", "macros"):
        raise InputError(f"{path} is not an Excel workbook but {what}; nothing was imported", next_step=SAVE_AS)
    return main, what == "macros"


def _is_opendocument(archive: zipfile.ZipFile, parts: Mapping[str, zipfile.ZipInfo]) -> bool:
    return "mimetype" in parts and b"opendocument.spreadsheet" in archive.read(parts["mimetype"])


def _relations(path: Path, archive: zipfile.ZipFile, parts: Mapping[str, zipfile.ZipInfo], of: str) -> Iterator[tuple[str, str]]:
    """Type and part of each relation of a part; of the package itself when `of` is empty."""
    for element in _relation_elements(path, archive, parts, of):
        yield element.get("Type", ""), _target(of, element)


def _relation_elements(path: Path, archive: zipfile.ZipFile, parts: Mapping[str, zipfile.ZipInfo], of: str) -> Iterator[Element]:
    folder, _, name = of.rpartition("/")
    tree = _tree(path, archive, parts, f"{folder}/_rels/{name}.rels".removeprefix("/"))
    yield from () if tree is None else tree


def _target(of: str, relation: Element) -> str:
    target = relation.get("Target", "").replace("\\", "/").lower()
    if target.startswith("/"):
        return target.removeprefix("/")
    steps: list[str] = of.split("/")[:-1]
    for step in target.split("/"):
        if step == ".." and steps:
            steps.pop()
        elif step not in ("", ".", ".."):
            steps.append(step)
    return "/".join(steps)


def _sheets(path: Path, archive: zipfile.ZipFile, parts: Mapping[str, zipfile.ZipInfo], main: str) -> Iterator[tuple[str, str]]:
    targets = {element.get("Id"): _target(main, element) for element in _relation_elements(path, archive, parts, main)}
    workbook = _tree(path, archive, parts, main)
    for element in () if workbook is None else workbook.iter():
        if element.tag.rpartition("}")[2] == "sheet":
            relation = next((value for name, value in element.attrib.items() if name.rpartition("}")[2] == "id"), None)
            yield element.get("name", ""), targets.get(relation, "")
