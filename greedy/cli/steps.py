"""What a script over source records is made of: its settings as options and variables, its run, its progress and its summary.

class Settings(ScriptSettings):
    hr_file: Path = Field(description="File that the HR system exports")


async def step(db: DBConnector, settings: Settings, options: StepOptions, tell: Tell) -> RunSummary:
    return await ingest(db, HrFile(settings.hr_file), options, tell)


if __name__ == "__main__":
    run_script(step, Settings, name="ingest_hr_employees", help="Employees of the HR system into the database.")
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import structlog
import typer

from greedy.cli.console import DatabaseOption, ExitCode, JsonOption, SchemaOption, print_document
from greedy.cli.job import Job, StoppedError
from greedy.cli.running import tell_stopped
from greedy.cli.script_settings import Chosen, ScriptSettings, options_of, read_settings
from greedy.database import DBConnector, require_migrated
from greedy.ingest.records.steps import Progress, RunSummary, StepOptions, Tell
from greedy.log import collected
from greedy.opening import open_database
from greedy.settings import Settings, load_settings
from greedy.stopping import Write

__all__ = ["ScriptSettings", "run_script"]

log = structlog.get_logger()

Step = Callable[[DBConnector, Chosen, StepOptions, Tell], Awaitable[RunSummary]]

LARGEST_BATCH = 100_000
SHOWN_FAULTS = 20


def run_script(step: Step[Chosen], settings: type[Chosen], *, name: str, help: str) -> None:  # noqa: A002  typer's word
    """Run the script of this process and end the process: 0 done, also with faulty records; 1 what you must mend; 2 what failed outside.

    A signal ends it: the batch under way is rolled back, those before it stay, and the run is marked as failed.
    """
    from greedy.cli.main import main

    program = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    program.command(help=help)(_command(step, settings))
    main(program=program, name=name)


def _command(step: Step[Chosen], settings: type[Chosen]) -> Callable[..., int]:
    def command(
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing, and say what would be done.")] = False,
        full: Annotated[bool, typer.Option("--full", help="Look at all records, not only at those that may have changed.")] = False,
        batch_size: Annotated[int, typer.Option("--batch-size", min=1, max=LARGEST_BATCH, help="Records in one transaction.")] = 1000,
        accept_gone: Annotated[
            bool, typer.Option("--accept-gone", help="Most of the records that are known may be gone from the source.")
        ] = False,
        database: DatabaseOption = None,
        schema: SchemaOption = None,
        as_json: JsonOption = False,
        **given: str | None,
    ) -> int:
        chosen = read_settings(settings, given)
        options = StepOptions(dry_run=dry_run, full=full, batch_size=batch_size, accept_gone=accept_gone)
        job_settings = load_settings()
        with Job(job_settings.job_time_limit) as job:
            try:
                summary = job.run(_worked(job, job_settings, step, chosen, options, database, schema, quiet=as_json))
            except StoppedError as exc:
                return tell_stopped(exc, as_json=as_json)
        tell_summary(summary, as_json=as_json)
        return ExitCode.DONE

    common = [one for one in inspect.signature(command, eval_str=True).parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    parameters = [*options_of(settings), *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in common)]
    command.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


async def _worked(
    job: Job,
    settings: Settings,
    step: Step[Chosen],
    chosen: Chosen,
    options: StepOptions,
    database: str | None,
    schema: str | None,
    *,
    quiet: bool,
) -> RunSummary:
    """The step, in the database of the command. Asked to end, it ends at once: a batch is written whole or not at all."""
    try:
        with _progress(quiet) as tell:
            async with open_database(settings, database, schema) as db:
                await require_migrated(db)
                job.stop.write = Write.IN_BATCHES
                return await step(db, chosen, options, tell)
    except asyncio.CancelledError:
        if job.stop.why is None:
            raise
        raise job.stopped() from None


@contextmanager
def _progress(quiet: bool) -> Iterator[Tell]:
    """A bar on a terminal, otherwise a line of the log."""
    if quiet or not sys.stderr.isatty():
        yield lambda done: log.info("step.progress", processed=done.processed, total=done.total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("records", total=None)

        def tell(done: Progress) -> None:
            bar.update(task, completed=done.processed, total=done.total)

        yield tell


def tell_summary(summary: RunSummary, *, as_json: bool) -> None:
    """What a step did: one JSON document, one event where lines are collected, or lines to read."""
    if as_json:
        print_document({"success": True, **summary.model_dump(mode="json")})
    log.info("step.done", **summary.model_dump(mode="json", exclude={"faults"}))
    if not as_json and not collected():
        for line in summary_lines(summary):
            print(line)


def summary_lines(summary: RunSummary) -> Iterator[str]:
    """A summary for people."""
    system = "" if summary.source_system == "*" else f" of {summary.source_system}"
    would = ", on trial: nothing was changed" if summary.dry_run else ""
    yield f"{summary.step} of {summary.entity_type}{system}: {summary.processed:,} in {summary.duration_seconds:.1f} s{would}"
    counts = {
        "new": summary.created,
        "changed": summary.updated,
        "unchanged": summary.skipped,
        "gone": summary.gone,
        "faulty": summary.faulty,
    }
    yield "  " + ", ".join(f"{name} {count:,}" for name, count in counts.items())
    if summary.quality is not None:
        yield f"  quality {summary.quality:.2f} on average"
    if summary.flags:
        yield "  flags: " + ", ".join(f"{flag} {count:,}" for flag, count in summary.flags.items())
    for name, value in summary.metadata.items():
        yield f"  {name.replace('_', ' ')}: {_plain(value)}"
    for fault in summary.faults[:SHOWN_FAULTS]:
        yield f"  faulty: {fault.place}{f' ({fault.external_id})' if fault.external_id else ''}: {fault.message}"
    if summary.faulty > SHOWN_FAULTS:
        where = "--json lists 200" if summary.dry_run else f"all of them: meta.faulty_records, run {summary.run_id}"
        yield f"  and {summary.faulty - SHOWN_FAULTS:,} more ({where})"


def _plain(value: Any) -> str:  # noqa: ANN401  whatever a transform says
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return ", ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else str(value)
