"""Commands over whole databases: dump, restore, sync, workflow; and what `greedy db status` says of sizes and dumps."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from anyio import wait_readable

from greedy.cli.console import DatabaseOption, ExitCode, JsonOption, drop_output, print_document, progress, run_async
from greedy.database.sync import (
    Confirm,
    DatabaseStatus,
    DatabaseSyncManager,
    Dump,
    DumpError,
    Remote,
    Restored,
    RestorePlan,
    opened_dump,
)
from greedy.errors import CallerError, OutsideError
from greedy.opening import chosen_url, embedded_server
from greedy.settings import Settings, load_settings

PERSONAL = "warning: a dump holds personal data, and git keeps every version of it: keep this repository private"

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DropOldOption = Annotated[bool, typer.Option("--drop-old", help="Drop the old database at the end, instead of keeping it.")]
AllowMissingOption = Annotated[
    bool,
    typer.Option("--allow-missing-schemas", help="Also when the database has schemas that the dump has not; the old database keeps them."),
]


def dump(
    path: Annotated[Path | None, typer.Argument(metavar="[PATH]", help="File to write, or - for stdout; otherwise a dated one.")] = None,
    schema: Annotated[list[str] | None, typer.Option("--schema", help="Only this schema; may be repeated.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write the database into one file, whole or not at all."""
    to_stdout = str(path) == "-"
    if to_stdout and as_json:
        raise CallerError("stdout cannot take a dump and a document", next_step="leave out --json, or give a file")
    if to_stdout and sys.stdout.isatty():
        raise CallerError("a dump does not go to a terminal", next_step="give a file, or redirect: greedy db dump - > FILE")
    shown = Shown()
    with _manager(database, shown) as manager:
        if to_stdout:
            try:
                run_async(manager.dump_to(sys.stdout.buffer, schemas=schema or ()))
            except BrokenPipeError:
                drop_output()
                raise OutsideError("whoever reads the dump stopped before its end", next_step="see what the reader says") from None
            return ExitCode.DONE
        made = run_async(manager.dump(path, schemas=schema or (), force=force))
    if as_json:
        print_document({**_dump_document(made), "server": manager.server})
    else:
        _print_dump(made)
    return ExitCode.DONE


def restore(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="File that greedy db dump made.")],
    yes: YesOption = False,
    drop_old: DropOldOption = False,
    allow_missing_schemas: AllowMissingOption = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> int:
    """Replace the database by a dump. The old one stays beside it under a dated name."""
    shown = Shown()
    with _manager(database, shown) as manager:
        restored = run_async(
            manager.restore(path, drop_old=drop_old, allow_missing_schemas=allow_missing_schemas, confirm=_confirm(yes, str(path), shown))
        )
    return _print_restored(restored, as_json)


