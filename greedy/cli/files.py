"""Commands between files and a database, and over files alone: load, export, solve, check."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from greedy.cli.console import DatabaseOption, ExitCode, JsonOption, parse_roster_id, print_document, progress, run_async, write_file
from greedy.cli.rosters import LimitDaysOption, SeedOption, Solver, SolverOption
from greedy.formats.practice import to_problem, to_roster
from greedy.formats.practice_csv import read_practice, write_practice
from greedy.pipeline import open_store
from greedy.settings import load_settings

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder with the practice tables as CSV, one file a table.")]


def load(
    folder: FolderArgument,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Overwrite a roster that exists, with what was planned in it, and employees and services that differ."
        ),
    ] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> int:
    """Load practice tables from CSV files into the database, all or nothing. The same again changes nothing."""
    tables = read_practice(folder)
    settings = load_settings()

    async def work() -> bool:
        with progress(as_json) as tell:
            tell(f"loading {folder}")
            async with open_store(settings, database) as store:
                return await store.import_tables(tables, replace=replace)

    imported = run_async(work())
    roster, slots = tables.roster, len(tables.roster_assignments)
    if as_json:
        print_document({"roster_id": str(roster.id), "imported": imported, "employees": len(tables.employees), "slots": slots})
    else:
        done = "loaded" if imported else "was loaded already, nothing changed:"
        print(
            f"{done} {roster.naam or 'roster'} {roster.start_date} to {roster.end_date}: {len(tables.employees)} employees, {slots} slots"
        )
        print(f"next: greedy run {roster.id}")
    return ExitCode.DONE


def export(
    roster_id: Annotated[str, typer.Argument(metavar="ROSTER_ID", help="Id of the roster.")],
    folder: FolderArgument,
    database: DatabaseOption = None,
) -> int:
    """Write a roster from the database into a folder of CSV files; greedy load reads them again."""
    settings = load_settings()
    roster = parse_roster_id(roster_id, settings)

    async def work() -> None:
        async with open_store(settings, database) as store:
            write_practice(await store.load(roster, include_open=True), folder)

    run_async(work())
    print(folder)
    return ExitCode.DONE


def solve(
    folder: FolderArgument,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File for the roster as JSON.")] = None,
    solver: SolverOption = Solver.GREEDY,
    seed: SeedOption = 0,
    limit_days: LimitDaysOption = False,
    as_json: JsonOption = False,
) -> int:
    """Make a roster from CSV files, without a database."""
    from greedy.formats.roster_json import to_document
    from greedy.solve.solve import solve as solve_problem

    problem = to_problem(read_practice(folder), limit_worked_days=limit_days)
    started = time.perf_counter()
    with progress(as_json) as tell:
        tell("solving")
        result = solve_problem(problem, solver.value, seed=seed)
    seconds = time.perf_counter() - started
    if output is not None:
        write_file(output, to_document(problem, result.roster).model_dump_json(indent=1) + "\n")
    if as_json:
        print_document(
            {
                "roster_id": problem.roster_id,
                "solver": result.solver,
                "status": result.status,
                "objective": result.objective,
                "bound": result.bound,
                "gap": round(result.gap, 6),
                "needed": problem.required,
                "open": problem.required - result.objective,
                "seconds": round(seconds, 6),
                "seed": result.seed,
                "violations": [],
                "output": None if output is None else str(output),
            }
        )
    else:
        print(f"{result.objective} of {problem.required} shifts filled in {seconds:.3f} s by {result.solver}")
        print(f"no roster fills more than {result.bound}")
        if output is not None:
            print(f"next: greedy check {folder} {output}")
    return ExitCode.DONE


def check(
    folder: FolderArgument,
    solution: Annotated[
        Path | None, typer.Argument(metavar="[SOLUTION]", help="Roster as JSON, from greedy solve; otherwise the work in DIR itself.")
    ] = None,
    limit_days: LimitDaysOption = False,
    as_json: JsonOption = False,
) -> int:
    """Check a roster against every rule, without a solver. Ends with 1 when the roster breaks a rule."""
    from greedy.formats.roster_json import read_roster
    from greedy.model.coverage import coverage
    from greedy.model.rules import RULES
    from greedy.model.rules import check as check_rules

    tables = read_practice(folder)
    problem = to_problem(tables, limit_worked_days=limit_days)
    roster = to_roster(tables) if solution is None else read_roster(solution, problem)
    violations = check_rules(problem, roster)
    covered = sum(coverage(problem, roster).assigned)
    broken = [violation for violation in violations if not violation.pinned]
    if as_json:
        print_document(
            {
                "roster_id": problem.roster_id,
                "legal": not broken,
                "objective": covered,
                "needed": problem.required,
                "violations": [{"rule": v.rule, "message": v.message, "pinned": v.pinned} for v in violations],
            }
        )
    else:
        for violation in violations:
            print(f"{violation.rule}: {violation.message}{' (pinned work alone)' if violation.pinned else ''}")
        print(f"{len(broken)} violations of {len(RULES)} rules; {covered} of {problem.required} shifts filled")
    return ExitCode.CALLER if broken else ExitCode.DONE
