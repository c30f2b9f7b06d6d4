"""greedy doctor: one line a fact, and for each that is not right the next step."""

from __future__ import annotations

import importlib.metadata
import platform
import shlex
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

from greedy.cli.console import DatabaseOption, ExitCode, JsonOption, SchemaOption, print_document, run_async
from greedy.database.errors import DatabaseError
from greedy.database.executor import Executor
from greedy.database.schema.migrations import migration_status
from greedy.database.schema.names import PUBLIC
from greedy.database.schema.setup import SchemaSetup
from greedy.errors import CallerError, GreedyError
from greedy.formats.practice import to_problem
from greedy.formats.practice_csv import read_practice
from greedy.opening import open_database
from greedy.persist.trigger_verifier import TRIGGERS, trigger_faults
from greedy.sample import SAMPLE_DIR
from greedy.settings import Settings, load_settings
from greedy.solve.solve import solve
from greedy.store.postgres import PostgresStore


@dataclass(frozen=True)
class Fact:
    """One thing that was looked at. `exit_code` is that of its failure."""

    name: str
    good: bool
    text: str
    next_step: str | None = None
    exit_code: int = ExitCode.DONE


def doctor(database: DatabaseOption = None, schema: SchemaOption = None, as_json: JsonOption = False) -> int:
    """Look at Python, settings, connection, migrations, schema, triggers and solver; say what is wrong and the next command to run."""

    async def work() -> list[Fact]:
        return [fact async for fact in facts(load_settings(), database, schema)]

    found = run_async(work())
    if as_json:
        print_document({"healthy": all(fact.good for fact in found), "facts": [asdict(fact) for fact in found]})
    else:
        for fact in found:
            print(f"{'ok    ' if fact.good else 'WRONG '} {fact.name}: {fact.text}")
            if fact.next_step:
                print(f"       next: {fact.next_step}")
    return max((fact.exit_code for fact in found), default=ExitCode.DONE)


async def facts(settings: Settings, database_url: str | None, schema: str | None) -> AsyncIterator[Fact]:
    """The facts in the order in which they build on each other; what needs a connection is left out without one."""
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("greedy", "asyncpg", "ortools", "pydantic", "supabase"))
    yield Fact("python", good=True, text=f"{platform.python_version()} on {platform.system()}; {packages}")
    chosen = "--database" if database_url else "DATABASE_URL" if settings.database_url else f"the embedded database in {settings.data_dir}"
    yield Fact(
        "settings", good=True, text=f"database: {chosen}; log level {settings.log_level}; ROOSTER_ID {settings.rooster_id or 'not set'}"
    )
    problem = to_problem(read_practice(SAMPLE_DIR))
    result = solve(problem, "greedy")
    filled = problem.required - sum(row.missing for row in result.open_demand)
    yield Fact(
        "solver",
        good=True,
        text=f"greedy filled {filled} of {problem.required} shifts of the sample in {result.seconds * 1000:.0f} ms",
    )
    try:
        async with open_database(settings, database_url, schema) as db:
            version = await db.execute("show server_version", fetch_val=True)
            yield Fact("connection", good=True, text=f"{db.server}, PostgreSQL {version}")
            status = await migration_status(db)
            if status.pending or status.unknown:
                text = f"{len(status.pending)} pending, {len(status.unknown)} of a newer version of this program"
                migrate = "greedy db migrate" + ("" if db.schema == PUBLIC else f" --schema {shlex.quote(db.schema)}")
                next_step = "update this program" if status.unknown else migrate
                yield Fact("migrations", good=False, text=text, next_step=next_step, exit_code=ExitCode.CALLER)
                return
            yield Fact("migrations", good=True, text=f"all {len(status.applied)} applied")
            yield await _schema_fact(db)
            faults = trigger_faults(await PostgresStore(db).triggers())
            yield Fact(
                "triggers",
                good=not faults,
                text="; ".join(faults) or f"all {len(TRIGGERS)} triggers are enabled",
                next_step="alter table ... enable trigger all; if one is missing, restore the database" if faults else None,
                exit_code=ExitCode.CALLER if faults else ExitCode.DONE,
            )
    except GreedyError as exc:
        code = ExitCode.CALLER if isinstance(exc, CallerError) else ExitCode.OUTSIDE
        yield Fact("connection", good=False, text=" ".join([exc.message, *exc.details]), next_step=exc.next_step, exit_code=code)


async def _schema_fact(db: Executor) -> Fact:
    try:
        report = await SchemaSetup(db).verify_schema()
    except DatabaseError as exc:  # no right to compare, a standby, a table that is being changed
        return Fact("schema", good=True, text=f"{db.schema}, not compared with its migrations: {exc.message}")
    if report.ok:
        return Fact("schema", good=True, text=f"{db.schema} is as its migrations make it, compared in {report.milliseconds:.0f} ms")
    first, *more = report.faults
    text = f"{db.schema}: {first}" + (f", and {len(more)} more divergences" if more else "")
    return Fact("schema", good=False, text=text, next_step=f"greedy db schema verify {shlex.quote(db.schema)}", exit_code=ExitCode.CALLER)