def sync(
    source: Annotated[str, typer.Option("--from", metavar="USER@HOST", help="Machine whose database to take.")],
    port: Annotated[int | None, typer.Option("--port", help="Port of its ssh.")] = None,
    ssh_config: Annotated[Path | None, typer.Option("--ssh-config", metavar="FILE", help="Instead of your own ssh configuration.")] = None,
    remote_command: Annotated[str, typer.Option("--remote-command", help="How this program is run there.")] = "greedy",
    yes: YesOption = False,
    drop_old: DropOldOption = False,
    allow_missing_schemas: AllowMissingOption = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> int:
    """Replace the database by that of another machine, over ssh. The old one stays beside it under a dated name."""
    try:
        words = shlex.split(remote_command)
    except ValueError as exc:
        raise CallerError(f"--remote-command cannot be read: {exc}", next_step="close its quotes") from None
    remote = Remote(source, port=port, ssh_config=ssh_config, command=words)
    shown = Shown()
    with _manager(database, shown) as manager:
        restored = run_async(
            manager.sync_from(remote, drop_old=drop_old, allow_missing_schemas=allow_missing_schemas, confirm=_confirm(yes, source, shown))
        )
    return _print_restored(restored, as_json)


def workflow(
    dump_only: Annotated[bool, typer.Option("--dump", help="Write a dated dump into the data directory.")] = False,
    keep: Annotated[int | None, typer.Option("--keep", min=1, help="With --dump: remove all but the newest dated dumps.")] = None,
    dump_and_commit: Annotated[bool, typer.Option("--dump-and-commit", help="Write a dump into a git repository and commit it.")] = False,
    repository: Annotated[Path, typer.Option("--repository", metavar="DIR", help="Folder in a git repository.")] = Path(),
    message: Annotated[str | None, typer.Option("--message", help="Of the commit.")] = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> int:
    """Steps that are repeated: a dump of today with the oldest ones removed, or a dump under git."""
    if dump_only == dump_and_commit:
        raise CallerError("which step? Give --dump or --dump-and-commit", next_step="greedy db workflow --help")
    if keep is not None and not dump_only:
        raise CallerError("--keep goes with --dump; git keeps every version", next_step="leave it out")
    shown = Shown()
    with _manager(database, shown) as manager:
        if dump_only:
            made = run_async(manager.dump())
            removed = manager.keep_last(keep) if keep is not None else []
        else:
            done = run_async(manager.dump_and_commit(repository, message=message))
    if dump_only:
        if as_json:
            print_document({**_dump_document(made), "removed": removed})
        else:
            _print_dump(made)
            for old in removed:
                print(f"removed {old}")
        return ExitCode.DONE
    if done.first:
        print(PERSONAL, file=sys.stderr)
    if as_json:
        print_document(asdict(done))
    else:
        print(f"{done.path}: {f'committed as {done.commit}' if done.commit else 'nothing has changed, nothing was committed'}")
    return ExitCode.DONE


def is_running(database: str | None) -> bool:
    """Whether there is a server to ask: the embedded one may not run. Starts nothing."""
    settings = load_settings()
    return chosen_url(settings, database) is not None or embedded_server(settings).process_id() is not None


def status_of(database: str | None) -> DatabaseStatus:
    """Figures of a command's database."""
    settings = load_settings()
    return run_async(_manager_of(_url(settings, database), settings).status())


def print_status(found: DatabaseStatus, last: dict[str, Any] | None) -> None:
    """Figures for the reader of a terminal."""
    print(f"PostgreSQL {found.server_version}, {_size(found.bytes)}")
    for table in found.tables:
        print(f"{table.rows if table.exact else f'about {max(table.rows, 0)}':>12}  {table.name}")
    for kept in found.kept:
        print(f'kept by a restore: {kept.name}, {_size(kept.bytes)}; drop database "{kept.name}" frees it')
    print_last_dump(last)


def print_last_dump(last: dict[str, Any] | None) -> None:
    """When the last dump was made."""
    print(f"last dump: {last['created_at']:%Y-%m-%d %H:%M} UTC, {last['path']}" if last else "last dump: none in the data directory")


def last_dump(database: str | None) -> dict[str, Any] | None:
    """The newest dated dump of a command's database in the data directory."""
    settings = load_settings()
    manager = _manager_of(_url(settings, database), settings)
    for path in reversed(manager.dumps()):
        try:
            with opened_dump(path) as file:
                return {"path": path, "created_at": file.manifest.created_at, "bytes": file.bytes}
        except DumpError:  # damaged: the one before it is the last
            continue
    return None


class Shown:
    """Progress that makes way for a question, and comes back with the next news."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._tell: Callable[[str], None] | None = None

    def tell(self, text: str) -> None:
        """Show what is being done."""
        if self._tell is None:
            self._tell = self._open.enter_context(progress())
        self._tell(text)

    def clear(self) -> None:
        """Take it from the screen."""
        self._open.close()
        self._tell = None


@contextmanager
def _manager(database: str | None, shown: Shown) -> Iterator[DatabaseSyncManager]:
    settings = load_settings()
    url = chosen_url(settings, database) or embedded_server(settings).start()
    try:
        yield _manager_of(url, settings, shown.tell)
    finally:
        shown.clear()


def _url(settings: Settings, database: str | None) -> str:
    return chosen_url(settings, database) or embedded_server(settings).url()


def _manager_of(url: str, settings: Settings, tell: Callable[[str], None] = lambda _: None) -> DatabaseSyncManager:
    return DatabaseSyncManager(url, dumps_dir=settings.data_dir / "dumps", progress=tell)


def _confirm(yes: bool, source: str, shown: Shown) -> Confirm | None:
    if yes:
        return None
    if not sys.stdin.isatty():
        raise CallerError("a restore replaces the whole database, and nobody can be asked here", next_step="--yes confirms it")

    async def ask(plan: RestorePlan) -> bool:
        shown.clear()
        made = plan.manifest
        rows = f"{sum(made.rows.values())} rows of {made.created_at:%Y-%m-%d %H:%M} UTC"
        print(f"{source}: {rows}, schema {made.schema_version}", file=sys.stderr)
        for schema in plan.missing_schemas:
            print(f"not in it: schema {schema}, which stays in the old database alone", file=sys.stderr)
        for role in plan.missing_roles:
            print(f"left out: grants to {role}, a role that this server lacks", file=sys.stderr)
        print(f"Replace {plan.server} by it? [y/N]: ", end="", file=sys.stderr, flush=True)
        # Waited for on the loop: `input` would lose an interrupt that comes while it prepares the terminal.
        await wait_readable(sys.stdin)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    return ask


def _print_restored(restored: Restored, as_json: bool) -> int:
    if as_json:
        print_document(
            {
                "server": restored.server,
                "database": restored.database,
                "kept_as": restored.kept_as,
                "migrated": restored.migrated,
                "missing_roles": restored.missing_roles,
                "rows": restored.manifest.rows,
                "schema_version": restored.manifest.schema_version,
                "created_at": restored.manifest.created_at,
            }
        )
        return ExitCode.DONE
    print(f"{restored.server}: restored {sum(restored.manifest.rows.values())} rows in {len(restored.manifest.rows)} tables")
    if restored.migrated:
        print(f"{len(restored.migrated)} migrations applied, up to {restored.migrated[-1]}")
    if restored.missing_roles:
        print(f"left out: grants to {', '.join(restored.missing_roles)}, roles that this server lacks")
    if restored.kept_as:
        print(f"the old database is kept as {restored.kept_as}")
    return ExitCode.DONE


def _dump_document(made: Dump) -> dict[str, Any]:
    return {"path": made.path, "bytes": made.bytes, **made.manifest.model_dump(mode="json", exclude={"definitions"})}


def _print_dump(made: Dump) -> None:
    print(f"{made.path}: {sum(made.manifest.rows.values())} rows in {len(made.manifest.rows)} tables, {_size(made.bytes)}")


def _size(count: int | None) -> str:
    return "size not known" if count is None else f"{count / 1e6:.1f} MB"
