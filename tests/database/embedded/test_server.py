"""The embedded server: started by itself, one for all, stopped cleanly, and careful with folders that are not its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded import server_user
from greedy.database.embedded.server import EmbeddedDatabaseError, EmbeddedServer
from greedy.errors import GreedyError
from tests.timing import PATIENCE_SECONDS

START = "import sys; from pathlib import Path; from greedy.database.embedded.server import EmbeddedServer; print(EmbeddedServer(Path(sys.argv[1])).start())"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server of this test's own, stopped at its end."""
    server = EmbeddedServer(tmp_path / "own data")
    yield server
    server.stop()


def ask(url: str, sql: str) -> object:
    async def work() -> object:
        async with DBConnector(url, min_size=1) as db:
            return await db.execute(sql, fetch_val=True)

    return asyncio.run(work())


def content(folder: Path) -> set[tuple[str, int]]:
    return {(str(path.relative_to(folder)), path.stat().st_size) for path in folder.rglob("*")}


def test_it_outlives_the_process_serves_several_and_stops_cleanly(own: EmbeddedServer) -> None:
    assert own.process_id() is None
    several = [subprocess.Popen([sys.executable, "-c", START, str(own.data_dir)], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    urls = {process.communicate(timeout=PATIENCE_SECONDS)[0].splitlines()[-1] for process in several}
    assert [process.returncode for process in several] == [0, 0, 0, 0]
    assert urls == {own.url()}
    before = own.process_id()
    assert before is not None
    assert own.start() == own.url()
    assert own.process_id() == before
    ask(own.url(), "create table kept (x int)")
    assert own.stop()
    assert own.process_id() is None
    assert not own.stop()
    assert ask(own.start(), "select to_regclass('kept') is not null") is True


def test_it_comes_back_after_a_crash(own: EmbeddedServer) -> None:
    ask(own.start(), "create table kept (x int)")
    killed = own.process_id()
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert ask(own.start(), "select to_regclass('kept') is not null") is True
    assert own.process_id() != killed


def test_a_server_that_is_busy_for_some_seconds_is_not_taken_for_dead(own: EmbeddedServer) -> None:
    own.start()
    busy = own.process_id()
    assert busy is not None
    os.kill(busy, signal.SIGSTOP)
    goes_on = threading.Timer(4.0, os.kill, (busy, signal.SIGCONT))  # longer than the program that asks waits by default
    goes_on.start()
    assert ask(own.start(), "select 1") == 1
    goes_on.join()
    assert own.process_id() == busy


def test_a_process_id_that_belongs_to_another_program_by_now_is_neither_believed_nor_killed(own: EmbeddedServer) -> None:
    own.start()
    crashed = own.process_id()
    assert crashed is not None
    with subprocess.Popen(["sleep", "infinity"], **server_user.run_options()) as bystander:
        os.kill(crashed, signal.SIGKILL)
        pid_file = own.cluster / "postmaster.pid"
        pid_file.write_text("\n".join([str(bystander.pid), *pid_file.read_text().splitlines()[1:]]) + "\n")
        assert own.process_id() is None
        assert not own.stop()
        assert bystander.poll() is None
        assert ask(own.start(), "select 1") == 1
        assert bystander.poll() is None
        bystander.kill()


def test_a_copied_folder_does_not_stop_the_server_of_the_original(own: EmbeddedServer, tmp_path: Path) -> None:
    url = own.start()
    shutil.copytree(own.data_dir, tmp_path / "copy", ignore=shutil.ignore_patterns(".s.PGSQL*"))
    copy = EmbeddedServer(tmp_path / "copy")
    assert not copy.stop()
    assert ask(url, "select 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could take somebody else's folder")
def test_root_does_not_take_the_folder_of_somebody_else(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(EmbeddedDatabaseError, match="belongs to another user"):
        EmbeddedServer(folder).start()
    assert folder.stat().st_uid == 65534


def test_a_path_that_a_shell_would_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedDatabaseError, match="in its path"):
        EmbeddedServer(tmp_path / "$(touch x)").start()
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_is_let_in_and_nothing_listens_on_the_network(own: EmbeddedServer) -> None:
    own.start()
    assert ask(own.url(), "show listen_addresses") == ""
    assert "peer" in (own.cluster / "pg_hba.conf").read_text()
    with pytest.raises(GreedyError, match="refused"):
        ask(own.url().replace("postgresql://", "postgresql://somebody_else_instead_of_"), "select 1")


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / ("x" * 90) / "data, with 'marks'")
    try:
        assert ask(server.start(), "select 1") == 1
        assert server.process_id() is not None
    finally:
        assert server.stop()


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    before = content(tmp_path)
    with pytest.raises(EmbeddedDatabaseError, match=r"holds other things: thesis\.txt"):
        EmbeddedServer(tmp_path).start()
    assert content(tmp_path) == before


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(EmbeddedDatabaseError, match="cannot be used"):
        EmbeddedServer(tmp_path / "file").start()


@pytest.mark.parametrize(
    ("version", "message"), [("15\n", "is of PostgreSQL '15', this program brings 18"), (None, "PG_VERSION cannot be read")]
)
def test_another_version_and_a_missing_version_are_refused_and_left_alone(tmp_path: Path, version: str | None, message: str) -> None:
    cluster = tmp_path / "data" / "postgresql"
    cluster.mkdir(parents=True)
    (cluster / "base").write_text("precious")
    if version:
        (cluster / "PG_VERSION").write_text(version)
    before = content(cluster)
    with pytest.raises(EmbeddedDatabaseError, match=message):
        EmbeddedServer(tmp_path / "data").start()
    assert content(cluster) == before


def test_a_damaged_cluster_is_told_and_left_alone(own: EmbeddedServer) -> None:
    ask(own.start(), "create table kept (x int)")
    own.stop()
    control = own.cluster / "global" / "pg_control"
    good = control.read_bytes()
    control.write_bytes(b"\x00" * len(good))
    with pytest.raises(EmbeddedDatabaseError, match="cannot start the embedded database") as caught:
        own.start()
    assert any("FATAL" in line or "PANIC" in line for line in caught.value.details)
    assert "Nothing was deleted" in (caught.value.next_step or "")
    control.write_bytes(good)
    assert ask(own.start(), "select to_regclass('kept') is not null") is True


def test_an_initialisation_that_was_killed_is_done_again(own: EmbeddedServer) -> None:
    unfinished = own.data_dir / "postgresql.new.12ab"
    unfinished.mkdir(parents=True)
    (unfinished / "half").write_text("x")
    assert ask(own.start(), "select 1") == 1
    assert not unfinished.exists()
