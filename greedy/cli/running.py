"""Commands that plan a roster in a database: run, demo."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID, uuid4

import structlog
import typer

from greedy import __version__
from greedy.cli.console import (
    DatabaseOption,
    ExitCode,
    JsonOption,
    RosterArgument,
    SchemaOption,
    error_document,
    parse_roster_id,
    print_document,
    progress,
    report_failure,
    run_async,
    say_ended,
    write_file,
)
from greedy.cli.job import CODES, Job, StoppedError
from greedy.cli.printing import print_outcome
from greedy.cli.solving import (
    KeepOption,
    LimitDaysOption,
    PlanningOption,
    SeedOption,
    Solver,
    SolverOption,
    TimeLimitOption,
    WishesOption,
    WorkersOption,
    keeper,
    planning_of,
    solve_options,
    solver_progress,
)
from greedy.database.schema.names import PUBLIC
from greedy.errors import InputError
from greedy.log import collected, put_on_every_line
from greedy.opening import open_store
from greedy.pipeline import DEFAULT_SECONDS, RunOutcome, run_roster
from greedy.report.rendering import BY_SUFFIX, render
from greedy.settings import MOST_SECONDS, load_settings
from greedy.stopping import Why
from greedy.store.base import RosterExistsError

if TYPE_CHECKING:
    from greedy.report.view import ReportView
    from greedy.settings import Settings
    from greedy.stopping import Stop

log = structlog.get_logger()


class FailOn(StrEnum):
    """What turns a finished run into a failure."""

    OPEN = "open"
    VERIFY = "verify"


def demo(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the report; otherwise in the data directory.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Plan the bundled sample roster in the embedded database, verify it, and write the report. May be repeated."""
    # Never a database from the environment: the sample has no business among a practice's own data.
    settings = load_settings().model_copy(
        update={"database_url": None, "database_schema": PUBLIC, "supabase_url": None, "supabase_key": None}
    )
    outcome = run_async(_demo(settings, quiet=as_json))
    folder = output or settings.data_dir / "reports" / outcome.document.roster_id
    paths = write_report(outcome.view, folder)
    if as_json:
        print_document(outcome.document)
    else:
        print_outcome(outcome)
        print()
        print("The report lies in:")
        for path in paths:
            print(f"  {path}")
        print("What to do next:")
        print(f"  greedy report {outcome.document.roster_id}    the roster as it stands in the database")
        print("  greedy serve                                         a page to look at it and to work on it")
        print("  greedy load DIR && greedy run ROSTER_ID              a roster of your own, from CSV files")
        print("  greedy db stop                                       stop the embedded database")
    return exit_code(outcome, [])


async def _demo(settings: Settings, *, quiet: bool) -> RunOutcome:
    from greedy.formats.practice_csv import read_practice
    from greedy.sample import SAMPLE_DIR

    with progress(quiet) as tell:
        tell("starting the embedded database")
        async with open_store(settings) as store:
            tables = read_practice(SAMPLE_DIR)
            try:
                await store.import_tables(tables)
            except RosterExistsError:
                # Somebody has worked on the sample: plan what stands there, and throw nothing away.
                print("the sample roster was changed in this database; it is planned as it stands", file=sys.stderr)
            return await run_roster(
                store,
                tables.roster.id,
                on_phase=tell,
                on_progress=solver_progress(tell),
            )


