"""Commands of the program in processes of their own that need not load it first.

A process that has loaded the program forks for each command. What a command does is its own, from its arguments, environment and folder to
its outputs and its exit code; only the loading, which takes most of the time of a short one, was done before. What a program does while it
loads, and what is set for the interpreter itself, is tested with one that is started anew.
"""

from __future__ import annotations

import atexit
import gc
import json
import locale
import os
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Self, TextIO

ROOT = Path(__file__).parents[1]
LOADED = (
    "greedy.cli.main",
    "greedy.pipeline",
    "greedy.opening",
    "greedy.store.supabase",
    "greedy.ingest.importing",
    "greedy.report.calendar",
    "greedy.report.html",
    "babel.dates",
    "babel.messages.pofile",
    "greedy.solve.process",
    "greedy.cli.steps",
)
OF_THE_INTERPRETER = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "MALLOC_")
MOST_BYTES = 1 << 17
GREEDY = ("-m", "greedy")
_starting = threading.Lock()


def run_greedy(*arguments: str, cwd: Path, env: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run([sys.executable, "-m", "greedy", *arguments], capture_output=True, text=True, ...)` gives."""
    return run(GREEDY, *arguments, cwd=cwd, env=env, timeout=timeout)


def run_script(script: Path, *arguments: str, cwd: Path, env: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """The same for a script over the program's modules."""
    return run([str(script)], *arguments, cwd=cwd, env=env, timeout=timeout)


def run(program: Sequence[str], *arguments: str, cwd: Path, env: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """The same for any program, told as to the interpreter: `GREEDY`, `["-c", code]` or `[path of a script]`."""
    with start(program, *arguments, cwd=cwd, env=env) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def start(
    program: Sequence[str],
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str],
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> Forked | subprocess.Popen[str]:
    """What `subprocess.Popen([sys.executable, *program, *arguments], text=True, ...)` gives."""
    with _starting:
        channel, around = _loaded()
    order = json.dumps({"program": program, "arguments": arguments, "cwd": str(cwd), "env": dict(env)}).encode()
    changed = {name for name in {*env, *around} if env.get(name) != around.get(name)} - {"PYTHONPATH"}
    if len(order) > MOST_BYTES or any(name.startswith(OF_THE_INTERPRETER) for name in changed):
        return subprocess.Popen([sys.executable, *program, *arguments], stdout=stdout, stderr=stderr, text=True, cwd=cwd, env=env)
    return Forked(channel, order, stdout, stderr)


class Forked:
    """A command under way: what the tests use of `subprocess.Popen`. Each output goes to a pipe, or to the file that is given."""

    def __init__(self, channel: socket.socket, order: bytes, stdout: int, stderr: int) -> None:
        self.stdout, out = _pipe(stdout)
        self.stderr, err = _pipe(stderr)
        self._told, telling = os.pipe()
        try:
            socket.send_fds(channel, [order], [out, err, telling])
        finally:
            os.close(telling)
            for file, writing in ((self.stdout, out), (self.stderr, err)):
                if file is not None:
                    os.close(writing)
        self.returncode: int | None = None
        self._heard = os.read(self._told, 100)  # its id is told as soon as it has one, and its exit code in the end
        self.pid = int(self._heard.split()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for file in self._files():
            file.close()
        self.wait()
        os.close(self._told)

    def _files(self) -> list[TextIO]:
        return [file for file in (self.stdout, self.stderr) if file is not None]

    def poll(self) -> int | None:
        """The exit code, where it has ended; the negative number of the signal, where one has ended it."""
        return self._hear(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when it has ended."""
        if self._hear(timeout) is None:
            raise subprocess.TimeoutExpired("forked", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def _hear(self, seconds: float | None) -> int | None:
        while self.returncode is None and select.select([self._told], [], [], seconds)[0]:
            if chunk := os.read(self._told, 100):
                self._heard += chunk
            else:
                self.returncode = int(self._heard.split()[1])
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float) -> tuple[str | None, str | None]:
        """All that it says until it ends; None for an output that goes elsewhere."""
        deadline = time.monotonic() + timeout
        came: dict[TextIO, bytes] = dict.fromkeys(self._files(), b"")
        with selectors.DefaultSelector() as selector:
            for file in came:
                selector.register(file, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(max(0, deadline - time.monotonic()))
                if not ready and time.monotonic() > deadline:
                    raise subprocess.TimeoutExpired("forked", timeout)
                for key, _ in ready:
                    if chunk := os.read(key.fd, 1 << 16):
                        came[key.fileobj] += chunk  # type: ignore[index]
                    else:
                        selector.unregister(key.fd)
        self.wait(max(0, deadline - time.monotonic()))
        out, err = (file and _text(came[file]) for file in (self.stdout, self.stderr))
        return out, err


def _pipe(output: int) -> tuple[TextIO | None, int]:
    """The end of a pipe to read from, if there is to be one, and where to write to."""
    if output != subprocess.PIPE:
        return None, output
    reading, writing = os.pipe()
    return os.fdopen(reading, encoding=locale.getencoding()), writing


def _text(said: bytes) -> str:
    return said.decode(locale.getencoding()).replace("\r\n", "\n").replace("\r", "\n")


@cache
def _loaded() -> tuple[socket.socket, dict[str, str]]:
    """The way to a process that has loaded the program, and the environment that it has done it in."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    around = dict(os.environ)
    with theirs:
        command = [sys.executable, "-m", "tests.forked", str(theirs.fileno())]
        process = subprocess.Popen(command, cwd=ROOT, env=around, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours, around


def _bury(*_: object) -> None:
    """Take note of the children that have ended, so that nobody finds dead ones among the processes of the tests."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _serve(channel: socket.socket) -> list[str] | None:
    """Fork for each order. A program: this is such a fork, and it has to run it. None: nobody gives orders any more."""
    signal.signal(signal.SIGCHLD, _bury)
    while True:
        data, pipes, _, _ = socket.recv_fds(channel, 2 * MOST_BYTES, 3)
        if not data:
            return None
        if os.fork():
            for pipe in pipes:
                os.close(pipe)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        channel.close()
        out, err, told = pipes
        child = os.fork()
        if child:  # it waits for the other one, and tells how it ended
            os.close(out)
            os.close(err)
            with suppress(BrokenPipeError):  # nobody waits for it any more
                os.write(told, f"{child} ".encode())
                os.write(told, str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
            os._exit(0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        for pipe in pipes:
            os.close(pipe)
        # The old ones remember what they were opened over.
        sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False)  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, encoding=sys.stderr.encoding, errors=sys.stderr.errors, closefd=False)  # type: ignore[misc]
        order = json.loads(data)
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["cwd"])
        program: list[str] = order["program"]
        sys.path[0] = order["cwd"] if len(program) > 1 else str(Path(program[0]).parent)
        sys.path[1:1] = filter(None, order["env"].get("PYTHONPATH", "").split(os.pathsep))
        sys.argv = [program[0], *order["arguments"]]
        return program


def _make_commands() -> None:
    """What the framework makes of the program's commands belongs to the loading too."""
    from typer import main as framework

    from greedy.cli.main import app

    framework.get_command = cache(framework.get_command)
    framework.get_command(app)


if __name__ == "__main__":
    for module in LOADED:
        __import__(module)
    _make_commands()
    gc.freeze()  # else each process looks through all that was loaded before it ends, which takes longer than most commands
    match _serve(socket.socket(fileno=int(sys.argv[1]))):
        case None:
            pass
        case ["-m", module]:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["-c", code]:
            exec(compile(code, "<string>", "exec", dont_inherit=True), {"__name__": "__main__"})  # noqa: S102
        case [script]:
            runpy.run_path(script, run_name="__main__")
