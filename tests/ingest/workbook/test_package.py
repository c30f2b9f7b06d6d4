"""A file is looked through before anything opens it."""

from __future__ import annotations

import io
import os
import re
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from greedy.errors import InputError
from greedy.ingest.workbook import archive as limits
from greedy.ingest.workbook import package
from greedy.ingest.workbook.importer import read_workbook
from greedy.ingest.workbook.package import open_package
from tests.data.workbooks.make import practice, repacked

MB = 1_000_000


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        open_package(path)
    return caught.value


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def with_part(size: int, name: str = "xl/media/image1.png", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The practice with one more part, of zeros."""
    file = io.BytesIO(practice())
    with zipfile.ZipFile(file, "a", method) as book:
        book.writestr(name, bytes(size))
    return file.getvalue()


def lying(content: bytes, name: str, says: int) -> bytes:
    """The same archive, which says of one part that it is smaller than it is; in its index and at the part itself."""
    changed = bytearray(content)
    for signature, size_at, name_at in ((b"PK\x01\x02", 24, 46), (b"PK\x03\x04", 22, 30)):
        for match in re.finditer(re.escape(signature), content):
            if content[match.start() + name_at :].startswith(name.encode()):
                struct.pack_into("<I", changed, match.start() + size_at, says)
    return bytes(changed)


def test_a_sound_workbook_tells_where_its_sheets_are(tmp_path: Path) -> None:
    sheets = open_package(written(tmp_path / "a.xlsx", practice())).sheets
    assert list(sheets.items())[:2] == [("Rooster", "xl/worksheets/sheet1.xml"), ("Medewerkers", "xl/worksheets/sheet2.xml")]


def test_what_it_is_called_is_of_no_meaning(tmp_path: Path) -> None:
    assert len(read_workbook(written(tmp_path / "practice.csv", practice())).rows["employees"]) == 3


def test_a_name_without_a_file(tmp_path: Path) -> None:
    assert "there is no file" in refused(tmp_path / "none.xlsx").message
    assert "is a folder" in refused(tmp_path).message
    os.mkfifo(tmp_path / "pipe")
    assert "is a device or a pipe" in refused(tmp_path / "pipe").message  # and reading does not wait for it
    assert "cannot be read: File name too long" in refused(tmp_path / ("a" * 300)).message
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    assert "cannot be read" in refused(tmp_path / "circle").message


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "large.xlsx").open("wb") as file:
        file.write(practice())
        file.truncate(20 * package.LARGEST_FILE_BYTES)
    tracemalloc.start()
    assert "has more than 50 MB" in refused(tmp_path / "large.xlsx").message
    assert tracemalloc.get_traced_memory()[1] < MB
    tracemalloc.stop()


@pytest.mark.parametrize("says", [None, 1000])
def test_what_unpacks_to_a_thousand_times_its_size_is_refused(tmp_path: Path, says: int | None) -> None:
    content = with_part(60 * MB)
    if says is not None:
        content = lying(content, "xl/media/image1.png", says)
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            assert book.getinfo("xl/media/image1.png").file_size == says
    tracemalloc.start()
    assert "unpacks to more than 200 times its size" in refused(written(tmp_path / "bomb.xlsx", content)).message
    assert tracemalloc.get_traced_memory()[1] < 10 * MB
    tracemalloc.stop()


def test_what_unpacks_to_more_than_any_workbook_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LARGEST_UNPACKED_BYTES", 3 * MB)
    content = with_part(4 * MB, method=zipfile.ZIP_STORED)
    assert "unpacks to more than 3 MB" in refused(written(tmp_path / "a.xlsx", content)).message
    content = lying(with_part(4 * MB), "xl/media/image1.png", 10)
    assert "unpacks to more than 3 MB" in refused(written(tmp_path / "b.xlsx", content)).message


def test_a_part_that_is_larger_than_it_says_does_not_pass(tmp_path: Path) -> None:
    content = lying(practice(), "xl/worksheets/sheet2.xml", 50)
    assert "sheet2.xml is not as large as it says" in refused(written(tmp_path / "a.xlsx", content)).message


def test_an_archive_in_an_archive_stays_packed(tmp_path: Path) -> None:
    inner = with_part(15 * MB)
    content = repacked(practice())
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as book:
        for number in range(100):
            book.writestr(f"xl/embeddings/book{number}.xlsx", inner)
    assert len(read_workbook(written(tmp_path / "nested.xlsx", file.getvalue())).rows["employees"]) == 3


def test_an_archive_of_countless_parts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_PARTS", 10)
    assert "at most 10" in refused(written(tmp_path / "many.xlsx", practice())).message


def test_a_part_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Two programs could read two different workbooks from it."""
    file = io.BytesIO(practice())
    with zipfile.ZipFile(file, "a") as book:
        book.writestr("XL/worksheets/sheet2.xml", "<worksheet/>")
    assert "it has two parts XL/worksheets/sheet2.xml" in refused(written(tmp_path / "a.xlsx", file.getvalue())).message


def test_an_archive_with_a_password_is_refused(tmp_path: Path) -> None:
    content = bytearray(practice())
    for match in re.finditer(b"PK\x01\x02", bytes(content)):
        content[match.start() + 8] |= 1
    assert refused(written(tmp_path / "a.xlsx", bytes(content))).next_step == "remove the password, and save it anew"


@pytest.mark.parametrize("part", ["xl/workbook.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"])
def test_a_part_that_is_no_xml_makes_it_damaged(tmp_path: Path, part: str) -> None:
    path = written(tmp_path / "a.xlsx", repacked(practice(), {part: lambda text: text[: len(text) // 2]}))
    with pytest.raises(InputError, match="damaged"):
        read_workbook(path)


def test_backslashes_and_other_case_in_the_names_of_parts(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(practice())) as old, zipfile.ZipFile(file, "w") as new:
        for member in old.infolist():
            new.writestr(member.filename.replace("worksheets/sheet", "worksheets/Sheet"), old.read(member))
    assert len(read_workbook(written(tmp_path / "a.xlsx", file.getvalue())).rows["employees"]) == 3
