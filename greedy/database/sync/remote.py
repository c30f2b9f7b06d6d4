"""A dump from another machine over ssh, with arguments that cannot become anything else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from greedy.database.sync.errors import ProgramError, RemoteError
from greedy.database.sync.programs import output, running
from greedy.errors import InputError

USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?"
ADDRESS = r"[0-9A-Fa-f:]{2,45}(?:%[A-Za-z0-9]{1,15})?"
DESTINATION = re.compile(f"(?:{USER}@)?(?:{NAME}|{ADDRESS})", re.ASCII)
# No question is asked and nothing of this machine is offered; a host whose key is not known is refused, whatever the user's own file says.
OPTIONS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "ConnectTimeout=15",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=4",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "RequestTTY=no",
    "LogLevel=ERROR",
)
SSH_FAILED, NOT_FOUND = 255, 127
SHOWN_LINES = 12


@dataclass(frozen=True)
class Remote:
    """Another machine with this program.

    Parameters
    ----------
    destination
        `user@host`, or a host of the ssh configuration.
    port
        1 to 65535; otherwise as ssh is configured.
    ssh_config
        File instead of the user's own ssh configuration.
    command
        Words that run this program there. No shell reads them as anything but words.
    """

    destination: str
    port: int | None = None
    ssh_config: Path | None = None
    command: Sequence[str] = ("greedy",)

    def __post_init__(self) -> None:
        if not DESTINATION.fullmatch(self.destination):
            raise InputError(f"{self.destination!r:.120} is not a host", next_step="write it as user@host, or as host")
        if self.port is not None and not 1 <= self.port <= 65535:
            raise InputError(f"{self.port} is not a port", next_step="give a number from 1 to 65535")
        if not self.command or any(not word.isprintable() for word in self.command):
            raise InputError("the remote command is empty or has characters that cannot be printed", next_step="give it as in: greedy")

    def arguments(self, *words: str) -> list[str]:
        """Arguments for ssh that run `command` with further words."""
        options = [part for option in OPTIONS for part in ("-o", option)]
        port = ["-p", str(self.port)] if self.port is not None else []
        config = ["-F", str(self.ssh_config.absolute())] if self.ssh_config is not None else []
        return ["-T", *options, *port, *config, "--", self.destination, shlex.join([*self.command, *words])]

    async def dump_into(self, file: IO[bytes], *, progress: Callable[[int], None], timeout_seconds: float) -> None:
        """Have a dump made there, and write it into a file as it comes.

        Raises
        ------
        RemoteError
            The machine cannot be reached, or its program failed; with what it said.
        """
        if self.ssh_config is not None and not self.ssh_config.is_file():
            raise InputError(f"there is no file {self.ssh_config}", next_step="give an ssh configuration with --ssh-config")
        received = 0
        async with running(["ssh", *self.arguments("db", "dump", "-")], variables={}, timeout_seconds=timeout_seconds) as ssh:
            async for chunk in output(ssh):
                try:
                    file.write(chunk)
                except OSError as exc:
                    raise ProgramError(f"cannot keep the dump of {self.destination} here: {exc.strerror}", next_step="make room") from exc
                received += len(chunk)
                progress(received)
            code = await ssh.ended()
        if code:
            raise self._failed(code, ssh.lines()[-SHOWN_LINES:])

    def _failed(self, code: int, said: list[str]) -> RemoteError:
        if code == SSH_FAILED:
            return RemoteError(
                f"no dump from {self.destination}: ssh cannot connect, or lost the connection; nothing has changed here",
                details=said,
                next_step=f"see that this works: ssh -o BatchMode=yes {self.destination} true",
                retryable=True,
            )
        if code == NOT_FOUND:
            return RemoteError(
                f"{self.destination} has no command {shlex.join(self.command)}; nothing has changed here",
                details=said,
                next_step="install the program there, or give its path with --remote-command",
            )
        return RemoteError(
            f"{self.destination} could not make a dump (exit code {code}); nothing has changed here",
            details=said,
            next_step="mend it there",
        )
