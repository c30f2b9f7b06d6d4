"""The dump file alone: whole it is read, and with any byte of it changed, missing or added it is refused."""

from __future__ import annotations

import io
import random
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greedy.database.sync import DumpError, DumpFile, Manifest, opened_dump
from greedy.database.sync.dump_file import DumpWriter

MANIFEST = Manifest(
    format=1,
    program_version="0.1.0",
    created_at=datetime(2026, 11, 21, tzinfo=UTC),
    database="praktijk é",
    server_version="18.4",
    server_major=18,
    pg_dump_major=18,
    schema_version=None,
    migrations={},
    schemas=("public",),
    rows={'public."naïve"': 3},
    roles=(),
    definitions={},
)


def made(archive: bytes, manifest: Manifest = MANIFEST) -> bytes:
    file = io.BytesIO()
    writer = DumpWriter(file, manifest)
    for begin in range(0, len(archive), 700):
        writer.write(archive[begin : begin + 700])
    writer.finish()
    return file.getvalue()


def read(data: bytes) -> tuple[Manifest, bytes]:
    dump = DumpFile(io.BytesIO(data), "x.dump")
    return dump.check(), b"".join(dump.chunks())


WHOLE = made(random.Random(1).randbytes(3000))


@given(st.binary(max_size=5000))
def test_what_goes_in_comes_out(archive: bytes) -> None:
    manifest, back = read(made(archive))
    assert back == archive
    assert manifest.model_copy(update={"archive_bytes": 0, "archive_sha256": ""}) == MANIFEST


@pytest.mark.parametrize("length", range(0, 260, 5))
def test_names_of_any_script_and_length_fit(length: int) -> None:
    manifest, _ = read(made(b"x", MANIFEST.model_copy(update={"schemas": ("public", "é" * length)})))
    assert manifest.schemas == ("public", "é" * length)


def test_any_tar_program_reads_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(WHOLE)) as tar:
        assert tar.getnames() == ["manifest.json", "archive.pgdump", "SHA256"]
        inside = tar.extractfile("archive.pgdump")
        assert inside is not None
        assert inside.read() == random.Random(1).randbytes(3000)


def test_every_byte_counts() -> None:
    for position in range(len(WHOLE)):
        broken = bytearray(WHOLE)
        broken[position] ^= 1 << (position % 8)
        with pytest.raises(DumpError):
            read(bytes(broken))


def test_every_length_but_the_right_one_is_refused() -> None:
    for length in [*range(0, len(WHOLE), 37), len(WHOLE) - 1]:
        with pytest.raises(DumpError, match="empty" if length == 0 else "cut off" if length >= 512 else "not a dump"):
            read(WHOLE[:length])
    for more in (b"\0", bytes(512), b"x" * 1000):
        with pytest.raises(DumpError, match=f"{len(more)} bytes too many"):
            read(WHOLE + more)


@given(st.data())
def test_bytes_that_changed_places_are_refused(data: st.DataObject) -> None:
    one, other = data.draw(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, len(WHOLE) - 1)))
    broken = bytearray(WHOLE)
    broken[one], broken[other] = broken[other], broken[one]
    if broken != WHOLE:
        with pytest.raises(DumpError):
            read(bytes(broken))


def test_another_archive_under_the_same_manifest_is_refused() -> None:
    other = made(random.Random(2).randbytes(3000))
    begin = WHOLE.index(random.Random(1).randbytes(3000)[:20])
    mixed = WHOLE[:begin] + other[begin : begin + 3000] + WHOLE[begin + 3000 :]
    with pytest.raises(DumpError, match="archive differs from the checksum"):
        read(mixed)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"x" * 5000, "is not a dump of this program"),
        (b"PGDMP\x01\x10" + bytes(4000), "is a dump of pg_dump itself"),
        (made(b"x", MANIFEST.model_copy(update={"format": 2})), "a newer program made it"),
        (made(b"x").replace(b'"format":1', b'"format":9').replace(b'"rows"', b'"rews"'), "a newer program made it"),
        (made(b"x").replace(b'"rows"', b'"rews"'), "its manifest cannot be read"),
        (made(b"x").replace(b'"public.', b'"publik.'), "its manifest or its end differs"),
    ],
)
def test_each_fault_has_words_of_its_own(data: bytes, said: str) -> None:
    with pytest.raises(DumpError, match=said) as caught:
        read(data)
    assert caught.value.next_step


def test_a_tar_archive_of_others_is_not_a_dump() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("manifest.json"), io.BytesIO())
    with pytest.raises(DumpError, match="not a dump"):
        read(file.getvalue())


def test_what_is_no_file(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "is not a file"), (tmp_path / "nothing", "No such file"), (Path("/dev/null"), "is not a file")):
        with pytest.raises(DumpError, match=said), opened_dump(path):
            pass
