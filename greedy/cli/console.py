"""What all commands share: exit codes, printing, progress, and the one place where errors become lines."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import structlog
import typer

from greedy.errors import CallerError, GreedyError, InputError, OutsideError
from greedy.log import collected

if TYPE_CHECKING:
    from pydantic import BaseModel

    from greedy.settings import Settings

log = structlog.get_logger()

Result = TypeVar("Result")

SHOWN_DETAILS = 200

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database", metavar="URL", help="PostgreSQL to use; otherwise DATABASE_URL, else Supabase (SUPABASE_URL), else the embedded one."
    ),
]
SchemaOption = Annotated[
    str | None, typer.Option("--schema", metavar="NAME", help="Schema of the practice; otherwise DATABASE_SCHEMA, else public.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
RosterArgument = Annotated[str | None, typer.Argument(metavar="[ROSTER_ID]", help="Id of the roster; otherwise ROOSTER_ID.")]


class ExitCode(IntEnum):
    """How a command ends."""

    DONE = 0
    CALLER = 1
    OUTSIDE = 2
    OPEN_DEMAND = 3
    VERIFICATION = 4
    INTERRUPTED = 130
    TERMINATED = 143


def print_document(document: BaseModel | dict[str, Any]) -> None:
    """One JSON document on stdout."""
    print(json.dumps(document, indent=2, default=str) if isinstance(document, dict) else document.model_dump_json(indent=2))


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file that the user asked for, with the folder that it lies in. Raises InputError when it cannot be written."""
    from greedy.formats.files import replace_file

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as exc:
        raise InputError(f"cannot write {path}: {exc.strerror}", next_step="give another file with --output") from exc


def error_document(error: GreedyError) -> dict[str, Any]:
    """An error as it stands in JSON."""
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "details": list(error.details),
        "next_step": error.next_step,
        "retryable": error.retryable,
    }


def parse_roster_id(text: str | None, settings: Settings) -> UUID:
    """The roster id of a command: given, or ROOSTER_ID."""
    chosen = (text or settings.rooster_id or "").strip()
    if not chosen:
        raise CallerError(
            "which roster? No id was given, and ROOSTER_ID is not set",
            next_step="give one, or set ROOSTER_ID; greedy rosters lists the ids",
        )
    try:
        return UUID(chosen)
    except ValueError:
        raise InputError(
            f"{chosen!r} is not a roster id", next_step="give it as in 8e91579a-21c3-439e-90c1-91728c541241; greedy rosters lists the ids"
        ) from None


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end. Signals are heard at any moment."""
    return asyncio.run(_woken_by_signals(work))


async def _woken_by_signals(work: Coroutine[Any, Any, Result]) -> Result:
    # One that comes as the loop is about to wait, or to another thread, would be heard only when what it waits for comes. A loop with a
    # signal of its own, whichever, is woken by each.
    asyncio.get_running_loop().add_signal_handler(signal.SIGURG, lambda: None)
    return await work


@contextmanager
def progress(quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """A spinner on stderr with what is being done and since when; nothing when stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("starting", total=None)
        yield lambda text: shown.update(task, description=text)


@contextmanager
def progress_bar(what: str, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr that is told how much is done, and of how much; nothing when stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def report_failure(error: GreedyError, *, as_json: bool) -> ExitCode:
    """Tell an error: one line, then its details and the next step; one event where lines are collected."""
    code = ExitCode.CALLER if isinstance(error, CallerError) else ExitCode.OUTSIDE
    if as_json:
        print_document({"success": False, "error": error_document(error)})
    if collected():
        log.error(error.message, **{key: value for key, value in error_document(error).items() if key != "message"}, exit_code=int(code))
        return code
    print(f"error: {error.message}", file=sys.stderr)
    for line in error.details[:SHOWN_DETAILS]:
        print(f"  {line}", file=sys.stderr)
    if len(error.details) > SHOWN_DETAILS:
        print(f"  and {len(error.details) - SHOWN_DETAILS} more (--json lists all)", file=sys.stderr)
    if error.next_step:
        print(f"next: {error.next_step}", file=sys.stderr)
    return code


def say_ended(text: str, code: ExitCode) -> ExitCode:
    """Tell that a command was ended before its time."""
    if collected():
        log.warning(text, exit_code=int(code))
    else:
        print(text, file=sys.stderr)
    return code


def show_traceback() -> None:
    """The traceback of the exception that is being handled."""
    if collected():
        log.error("traceback", exc_info=True)
    else:
        traceback.print_exc()


def guarded(command: Callable[[], int], *, as_json: bool, debug: bool) -> int:
    """Run a command; whatever it raises becomes lines on stderr and an exit code. A traceback is shown with `debug` alone."""
    try:
        code = command()
        sys.stdout.flush()  # here, where a full disk or a reader who has gone can still be told
        return code  # noqa: TRY300
    except GreedyError as exc:
        if debug:
            show_traceback()
        return report_failure(exc, as_json=as_json)
    except SystemExit as exc:
        if exc.code is not ExitCode.TERMINATED:
            raise
        return say_ended("terminated; what was not finished was not written", ExitCode.TERMINATED)
    except KeyboardInterrupt:
        return say_ended("interrupted; what was not finished was not written", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone, as in `greedy report ... | head`.
        drop_output()
        return ExitCode.DONE
    except OSError as exc:
        if debug:
            show_traceback()
        drop_output()
        return report_failure(
            OutsideError(f"the operating system refused: {exc}", next_step="run again with --debug to see where"), as_json=False
        )
    except Exception as exc:  # noqa: BLE001  the last line of defence: a fault of this program
        if debug:
            show_traceback()
        internal = GreedyError(
            f"internal fault: {type(exc).__name__}: {exc}",
            next_step="run again with --debug and report what it prints; nothing half-written is left",
        )
        return report_failure(internal, as_json=as_json)


def drop_output() -> None:
    """Send what is left of our output nowhere: Python writes it out at exit, and must not complain a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
