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
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

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
_starting = threading.Lock()


def run_greedy(*arguments: str, cwd: Path, env: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run([sys.executable, "-m", "greedy", *arguments], capture_output=True, text=True, ...)` gives."""
    return _run(["-m", "greedy"], list(arguments), cwd, env, timeout)


def run_script(script: Path, *arguments: str, cwd: Path, env: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """The same for a script over the program's modules."""
    return _run([str(script)], list(arguments), cwd, env, timeout)


def _run(program: list[str], arguments: list[str], cwd: Path, env: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    with _starting:
        channel, around = _loaded()
    order = json.dumps({"program": program, "arguments": arguments, "cwd": str(cwd), "env": dict(env)}).encode()
    changed = {name for name in {*env, *around} if env.get(name) != around.get(name)} - {"PYTHONPATH"}
    if len(order) > MOST_BYTES or any(name.startswith(OF_THE_INTERPRETER) for name in changed):
        command = [sys.executable, *program, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, cwd=cwd, env=env)
    pipes = [os.pipe() for _ in range(3)]
    try:
        socket.send_fds(channel, [order], [writing for _, writing in pipes])
    finally:
        for _, writing in pipes:
            os.close(writing)
    out, err, told = _all_of([reading for reading, _ in pipes], time.monotonic() + timeout, arguments)
    code = int(told.split()[1])
    return subprocess.CompletedProcess(arguments, code, _text(out), _text(err))


def _all_of(pipes: list[int], deadline: float, arguments: list[str]) -> list[bytes]:
    """All that comes out of the pipes; the first thing that the last one says is the id of the process, which is ended at the deadline."""
    came: dict[int, bytes] = dict.fromkeys(pipes, b"")
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        try:
            while selector.get_map():
                ready = selector.select(deadline - time.monotonic())
                if not ready and time.monotonic() > deadline:
                    told = came[pipes[-1]] or os.read(pipes[-1], 100)  # it is told as soon as there is one
                    with suppress(ProcessLookupError):
                        os.kill(int(told.split()[0]), signal.SIGKILL)
                    raise subprocess.TimeoutExpired(arguments, 0, came[pipes[0]], came[pipes[1]])
                for key, _ in ready:
                    if chunk := os.read(key.fd, 1 << 16):
                        came[key.fd] += chunk
                    else:
                        selector.unregister(key.fd)
        finally:
            for pipe in pipes:
                os.close(pipe)
    return list(came.values())


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


def _serve(channel: socket.socket) -> str | None:
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
        program = str(order["program"][-1])
        sys.path[0] = order["cwd"] if program == "greedy" else str(Path(program).parent)
        sys.path[1:1] = filter(None, order["env"].get("PYTHONPATH", "").split(os.pathsep))
        sys.argv[1:] = order["arguments"]
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
        case "greedy":
            runpy.run_module("greedy", run_name="__main__", alter_sys=True)
        case script:
            runpy.run_path(script, run_name="__main__")
