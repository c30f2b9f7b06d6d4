"""A database from another machine, over a real sshd with keys of its own; and arguments that stay arguments."""

from __future__ import annotations

import os
import pwd
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greedy.database.embedded.server import EmbeddedServer
from greedy.database.sync import DatabaseSyncManager, DumpError, Remote, RemoteError
from greedy.errors import InputError
from tests.database.sync.conftest import content, databases, run
from tests.programs import required_program
from tests.timing import PATIENCE_SECONDS

USER = pwd.getpwuid(os.geteuid()).pw_name
Reach = Callable[..., Remote]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port of an sshd that lets the current user in by key, and the ssh configuration to reach it."""
    program, keygen = required_program("sshd", "openssh-server"), required_program("ssh-keygen", "openssh-client")
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    port = free_port()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where a server of root's own has it
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile {folder}/pid\nAuthorizedKeysFile {folder}/user.pub\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
    )
    key = (folder / "host.pub").read_text().split()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {key[0]} {key[1]}\n")
    config = folder / "ssh_config"
    config.write_text(
        f"IdentityFile {folder}/user\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile {folder}/known\nGlobalKnownHostsFile none\n"
    )
    with subprocess.Popen([program, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield port, config
        process.terminate()


@pytest.fixture
def reach(sshd: tuple[int, Path], server: EmbeddedServer, loaded_url: str, tmp_path: Path) -> Reach:
    """Makes the remote with this program over the database with the sample roster; or with another command."""

    def made(*command: str, url: str = loaded_url) -> Remote:
        ours = ("env", f"DATABASE_URL={url}", f"GREEDY_DATA_DIR={tmp_path / 'far away'}", sys.executable, "-m", "greedy")
        return Remote(f"{USER}@127.0.0.1", port=sshd[0], ssh_config=sshd[1], command=command or ours)

    return made


@pytest.fixture
async def here(server: EmbeddedServer, manager: DatabaseSyncManager, tmp_path: Path) -> DatabaseSyncManager:
    """A manager for another database, with one row of its own."""
    await run(server.url("template1"), "create database sync_here template template_greedy")
    await run(server.url("sync_here"), "insert into rosters (naam, start_date, end_date) values ('here', '2026-01-01', '2026-01-07')")
    return DatabaseSyncManager(server.url("sync_here"), dumps_dir=tmp_path / "dumps here")


async def test_round_trip(reach: Reach, here: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, tmp_path: Path) -> None:
    restored = await here.sync_from(reach())
    assert await content(server.url("sync_here")) == await content(loaded_url)
    assert len((await content(server.url(restored.kept_as or "")))["public.rosters"]) == 1
    assert list(here.dumps_dir.iterdir()) == []
    assert not (tmp_path / "far away").exists()


@pytest.mark.parametrize(
    ("command", "kind", "said", "detail"),
    [
        (("nothing-of-this-name",), RemoteError, "has no command nothing-of-this-name", "not found"),
        (("sh", "-c", "printf 'half a dump'; echo 'error: \x1b[2Jdisk full' >&2; exit 2", "x"), None, "", ""),
        (("sh", "-c", "printf 'half a dump'"), DumpError, "what .* sent is not a dump of this program", ""),
        (("sh", "-c", "kill -9 $PPID; sleep 60"), RemoteError, "cannot connect, or lost the connection", ""),
        (("sh", "-c", "echo error: disk full >&2; exit 2"), RemoteError, r"could not make a dump \(exit code 2\)", "error: disk full"),
        (("true",), DumpError, "what .* sent is empty", ""),
    ],
)
async def test_what_fails_there_changes_nothing_here(
    reach: Reach,
    here: DatabaseSyncManager,
    server: EmbeddedServer,
    command: tuple[str, ...],
    kind: type[Exception] | None,
    said: str,
    detail: str,
) -> None:
    if kind is None:
        with pytest.raises(InputError, match="cannot be printed"):
            reach(*command)
        return
    before = await databases(server), await content(server.url("sync_here"))
    with pytest.raises(kind, match=said) as caught:
        await here.sync_from(reach(*command))
    assert "nothing has changed here" in str(caught.value)
    assert detail in "\n".join(getattr(caught.value, "details", ()))
    assert (await databases(server), await content(server.url("sync_here"))) == before
    assert list(here.dumps_dir.iterdir()) == []


async def test_a_half_dump_changes_nothing_here(reach: Reach, here: DatabaseSyncManager, server: EmbeddedServer, dump_path: Path) -> None:
    before = await content(server.url("sync_here"))
    with pytest.raises(DumpError, match=r"what .* sent is cut off: it has 50000 of \d+ bytes"):
        await here.sync_from(reach("sh", "-c", f"head -c 50000 {dump_path}"))
    assert await content(server.url("sync_here")) == before


async def test_errors_there_are_shown_without_secrets(reach: Reach, here: DatabaseSyncManager) -> None:
    with pytest.raises(RemoteError) as caught:
        await here.sync_from(reach(url="postgresql://me:geheim@127.0.0.1:1/none"))
    said = "\n".join([str(caught.value), *caught.value.details, caught.value.next_step or ""])
    assert "error: cannot reach me@127.0.0.1:1/none" in said
    assert "geheim" not in said


async def test_an_unknown_host_key_and_an_unknown_key_are_refused(
    reach: Reach, here: DatabaseSyncManager, sshd: tuple[int, Path], tmp_path: Path
) -> None:
    port, config = sshd
    for change, said in ((("/known", "/none"), "Host key verification failed"), (("/user\n", "/host\n"), "Permission denied")):
        other = tmp_path / "ssh_config"
        other.write_text(config.read_text().replace(*change) + "StrictHostKeyChecking no\n")
        with pytest.raises(RemoteError) as caught:
            await here.sync_from(Remote(f"{USER}@127.0.0.1", port=port, ssh_config=other))
        assert said in "\n".join(caught.value.details)
    with pytest.raises(RemoteError, match="cannot connect"):
        await here.sync_from(Remote(f"{USER}@127.0.0.1", port=free_port(), ssh_config=config))
    with pytest.raises(InputError, match="there is no file"):
        await here.sync_from(Remote(f"{USER}@127.0.0.1", ssh_config=tmp_path / "nothing"))


async def test_words_arrive_as_words(reach: Reach, here: DatabaseSyncManager, tmp_path: Path) -> None:
    """Whatever stands in the command's words, the other side's shell does nothing with it."""
    nasty = f"; touch {tmp_path}/injected; $(touch {tmp_path}/injected) `touch {tmp_path}/injected` | & > {tmp_path}/injected ' \" \\ * ~ $HOME #"
    with pytest.raises(RemoteError) as caught:
        await here.sync_from(reach("sh", "-c", 'echo "$@" >&2; exit 3', "sh", nasty))
    assert caught.value.details == (" ".join(f"{nasty} db dump -".split()),) or caught.value.details == (f"{nasty} db dump -",)
    assert not (tmp_path / "injected").exists()


@given(st.one_of(st.text(max_size=30), st.from_regex(r"-[a-zA-Z][\w@.=]*", fullmatch=True), st.text("ab@-.:%;$`'\" \n/=", max_size=12)))
def test_a_destination_is_one_word_that_is_no_option(destination: str) -> None:
    try:
        remote = Remote(destination)
    except InputError:
        return
    assert destination.isascii()
    assert not set(destination) & set(" \t\n\r\0;&|<>()$`\\\"'*?[]#~=!{}/,")
    assert not destination.startswith("-")
    assert not destination.rpartition("@")[2].startswith("-")
    arguments = remote.arguments("db", "dump", "-")
    assert arguments[-3:-1] == ["--", destination]


@given(st.lists(st.text(min_size=1).filter(str.isprintable), min_size=1, max_size=4))
def test_a_command_is_read_back_as_its_words(words: list[str]) -> None:
    arguments = Remote("host", command=words).arguments("db", "dump", "-")
    assert arguments[-3:-1] == ["--", "host"]
    assert shlex.split(arguments[-1]) == [*words, "db", "dump", "-"]


@pytest.mark.parametrize(
    "destination",
    [
        "",
        "-oProxyCommand=touch x",
        "me@-oProxyCommand=x",
        "a b",
        "me@host\n",
        "me@",
        "@host",
        "me@host/x",
        "me@ho$t",
        "me@@host",
        "ssh://host",
        "me@host:22x",
        "h" * 300,
        "mé@host",
    ],
)
def test_destinations_that_are_none(destination: str) -> None:
    with pytest.raises(InputError, match="is not a host"):
        Remote(destination)


@pytest.mark.parametrize("destination", ["host", "me@host.example", "me.you-1@10.0.0.1", "me@::1", "fe80::1%eth0", "my_alias"])
def test_destinations_that_are_some(destination: str) -> None:
    assert Remote(destination).destination == destination


def test_ports_and_commands_that_are_none() -> None:
    for port in (0, -1, 65536):
        with pytest.raises(InputError, match="is not a port"):
            Remote("host", port=port)
    for command in ((), ("a\nb",), ("a\0",)):
        with pytest.raises(InputError, match="remote command"):
            Remote("host", command=command)
