"""The command that makes synthetic practices: generate."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from greedy.cli.console import ExitCode, JsonOption, SchemaOption, print_document, report_failure
from greedy.cli.job import Job, StoppedError
from greedy.cli.running import tell_stopped
from greedy.errors import OutsideError
from greedy.generate.config import GeneratorConfig
from greedy.generate.config_file import read_config
from greedy.log import collected

if TYPE_CHECKING:
    from greedy.cli.generate_sinks import Watched
    from greedy.generate.sinks.running import Tell
    from greedy.generate.summary import GenerationSummary

log = structlog.get_logger()


def _option(key: str) -> Any:  # noqa: ANN401  typer's
    return typer.Option(f"--{key}", metavar="N", show_default=False, help=GeneratorConfig.model_fields[key].description)


def generate(
    practices: Annotated[int | None, _option("practices")] = None,
    employees: Annotated[int | None, _option("employees")] = None,
    weeks: Annotated[int | None, _option("weeks")] = None,
    seed: Annotated[int | None, _option("seed")] = None,
    demand: Annotated[float | None, _option("demand")] = None,
    tightness: Annotated[float | None, _option("tightness")] = None,
    shortage: Annotated[float | None, _option("shortage")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="These and more as TOML, see docs/generate.md. Options go before it.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="sqlite:///FILE", help="SQLite file to make.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="DIR", help="Folder of CSV files to make.")] = None,
    database: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="PostgreSQL database to add the practices to; migrated.")
    ] = None,
    schema: SchemaOption = None,
    add: Annotated[bool, typer.Option("--add", help="The database may hold employees that no generator made.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file or folder that the generator made before.")] = False,
    no_parallel: Annotated[bool, typer.Option("--no-parallel", help="One process: slower, and less memory.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Make synthetic practices, each with a roster whose best coverage is known: as SQLite, CSV, in PostgreSQL, or several at once."""
    from greedy.cli.generate_sinks import chosen_sinks

    options = {
        "practices": practices,
        "employees": employees,
        "weeks": weeks,
        "seed": seed,
        "demand": demand,
        "tightness": tightness,
        "shortage": shortage,
    }
    chosen = read_config(config, options)
    sinks = chosen_sinks(to, csv, database, schema, add=add, force=force)
    with Job() as job:
        try:
            summary = job.run(_generated(job, chosen, sinks, parallel=not no_parallel, quiet=as_json))
        except StoppedError as exc:
            return tell_stopped(exc, as_json=as_json)
    _tell_summary(chosen, summary, sinks, as_json=as_json)
    for sink in summary.sinks:
        if sink.failed is not None:
            report_failure(OutsideError(sink.failed, next_step=sink.next_step), as_json=False)
    return ExitCode.DONE if summary.complete else ExitCode.OUTSIDE


async def _generated(job: Job, config: GeneratorConfig, sinks: list[Watched], *, parallel: bool, quiet: bool) -> GenerationSummary:
    """Generate into the sinks. Asked to end, it ends at once: each sink has taken everything or nothing."""
    from greedy.cli.generate_sinks import what_was_written
    from greedy.generate.generator import MasterDataGenerator

    try:
        with _progress(config, sinks, quiet) as tell:
            return await MasterDataGenerator(config).generate(sinks, parallel=parallel, tell=tell)
    except asyncio.CancelledError:
        if job.stop.why is None:
            raise
        raise job.stopped(what_was_written(sinks)) from None


@contextmanager
def _progress(config: GeneratorConfig, sinks: list[Watched], quiet: bool) -> Iterator[Tell]:
    """A bar of the rosters on a terminal, otherwise a line of the log for every 10,000 rows of a table."""
    if quiet or not sys.stderr.isatty():
        yield lambda table, rows, total: log.info(
            "generate.progress", message=inserted(table, rows, total), table=table, rows=rows, total=total
        )
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    what = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
    columns = (TextColumn("rosters"), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), what)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=config.practices)
        yield lambda table, rows, total: bar.update(
            task, completed=max(sink.rosters for sink in sinks), description=inserted(table, rows, total)
        )


def inserted(table: str, rows: int, total: int | None) -> str:
    """`Inserted 10,000 / 100,000 rows into employees`."""
    return f"Inserted {rows:,}{'' if total is None else f' / {total:,}'} rows into {table}"


def _tell_summary(config: GeneratorConfig, summary: GenerationSummary, sinks: list[Watched], *, as_json: bool) -> None:
    """What was generated: one JSON document, one event where lines are collected, or lines to read."""
    told = {"success": summary.complete, "config": config.model_dump(mode="json"), **summary.model_dump(mode="json")}
    if as_json:
        print_document(told)
    log.info("generate.done", **told)
    if not as_json and not collected():
        from greedy.generate.people.population import staff_of

        for line in summary_lines(config, summary):
            print(line)
        roster_id = staff_of(config, range(1)).roster_ids[0]
        for step in [step for sink in sinks if sink.finished for step in sink.next_steps(roster_id, config.practices)]:
            print(f"next: {step}")


def summary_lines(config: GeneratorConfig, summary: GenerationSummary) -> Iterator[str]:
    """A summary for people."""
    days = f"{config.weeks} weeks from {config.first_day}"
    people = f"{_many(summary.practices, 'practice')} with {_many(summary.employees, 'employee')}"
    yield f"generated {people}, {days}, seed {config.seed}, in {summary.seconds:.1f} s"
    can = "all of them can be filled" if not summary.shortage else f"{summary.best:,} can be filled, and no more"
    yield f"  {summary.required:,} shifts asked for; {can}"
    for sink in summary.sinks:
        yield f"  {sink.name}: " + (f"{sink.rows:,} rows" if sink.failed is None else "failed")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