def run(
    roster_id: RosterArgument = None,
    solver: SolverOption = Solver.AUTO,
    time_limit: TimeLimitOption = DEFAULT_SECONDS,
    seed: SeedOption = 0,
    workers: WorkersOption = None,
    wishes: WishesOption = False,
    planning: PlanningOption = None,
    keep: KeepOption = None,
    limit_days: LimitDaysOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and report; write nothing.")] = False,
    fail_on: Annotated[
        list[FailOn] | None, typer.Option("--fail-on", help="End with 3 on open demand, 4 on a failed verification. Repeatable.")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run-id", help="Name this run; the same id again changes nothing.")] = None,
    job_time_limit: Annotated[
        float | None,
        typer.Option(
            "--job-time-limit",
            min=1,
            max=MOST_SECONDS,
            metavar="SECONDS",
            help="The whole run ends by then, whatever it does; otherwise GREEDY_JOB_TIME_LIMIT, 600 on Railway, else none.",
        ),
    ] = None,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
) -> int:
    """Plan one roster: load, solve, pair, write all or nothing, verify, report."""
    named = _parse_run_id(run_id) or uuid4()
    settings = load_settings()
    put_on_every_line(run_id=str(named), roster_id=roster_id or settings.rooster_id)
    roster = parse_roster_id(roster_id, settings)
    put_on_every_line(run_id=str(named), roster_id=str(roster))
    seconds = job_time_limit or settings.job_time_limit
    log.info("run.begun", version=__version__, job_seconds=seconds)
    told = planning_of(planning)

    async def work(stop: Stop) -> RunOutcome:
        with progress(as_json) as tell:
            tell("connecting")
            async with open_store(settings, database, schema) as store:
                return await run_roster(
                    store,
                    roster,
                    options=solve_options(solver, time_limit, seed, workers),
                    dry_run=dry_run,
                    limit_worked_days=limit_days,
                    wishes=wishes,
                    planning=told,
                    keep=keeper(keep),
                    run_id=named,
                    stop=stop,
                    on_phase=tell,
                    on_progress=solver_progress(tell),
                )

    with Job(seconds) as job:
        try:
            outcome = job.run(work(job.stop))
        except StoppedError as exc:
            return tell_stopped(exc, as_json=as_json)
        if as_json:
            print_document(outcome.document.model_copy(update={"error": error_document(outcome.error) if outcome.error else None}))
        elif outcome.error is None and not collected():
            print_outcome(outcome)
        sys.stdout.flush()  # here, where the time limit holds for a reader who does not read
        log_outcome(outcome)
        if outcome.unverified:
            return tell_stopped(job.stopped("the roster was written, and not verified"), as_json=False)
        return exit_code(outcome, fail_on or [])


def exit_code(outcome: RunOutcome, fail_on: list[FailOn]) -> int:
    """How a run ends. A failed write comes before a failed verification, and that before open demand."""
    document = outcome.document
    if outcome.error is not None:
        return report_failure(outcome.error, as_json=False)
    if FailOn.VERIFY in fail_on and document.verification is not None and not document.verification["all_passed"]:
        return ExitCode.VERIFICATION
    if FailOn.OPEN in fail_on and document.coverage.open:
        return ExitCode.OPEN_DEMAND
    return ExitCode.DONE


def tell_stopped(error: StoppedError, *, as_json: bool) -> int:
    """Tell that a run was ended before its time: by a signal, or as an error because its time was over."""
    if error.why is Why.TIME:
        return report_failure(error, as_json=as_json)
    if as_json:
        print_document({"success": False, "error": error_document(error)})
    return say_ended(error.message, CODES[error.why])


def log_outcome(outcome: RunOutcome) -> None:
    """What a run did, as the one event to look for in its log."""
    document = outcome.document
    log.info(
        "run.done",
        success=document.success,
        dry_run=document.dry_run,
        solver=document.solver.name,
        status=document.solver.status,
        needed=document.coverage.needed,
        assigned=document.coverage.assigned,
        open=document.coverage.open,
        written=None if document.write is None else {name: part["written"] for name, part in document.write.items()},
        verified=None if document.verification is None else document.verification["all_passed"],
        milliseconds=document.phases_ms,
    )


def write_report(view: ReportView, folder: Path) -> list[Path]:
    """Write the report as a page, as text and as JSON, and return the paths."""
    paths = [folder / "report.html", folder / "report.txt", folder / "report.json"]
    for path in paths:
        write_file(path, render(view, BY_SUFFIX[path.suffix.lstrip(".")]))
    return paths


def _parse_run_id(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InputError(f"{text!r} is not a run id", next_step="give a UUID, or leave --run-id out") from None
