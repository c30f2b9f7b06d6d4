"""Commands over the database itself: migrate, status, start, stop, schemas, dumps."""

from __future__ import annotations

import shlex
from dataclasses import asdict

import typer

from greedy.cli import database_sync, examples, schemas
from greedy.cli.console import DatabaseOption, ExitCode, JsonOption, SchemaOption, print_document, run_async
from greedy.database.schema.migrations import MigrationStatus, migration_status, migrations
from greedy.database.schema.migrations import migrate as apply_migrations
from greedy.database.schema.names import PUBLIC
from greedy.opening import embedded_server, open_database
from greedy.settings import load_settings

app = typer.Typer(help="The database itself.", no_args_is_help=True)
app.add_typer(schemas.app, name="schema")
app.add_typer(examples.app, name="examples")
app.command("dump")(database_sync.dump)
app.command("restore")(database_sync.restore)
app.command("sync")(database_sync.sync)
app.command("workflow")(database_sync.workflow)


@app.command()
def migrate(database: DatabaseOption = None, schema: SchemaOption = None, as_json: JsonOption = False) -> int:
    """Bring a schema up to this program. The same again changes nothing."""
    settings = load_settings()

    async def work() -> tuple[str, str, list[str]]:
        async with open_database(settings, database, schema) as db:
            return db.server, db.schema, await apply_migrations(db)

    server, name, applied = run_async(work())
    if as_json:
        print_document({"server": server, "schema": name, "applied": applied})
    else:
        place = server if name == PUBLIC else f"schema {name!r} of {server}"
        print(f"{place}: {len(applied)} migrations applied" + (f", up to {applied[-1]}" if applied else "; it was up to date"))
    return ExitCode.DONE


@app.command()
def status(database: DatabaseOption = None, schema: SchemaOption = None, as_json: JsonOption = False) -> int:
    """Say which database and schema are used and which migrations they have. Ends with 1 when some are pending, or from a newer program."""
    settings = load_settings()
    last = database_sync.last_dump(database)
    if not database_sync.is_running(database):
        if as_json:
            print_document({"running": False, "data_dir": settings.data_dir, "last_dump": last})
        else:
            print(f"no embedded database runs in {settings.data_dir}")
            database_sync.print_last_dump(last)
            print("next: greedy db start")
        return ExitCode.DONE

    async def work() -> tuple[str, str, MigrationStatus]:
        async with open_database(settings, database, schema) as db:
            return db.server, db.schema, await migration_status(db)

    server, name, found = run_async(work())
    figures = database_sync.status_of(database)
    if as_json:
        migrated = {"applied": found.applied, "pending": found.pending, "unknown": found.unknown}
        print_document({"running": True, "schema": name, **migrated, **asdict(figures), "last_dump": last})
    else:
        print(f"server: {server}")
        database_sync.print_status(figures, last)
        print(f"schema: {name}")
        for migration in migrations():
            print(f"{'applied' if migration.version in found.applied else 'pending'}  {migration.version} {migration.name}")
        for version in found.unknown:
            print(f"unknown  {version} of a newer version of this program")
        if found.pending:
            print("next: greedy db migrate" + ("" if name == PUBLIC else f" --schema {shlex.quote(name)}"))
    return ExitCode.CALLER if found.pending or found.unknown else ExitCode.DONE


@app.command()
def start(as_json: JsonOption = False) -> int:
    """Start the embedded database, if it does not run, and print its URL."""
    settings = load_settings()
    url = embedded_server(settings).start()
    if as_json:
        print_document({"running": True, "data_dir": settings.data_dir, "url": url})
    else:
        print(url)
    return ExitCode.DONE


@app.command()
def stop(as_json: JsonOption = False) -> int:
    """Stop the embedded database cleanly. The next command that needs it starts it again."""
    settings = load_settings()
    stopped = embedded_server(settings).stop()
    if as_json:
        print_document({"running": False, "data_dir": settings.data_dir, "stopped": stopped})
    else:
        print("stopped" if stopped else f"no embedded database runs in {settings.data_dir}")
    return ExitCode.DONE
