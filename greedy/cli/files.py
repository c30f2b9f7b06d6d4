"""Commands between files and a database, and over files alone: load, export, solve, check."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from greedy.cli.console import (
    DatabaseOption,
    ExitCode,
    JsonOption,
    SchemaOption,
    parse_roster_id,
    print_document,
    progress,
    run_async,
    write_file,
)
from greedy.cli.job import Job, StoppedError
from greedy.cli.printing import print_standing
from greedy.cli.running import tell_stopped
from greedy.cli.solving import (
    CURRENT,
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
from greedy.cli.workbooks import WORKBOOK_SUFFIXES, LanguageName, LanguageOption
from greedy.errors import InputError
from greedy.formats.practice_csv import write_practice
from greedy.formats.problems import ProblemFile, keep_to, read_problem, read_tables
from greedy.formats.rosters import read_roster, roster_text
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.model.rules import RULES
from greedy.opening import open_store
from greedy.pipeline import DEFAULT_SECONDS, solve_file
from greedy.report import Report
from greedy.reporting import report_solved, report_standing
from greedy.settings import load_settings
from greedy.stopping import Stop

SourceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="Practice tables as a folder of CSV files or a SQLite file, or a text of schedulingbenchmarks.org."
    ),
]
TablesArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Practice tables: a folder of CSV files, or a SQLite file.")]
RosterOption = Annotated[str | None, typer.Option("--roster", metavar="ID|NAME", help="Which roster of a SQLite file with several.")]


def load(
    source: TablesArgument,
    roster: RosterOption = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Overwrite a roster that exists, with what was planned in it, and employees and services that differ."
        ),
    ] = False,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
) -> int:
    """Load practice tables from CSV files or SQLite into the database, all or nothing. The same again changes nothing."""
    tables = read_tables(source, roster)
    settings = load_settings()

    async def work(stop: Stop) -> bool:
        with progress(as_json) as tell:
            tell(f"loading {source}")
            async with open_store(settings, database, schema) as store:
                with stop.writing():
                    return await store.import_tables(tables, replace=replace)

    with Job() as job:
        try:
            imported = job.run(work(job.stop))
        except StoppedError as exc:
            return tell_stopped(exc, as_json=as_json)
    loaded, slots = tables.roster, len(tables.roster_assignments)
    if as_json:
        print_document({"roster_id": str(loaded.id), "imported": imported, "employees": len(tables.employees), "slots": slots})
    else:
        done = "loaded" if imported else "was loaded already, nothing changed:"
        print(
            f"{done} {loaded.naam or 'roster'} {loaded.start_date} to {loaded.end_date}: {len(tables.employees)} employees, {slots} slots"
        )
        print(f"next: greedy run {loaded.id}" + (f" --schema {shlex.quote(schema)}" if schema else ""))
    return ExitCode.DONE


def export(
    roster_id: Annotated[str, typer.Argument(metavar="ROSTER_ID", help="Id of the roster.")],
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="A workbook when it ends in .xlsx; otherwise a folder, for one CSV file a table.")
    ],
    language: LanguageOption = LanguageName.NL,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
) -> int:
    """Write a roster from the database as an Excel workbook or a folder of CSV files; greedy import and greedy load read them again."""
    settings = load_settings()
    roster = parse_roster_id(roster_id, settings)

    async def loaded() -> PracticeTables:
        async with open_store(settings, database, schema) as store:
            return await store.load(roster, include_open=True)

    tables = run_async(loaded())
    if target.suffix.lower() in WORKBOOK_SUFFIXES:
        from greedy.ingest.workbook.export import write_workbook

        write_workbook(tables, target, language=language.meant)
    else:
        write_practice(tables, target)
    print(target)
    return ExitCode.DONE


def solve(
    source: SourceArgument,
    roster: RosterOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for the roster: JSON, or XML when it ends in .xml or .ros.")
    ] = None,
    solver: SolverOption = Solver.AUTO,
    time_limit: TimeLimitOption = DEFAULT_SECONDS,
    seed: SeedOption = 0,
    workers: WorkersOption = None,
    warm_start: Annotated[Path | None, typer.Option("--warm-start", metavar="ROSTER", help="Roster to begin with.")] = None,
    wishes: WishesOption = False,
    planning: PlanningOption = None,
    keep: KeepOption = None,
    limit_days: LimitDaysOption = False,
    as_json: JsonOption = False,
) -> int:
    """Make a roster from a folder of CSV files, a SQLite file or a benchmark text, without a database."""
    loaded = read_problem(source, roster=roster, limit_worked_days=limit_days, wishes=wishes, planning=planning_of(planning))
    problem = _keeping(loaded, keep)
    begin_with = None if warm_start is None else read_roster(warm_start, problem)
    with progress(as_json) as tell:
        tell("solving")
        solved = solve_file(
            problem,
            solve_options(solver, time_limit, seed, workers),
            warm_start=begin_with,
            on_progress=solver_progress(tell),
        )
    if output is not None:
        write_file(output, roster_text(output, problem, solved.result.roster))
    found = report_solved(problem, solved, name=loaded.name)
    if as_json:
        print_document(solve_document(found, None if output is None else str(output)))
    else:
        print_standing(found)
        if output is not None:
            print(f"next: greedy check {source} {output}" + (f" --roster {shlex.quote(roster)}" if roster else ""))
    return ExitCode.DONE


def check(
    source: SourceArgument,
    solution: Annotated[
        Path | None,
        typer.Argument(
            metavar="[ROSTER]",
            help="Roster as JSON or XML, from greedy solve; SQLite: the solution planted in it; otherwise the work that FILE itself holds.",
        ),
    ] = None,
    roster: RosterOption = None,
    wishes: WishesOption = False,
    planning: PlanningOption = None,
    keep: KeepOption = None,
    limit_days: LimitDaysOption = False,
    as_json: JsonOption = False,
) -> int:
    """Check a roster against every rule, without a solver, and tell what it costs. Ends with 1 when it breaks a rule."""
    loaded = read_problem(source, roster=roster, limit_worked_days=limit_days, wishes=wishes, planning=planning_of(planning))
    problem = _keeping(loaded, keep)
    worked = loaded.standing if solution is None else read_roster(solution, problem)
    if worked is None:
        raise InputError(f"{source} holds no work to check", next_step=f"greedy check {source} ROSTER, with a roster of greedy solve")
    found = report_standing(problem, worked, name=loaded.name)
    broken = [violation for violation in found.violations if not violation.pinned]
    if as_json:
        print_document(check_document(found))
    else:
        print_standing(found)
        print(f"{len(broken)} violations of {len(RULES)} rules")
    return ExitCode.CALLER if broken else ExitCode.DONE


def solve_document(found: Report, output: str | None) -> dict[str, Any]:
    """What `greedy solve --json` prints."""
    assert found.solver is not None  # noqa: S101  it was made just now
    solver = found.solver.model_dump()
    return {"roster_id": found.roster_id, "solver": solver.pop("name"), **solver, **_quality(found), "output": output}


def check_document(found: Report) -> dict[str, Any]:
    """What `greedy check --json` prints."""
    legal = all(violation.pinned for violation in found.violations)
    return {"roster_id": found.roster_id, "legal": legal, "objective": found.costs.get(0, 0), "costs": found.costs, **_quality(found)}


def _quality(found: Report) -> dict[str, Any]:
    parts = found.model_dump(mode="json", include={"violations", "conflicts", "gave_way", "working_time", "changes", "open_demand"})
    coverage = found.coverage
    return {"needed": coverage.needed, "assigned": coverage.assigned, "open": coverage.open, **parts}


def _keeping(loaded: ProblemFile, keep: str | None) -> Problem:
    find = keeper(keep)
    if find is None:
        return loaded.problem
    if keep == CURRENT and loaded.standing is None:
        raise InputError("--keep current: a benchmark text holds no roster", next_step="give --keep a roster as JSON")
    return keep_to(loaded.problem, find(loaded.problem, loaded.standing or Roster.of(())))
