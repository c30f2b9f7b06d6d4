"""greedy db schema: the schemas of practices in one database."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import Annotated

import typer

from greedy.cli.console import DatabaseOption, ExitCode, JsonOption, print_document, run_async
from greedy.database.schema.migrations import MigrationStatus
from greedy.database.schema.names import PUBLIC, check_project_schema
from greedy.database.schema.report import SchemaReport
from greedy.database.schema.setup import ProjectSchema, SchemaSetup
from greedy.opening import open_database
from greedy.settings import load_settings

app = typer.Typer(help="Schemas: one for each practice in the same database.", no_args_is_help=True)


@app.command("list")
def list_schemas(database: DatabaseOption = None, as_json: JsonOption = False) -> int:
    """List the schemas that hold this program's tables, and whether they are up to date. Ends with 1 when one is not."""
    settings = load_settings()

    async def work() -> tuple[str, list[ProjectSchema]]:
        async with open_database(settings, database, PUBLIC) as db:
            return db.server, await SchemaSetup(db).project_schemas()

    server, found = run_async(work())
    if as_json:
        print_document({"server": server, "schemas": [{"name": one.name, **asdict(one.status)} for one in found]})
    else:
        print(f"server: {server}")
        for one in found:
            print(f"{one.name}: {_state(one.status)}")
            if one.status.pending:
                print(f"next: greedy db migrate --schema {shlex.quote(one.name)}")
        if not found:
            print("no schema of this program; greedy db migrate makes public, greedy db schema create NAME one of a practice")
    return ExitCode.CALLER if any(one.status.pending or one.status.unknown for one in found) else ExitCode.DONE


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the schema, as in praktijk_zuid.")],
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> int:
    """Make the schema of a practice, all or nothing, or bring it up to this program. What is in it stays."""
    check_project_schema(name)
    settings = load_settings()

    async def work() -> tuple[str, list[str]]:
        async with open_database(settings, database, PUBLIC) as db:
            return db.server, await SchemaSetup(db).ensure_project_schema(name)

    server, applied = run_async(work())
    if as_json:
        print_document({"server": server, "schema": name, "applied": applied})
    else:
        print(f"schema {name!r} of {server}: {len(applied)} migrations applied" if applied else f"schema {name!r} was up to date")
        print(f"next: greedy load DIR --schema {shlex.quote(name)}, or DATABASE_SCHEMA={shlex.quote(name)} for all commands")
    return ExitCode.DONE


@app.command()
def verify(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Schema; otherwise DATABASE_SCHEMA, else public.")] = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> int:
    """Compare a schema with what the migrations make, and list every divergence. Ends with 1 when one of ours is at fault."""
    settings = load_settings()

    async def work() -> SchemaReport:
        async with open_database(settings, database, name) as db:
            return await SchemaSetup(db).verify_schema()

    report = run_async(work())
    if as_json:
        print_document(report.document())
    else:
        for divergence in report.divergences:
            print(f"{'harmless: ' if divergence.harmless else ''}{divergence}")
        faults = len(report.faults)
        verdict = f"{faults} divergence{'s' if faults > 1 else ''}" if faults else "as its migrations make it"
        print(f"schema {report.schema!r} of {report.server}: {verdict}, looked at in {report.milliseconds:.0f} ms")
    return ExitCode.DONE if report.ok else ExitCode.CALLER


def _state(status: MigrationStatus) -> str:
    if status.unknown:
        return f"migrated by a newer version of greedy: {', '.join(status.unknown)}"
    return f"{len(status.pending)} migrations are pending" if status.pending else f"up to date, {len(status.applied)} migrations"
