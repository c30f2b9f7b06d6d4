"""The command `greedy`: all commands by name."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from greedy import __version__
from greedy.cli import database, files, generating, reporting, rosters, running, serving, workbooks, working
from greedy.cli.console import ExitCode, guarded, report_failure
from greedy.cli.doctor import doctor
from greedy.errors import CallerError
from greedy.log import configure_logging, put_on_every_line
from greedy.settings import load_settings

EPILOG = (
    "Exit codes: 0 done, 1 what you must mend, 2 what failed outside, 3 open demand (--fail-on open), 4 verification (--fail-on verify). "
    "--debug, with any command, shows tracebacks and debug logs."
)

NARROW = 70  # columns of a terminal

app = typer.Typer(name="greedy", pretty_exceptions_enable=False, add_completion=False, epilog=EPILOG)
app.command("demo")(running.demo)
app.command("run", epilog="Example: greedy run ROSTER_ID --wishes --time-limit 30")(running.run)
app.command("verify", epilog="Example: greedy verify ROSTER_ID --json")(rosters.verify)
app.command("report", epilog="Example: greedy report ROSTER_ID --language nl -o rooster.pdf --paper a4")(reporting.report)
app.command("rosters")(rosters.rosters)
app.command("load", epilog="Example: greedy load practice/ --schema praktijk_zuid")(files.load)
app.command("export", epilog="Example: greedy export ROSTER_ID rooster.xlsx")(files.export)
app.command("import", epilog="Example: greedy import practice.xlsx --dry-run --mark faults.xlsx")(workbooks.import_workbook)
app.command("template", epilog="Example: greedy template practice.xlsx --from ROSTER_ID")(workbooks.template)
app.command("generate", epilog="Example: greedy generate --practices 20 --weeks 5 --to sqlite:///practices.db")(generating.generate)
app.command("solve", epilog="Example: greedy solve practice/ --planning planning.toml -o roster.json")(files.solve)
app.command("check", epilog="Example: greedy check practice/ roster.json")(files.check)
app.command("serve", epilog="Example: greedy serve --port 9000 --name Anna")(serving.serve)
app.command("worker", epilog="Example: greedy worker --once")(working.worker)
app.command("doctor")(doctor)
app.add_typer(database.app, name="db")


@app.callback(invoke_without_command=True)
def greedy(context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False) -> None:
    """Fill a roster, write it to PostgreSQL all or nothing, verify it, and report."""
    if version:
        print(__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: list[str] | None = None, *, program: typer.Typer = app, name: str = "greedy") -> None:
    """Run a command of the command line and end the process with its exit code. `program` is another one than greedy itself: a script."""
    _make_streams_safe()
    if shutil.get_terminal_size().columns < NARROW:
        program.rich_markup_mode = None  # help in frames would cut the names of the options off
    signal.signal(signal.SIGTERM, _terminate)
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    words = [word for word in given if word != "--debug"]
    as_json = "--json" in words

    def command() -> int:
        put_on_every_line()
        configure_logging("WARNING")  # settings that cannot be read are told too
        configure_logging("DEBUG" if debug else load_settings().log_level)
        try:
            code = program(words, prog_name=name, standalone_mode=False)
        except TyperException as exc:
            if not (message := exc.format_message()):
                return ExitCode.DONE  # a group of commands alone, whose help is on the screen by now
            asked = getattr(exc, "ctx", None)  # of the command whose words were wrong, when there is one
            help_of = name if asked is None else asked.command_path
            message = message.replace(": Value error, ", ": ")  # where the words come from does not help
            return report_failure(CallerError(message, next_step=f"{help_of} --help"), as_json=as_json)
        except SystemExit as exc:
            if isinstance(exc.__context__, BrokenPipeError):
                raise exc.__context__ from None  # the framework has swallowed it
            raise
        if code == ExitCode.INTERRUPTED and not isinstance(code, ExitCode):
            raise KeyboardInterrupt  # the framework has swallowed it
        return code if isinstance(code, int) else ExitCode.DONE

    sys.exit(guarded(command, as_json=as_json, debug=debug))


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    """End as after an interrupt: what is open is closed, a solver that runs is ended, and what was not finished is not written."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # closing must not be cut off by a second one
    raise SystemExit(ExitCode.TERMINATED)  # told in `guarded`: here a line may be half written


class _Forgiving(io.FileIO):
    """A file that swallows what it cannot take: that nobody reads a log, or has room for it, must not decide what a command does."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401  whatever is bytes
        try:
            return super().write(data) or len(data)
        except OSError:
            return len(data)


def _make_streams_safe() -> None:
    """Names are not ASCII, whatever the locale says; and a stream that the caller has closed swallows what is written to it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  for the rest of the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    if sys.__stderr__ is not None and sys.stderr is sys.__stderr__:  # nobody has put another in its place
        raw = io.BufferedWriter(_Forgiving(sys.stderr.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(raw, encoding="utf-8", errors="replace", line_buffering=True)
