"""What a fact is, and those that are the same whatever the database."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greedy.cli.console import ExitCode, parse_roster_id
from greedy.database.schema.migrations import MigrationStatus
from greedy.errors import CallerError, GreedyError
from greedy.formats.practice import to_problem
from greedy.formats.practice_csv import read_practice
from greedy.persist.trigger_verifier import TRIGGERS, trigger_faults
from greedy.sample import SAMPLE_DIR
from greedy.solve.solve import solve

if TYPE_CHECKING:
    from greedy.settings import Settings
    from greedy.store.base import Store, TriggerFact

FINAL = "final"


@dataclass(frozen=True)
class Fact:
    """One thing that was looked at. `exit_code` is that of its failure; a good one with a next step is worth a look."""

    name: str
    good: bool
    text: str
    next_step: str | None = None
    exit_code: int = ExitCode.DONE


def right(name: str, text: str, *, advice: str | None = None) -> Fact:
    """A fact that is as it should be, or good enough."""
    return Fact(name, good=True, text=text, next_step=advice)


def wrong(name: str, text: str, next_step: str | None, exit_code: int = ExitCode.CALLER) -> Fact:
    """A fact that somebody has to mend."""
    return Fact(name, good=False, text=text, next_step=next_step, exit_code=exit_code)


def failed(name: str, error: GreedyError, *, otherwise: str | None = None) -> Fact:
    """A fact that could not be looked at. `otherwise`: the next step of an error that has none."""
    code = ExitCode.CALLER if isinstance(error, CallerError) else ExitCode.OUTSIDE
    return wrong(name, "; ".join([error.message, *error.details]), error.next_step or otherwise, code)


def python_fact() -> Fact:
    """The interpreter and the libraries that matter."""
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("greedy", "asyncpg", "ortools", "pydantic", "supabase"))
    return right("python", f"{platform.python_version()} on {platform.system()}; {packages}")


def settings_fact(settings: Settings, database: str, *, advice: str | None = None) -> Fact:
    """Where the settings lead. `database` says which is used."""
    text = f"database: {database}; log level {settings.log_level}; ROOSTER_ID {settings.rooster_id or 'not set'}"
    return right("settings", text, advice=advice)


def solver_fact() -> Fact:
    """A fill of the sample."""
    problem = to_problem(read_practice(SAMPLE_DIR))
    result = solve(problem, "greedy")
    filled = problem.required - sum(row.missing for row in result.open_demand)
    return right("solver", f"greedy filled {filled} of {problem.required} shifts of the sample in {result.seconds * 1000:.0f} ms")


def migrations_fact(status: MigrationStatus, migrate: str) -> Fact:
    """Whether the schema is that of this program; `migrate` brings it there."""
    if not status.pending and not status.unknown:
        return right("migrations", f"all {len(status.applied)} applied")
    text = f"{len(status.pending)} pending, {len(status.unknown)} of a newer version of this program"
    return wrong("migrations", text, "update this program" if status.unknown else migrate)


def triggers_fact(triggers: Collection[TriggerFact]) -> Fact:
    """Whether the triggers are there and enabled."""
    faults = trigger_faults(triggers)
    if not faults:
        return right("triggers", f"all {len(TRIGGERS)} triggers are enabled")
    return wrong("triggers", "; ".join(faults), "alter table ... enable trigger all; if one is missing, restore the database")


async def roster_fact(store: Store, settings: Settings) -> Fact:
    """The roster that a run without an id would plan: whether all of it can be read, and may be written."""
    try:
        roster_id = parse_roster_id(None, settings)
        started = time.perf_counter()
        tables = await store.load(roster_id)
        milliseconds = (time.perf_counter() - started) * 1000
    except GreedyError as exc:
        return failed("roster", exc)
    roster = tables.roster
    needed = sum(row.required for row in tables.roster_period_staffing_dagdelen)
    text = (
        f"{roster.naam or roster.id}, {roster.start_date} to {roster.end_date}, {roster.status}: {len(tables.employees)} employees, "
        f"{needed} shifts asked for, {len(tables.roster_assignments)} slots with content, read in {milliseconds:.0f} ms"
    )
    if roster.status == FINAL:
        return wrong("roster", f"{text}; a run would write nothing", "set its status to in_progress, or ROOSTER_ID to another roster")
    return right("roster", text)
