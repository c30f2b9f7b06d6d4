"""Who runs the embedded server, and who may talk to it.

PostgreSQL refuses to run as root. For root the server therefore runs as a system user of its own, which has to own its folders and to be
able to walk to them. Everybody else runs it as herself.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import structlog

from greedy.errors import CallerError

log = structlog.get_logger()

SERVER_USER = "greedy"


class ServerUserError(CallerError):
    """There is nobody who could run the server."""


class RunOptions(TypedDict, total=False):
    """Arguments of subprocess.run that choose the user of a process."""

    user: int
    group: int
    extra_groups: Sequence[int]


def client_name() -> str:
    """Name of the user who runs this program: the one that peer authentication lets in.

    Not from USER or LOGNAME, since PostgreSQL compares with the operating system's own answer.
    """
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise ServerUserError(
            f"user id {os.geteuid()} has no name on this machine, which PostgreSQL needs",
            next_step="run as a named user, or set DATABASE_URL",
        ) from None


def run_options() -> RunOptions:
    """How to start a process as the server's user: nothing special, unless we are root."""
    if os.geteuid() != 0:
        return {}
    user = _ensure_server_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def own_ids() -> set[int]:
    """User ids to whom a folder of the server's may belong."""
    server = _server_uid()
    return {os.geteuid()} if server is None else {os.geteuid(), server}


def hand_over(folder: Path, *, reachable: Sequence[Path]) -> None:
    """As root, let the server's user own `folder`, and walk to it and to all of `reachable`."""
    if os.geteuid() != 0:
        return
    user = _ensure_server_user()
    if folder.stat().st_uid != user.pw_uid:
        os.chown(folder, user.pw_uid, user.pw_gid)
    for path in (folder, *reachable):
        for parent in path.parents:
            _let_walk_through(parent)


def _server_uid() -> int | None:
    try:
        return pwd.getpwnam(SERVER_USER).pw_uid
    except KeyError:
        return None


def _ensure_server_user() -> pwd.struct_passwd:
    if _server_uid() is None:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if useradd is None:
            raise ServerUserError(
                "PostgreSQL refuses to run as root, and there is no useradd to make a user for it",
                next_step="run as another user, or set DATABASE_URL",
            )
        command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER]
        made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  fixed arguments
        if _server_uid() is None:  # a process beside us may have made the user in this moment
            raise ServerUserError(f"cannot make the user {SERVER_USER} for PostgreSQL", details=[made.stderr.strip()])
    return pwd.getpwnam(SERVER_USER)


def _let_walk_through(folder: Path) -> None:
    mode = folder.stat().st_mode
    if not mode & stat.S_IXOTH:
        why = "the server's user has to reach what lies below; it cannot list it"
        log.warning("embedded_database.opened_path", folder=str(folder), why=why)
        folder.chmod(mode | stat.S_IXOTH)
