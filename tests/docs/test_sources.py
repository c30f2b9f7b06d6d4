"""docs/sources.md is true: its examples are real output, and every script, variable and option stands in it, and none that does not exist."""

from __future__ import annotations

import importlib
import re
import types
from pathlib import Path
from typing import Any

import pytest
import typer

from greedy.cli import steps
from greedy.database import DBConnector
from greedy.formats.tables import PracticeTables
from greedy.ingest.records.quality import MISMATCH, MISSING_FIELD, MISSING_SOURCE
from greedy.ingest.records.steps import RunSummary, StepOptions, tell_nobody
from greedy.settings import Settings
from greedy.store.postgres import PostgresStore
from tests.docs.test_readme import commands
from tests.scripts.test_chain import Scripts, scripts  # noqa: F401  a fixture

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
NAMES = sorted(path.stem for path in (ROOT / "scripts").glob("*.py") if "run_script(" in path.read_text(encoding="utf-8"))
MODULES = {name: importlib.import_module(f"scripts.{name}") for name in NAMES}
VARIABLES = {field.upper() for module in MODULES.values() for field in module.Settings.model_fields}


def options_of(name: str) -> set[str]:
    """The options of a script."""
    program = typer.Typer(add_completion=False)
    program.command()(steps._command(MODULES[name].step, MODULES[name].Settings))
    return {option for parameter in typer.main.get_command(program).params for option in parameter.opts} - {"--help"}


OPTIONS = set().union(*map(options_of, NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_every_script_is_told_with_its_variables_and_defaults(name: str) -> None:
    assert (ROOT / "scripts" / name).is_file()
    assert f"scripts/{name}" in DOCUMENT
    rows = re.search(rf"^\| `(?:scripts/)?{name}` \|.*\n(?:\| \|.*\n)*", DOCUMENT, re.MULTILINE)
    assert rows is not None
    assert set(re.findall(r"`([A-Z_]+)`", rows[0])) == {field.upper() for field in MODULES[name].Settings.model_fields}
    for field, info in MODULES[name].Settings.model_fields.items():
        line = next(line for line in rows[0].splitlines() if f"`{field.upper()}`" in line)
        assert info.default in (None, "", False) or info.is_required() or str(info.default) in line, field


def test_no_script_variable_or_option_is_told_that_does_not_exist() -> None:
    assert {"bench_ingest", *NAMES} == set(re.findall(r"scripts/(\w+)", DOCUMENT))
    of_all = {str(info.validation_alias or name.upper()) for name, info in Settings.model_fields.items()}
    assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", DOCUMENT)) <= VARIABLES | of_all | {"ROSTER_ID"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DOCUMENT)) <= OPTIONS
    assert set(re.findall(r"(?:`|^ {4,})(greedy [a-z]+)", DOCUMENT, re.MULTILINE)) <= set(commands())


def test_every_option_of_all_scripts_is_told() -> None:
    for option in set.intersection(*map(options_of, NAMES)):
        assert f"`{option}" in DOCUMENT


def block(command: str) -> str:
    """What follows a command in an example, as lines without what the clock makes."""
    found = re.search(rf"^( *)\$ {re.escape(command)}\n((?:\1(?!```).+\n)+)", DOCUMENT, re.MULTILINE)
    assert found is not None, command
    return timeless([line.removeprefix(found[1]) for line in found[2].splitlines()])


def timeless(lines: Any) -> str:
    """Without seconds, years of today, and numbers of changes."""
    return re.sub(r"\d+\.\d s|window: .*|watermark: \d+", "n", "\n".join(lines))


def said(summary: RunSummary) -> str:
    return timeless(steps.summary_lines(summary))


async def test_employees_with_a_fault(scripts: Scripts) -> None:  # noqa: F811
    people = [f"E{number:04};Anna;Groen;2020-01-01" for number in range(1, 121)]
    lines = ["Nummer;Voornaam;Team;In dienst", *people, "E0121;Anna;Groen;2026-02-30"]
    (scripts.folder / "hr.csv").write_text("\n".join(lines), encoding="utf-8")
    assert said(await scripts.here("ingest_hr_employees")) == block("scripts/ingest_hr_employees --hr-employees-file hr.csv")


async def test_employees_that_have_changed(scripts: Scripts) -> None:  # noqa: F811
    file = scripts.folder / "staff.csv"
    scripts.environment |= {"HR_EMPLOYEES_FILE": str(file), "HR_COLUMNS": "Persnr=id"}
    people = [f"{number:03};Anna;Groen;" for number in range(20)]
    file.write_text("\n".join(["Persnr;Roepnaam;Team;Kamer", *people]), encoding="utf-8")
    await scripts.here("ingest_hr_employees")
    changed = [*people[1:3], "003;Bram;Groen;", *people[4:], "020;Cor;Oranje;", "004;twice;Groen;", "005"]
    file.write_text("\n".join(["Persnr;Roepnaam;Team;Kamer", *changed]), encoding="utf-8")
    example = block('scripts/ingest_hr_employees --hr-employees-file staff.csv --hr-columns "Persnr=id"')
    assert said(await scripts.here("ingest_hr_employees")) == example


async def test_employees_of_two_systems(scripts: Scripts) -> None:  # noqa: F811
    await scripts.here("ingest_hr_employees")
    await scripts.here("enrich_employees")
    assert said(await scripts.here("transform_employees")) == block("scripts/transform_employees --employees-systems hr,contacts")


async def test_absences(scripts: Scripts, store: PostgresStore, sample: PracticeTables) -> None:  # noqa: F811
    await store.import_tables(sample)
    scripts.leave(("Anna Mulder", "20251124", "20251127"), ("Anna", "20251124", "20251127"))
    await scripts.here("ingest_absences")
    assert said(await scripts.here("transform_absences")) == block("scripts/transform_absences")


async def test_a_script_of_your_own(db: DBConnector, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    module = types.ModuleType("ingest_things")
    exec(compile(code, "sources.md", "exec", dont_inherit=True), module.__dict__)  # noqa: S102  our own document
    (tmp_path / "things.txt").write_text("one\ntwo\n", encoding="utf-8")
    summary = await module.step(db, module.Settings(things_file=tmp_path / "things.txt"), StepOptions(), tell_nobody)
    assert (summary.created, summary.faulty) == (2, 0)


async def test_the_query_runs(db: DBConnector) -> None:
    (query,) = re.findall(r"^ {4}(select .* from meta\..*);$", DOCUMENT, re.MULTILINE)
    await db.execute(query, fetch_all=True)


async def test_every_table_is_told_and_who_reads_it(db: DBConnector) -> None:
    found = "select schemaname || '.' || tablename as name, schemaname || '.' || tablename as table from pg_tables where schemaname in ('bronze', 'meta')"
    reads = "select has_table_privilege('authenticated', $1, 'select')"
    for row in await db.execute(found, fetch_all=True):
        line = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| `{row['name']}` |"))
        assert ("signed in" in line) is await db.execute(reads, [row["table"]], fetch_val=True)


def test_flags_cost_what_it_says() -> None:
    for flag, cost in {"missing_source:contacts": MISSING_SOURCE, "missing:email": MISSING_FIELD, "mismatch:team": MISMATCH}.items():
        assert f"| `{flag}` | {cost} |" in DOCUMENT


def test_names_of_python_exist() -> None:
    section = DOCUMENT[DOCUMENT.index("### In Python") :].partition("\n## ")[0]
    for module, name in re.findall(r"`(\w+)\.(\w+)(?:\(.*?\))?`", section):
        assert hasattr(importlib.import_module(f"greedy.ingest.sources.{module}"), name)
