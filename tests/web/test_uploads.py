"""Workbooks that were sent in are kept for whoever sent them, and for nobody else."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from uuid import uuid4

import pytest

from greedy.errors import CallerError, InputError
from greedy.ingest.workbook.importer import read_workbook
from greedy.web.security.limits import UPLOAD_OF_PLANNER, Limits
from greedy.web.security.refusal import RefusedError
from greedy.web.uploads.kept import KEPT_SECONDS, MOST_BYTES, MOST_KEPT, Uploads, display_name


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads")


def test_it_is_found_again_after_a_restart_by_its_owner_alone(uploads: Uploads, tmp_path: Path) -> None:
    kept = uploads.keep("rooster.xlsx", "Anna", io.BytesIO(b"content"))
    assert Uploads(tmp_path / "uploads").find(kept.id, "Anna").path.read_bytes() == b"content"
    with pytest.raises(CallerError, match="no longer here"):
        uploads.find(kept.id, "Bea")
    with pytest.raises(CallerError, match="no longer here"):
        uploads.find(uuid4(), "Anna")
    assert kept.folder.stat().st_mode & 0o077 == 0
    assert kept.folder.parent.stat().st_mode & 0o077 == 0
    uploads.remove(kept)
    assert list((tmp_path / "uploads").iterdir()) == []


@pytest.mark.parametrize(("content", "said"), [(b"", "empty"), (b"x" * (MOST_BYTES + 1), "more than 20 MB")])
def test_what_is_no_workbook_by_its_size_is_not_kept(uploads: Uploads, tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        uploads.keep("rooster.xlsx", "Anna", io.BytesIO(content))
    assert list((tmp_path / "uploads").iterdir()) == []


def test_after_a_day_it_is_thrown_away(uploads: Uploads) -> None:
    old = uploads.keep("old.xlsx", "Anna", io.BytesIO(b"content"))
    yesterday = time.time() - KEPT_SECONDS - 60
    os.utime(old.folder, (yesterday, yesterday))
    new = uploads.keep("new.xlsx", "Anna", io.BytesIO(b"content"))
    assert uploads.find(new.id, "Anna").name == "new.xlsx"
    with pytest.raises(CallerError):
        uploads.find(old.id, "Anna")


def test_of_one_planner_the_latest_are_kept(uploads: Uploads, tmp_path: Path) -> None:
    of_another = uploads.keep("rooster.xlsx", "Bea", io.BytesIO(b"content"))
    kept = []
    for number in range(MOST_KEPT + 2):
        kept.append(uploads.keep("rooster.xlsx", "Anna", io.BytesIO(b"content")))
        os.utime(kept[-1].folder, (time.time() + number, time.time() + number))
    assert {path.name for path in (tmp_path / "uploads").iterdir()} == {str(one.id) for one in (of_another, *kept[2:])}


def test_what_cannot_be_written_leaves_nothing_behind(uploads: Uploads, tmp_path: Path) -> None:
    class Torn(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        uploads.keep("rooster.xlsx", "Anna", Torn())
    assert list((tmp_path / "uploads").iterdir()) == []


def test_errors_call_it_as_the_planner_does(uploads: Uploads) -> None:
    kept = uploads.keep("rooster december.xlsx", "Anna", io.BytesIO(b"Naam;Begin"))
    with pytest.raises(InputError) as caught:
        read_workbook(kept.path)
    told = kept.told(caught.value)
    assert told.message.startswith("rooster december.xlsx is not an Excel workbook")
    assert str(kept.folder) not in str(told)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("rooster.xlsx", "rooster.xlsx"),
        ("C:\\Users\\anna\\rooster.xlsx", "rooster.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("", "workbook.xlsx"),
        ("\u202ex.xlsx\n\0", "x.xlsx"),
        ("a" * 300 + ".xlsx", "a" * 195 + ".xlsx"),
        ("<script>.xlsx", "<script>.xlsx"),
    ],
)
def test_its_name_is_the_last_part_and_legible(name: str, shown: str) -> None:
    assert display_name(name) == shown


async def test_each_planner_may_send_in_so_many() -> None:
    limits = Limits()
    for _ in range(UPLOAD_OF_PLANNER.amount):
        await limits.upload("Anna")
    with pytest.raises(RefusedError):
        await limits.upload("Anna")
    await limits.upload("Bea")
