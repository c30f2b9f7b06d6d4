"""docs/workbooks.md is true: its examples run, what it says of cells is what they are, and every sheet, column and option stands in it."""

from __future__ import annotations

import ast
import logging
import re
import shutil
import types
from pathlib import Path

import pytest
import structlog

from greedy.cli.main import app
from greedy.database import DBConnector
from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.explanations import SHEETS, column_note
from greedy.ingest.workbook.export import write_workbook
from greedy.ingest.workbook.layout import DAGDELEN, PRACTICE, WISHES, Column, Kind, Language, SheetLayout
from greedy.ingest.workbook.sheet_scan import Broken
from greedy.ingest.workbook.values import CellReader
from greedy.ingest.writing.entities import EntityTypes
from tests.cli.test_cli import Greedy
from tests.docs.test_readme import options_of
from tests.ingest.workbook.small import first_days

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "workbooks.md").read_text(encoding="utf-8")
FAULTY = ROOT / "tests" / "data" / "workbooks" / "faults-everywhere.xlsx"
NL, EN = Language


@pytest.mark.parametrize("layout", [*PRACTICE, WISHES], ids=lambda layout: layout.entity)
def test_every_sheet_and_column_is_told(layout: SheetLayout) -> None:
    lines = [f"| **{layout.label(NL)}** | **{layout.label(EN)}** | {SHEETS[layout.entity][EN]} |"]
    lines += [f"| {one.label(NL)} | {one.label(EN)} | {column_note(layout.entity, one, EN)} |" for one in layout.columns]
    assert "\n".join(lines) in DOCUMENT


CELLS = {
    "date": Kind.DATE,
    "time": Kind.TIME,
    "whole number": Kind.WHOLE,
    "yes or no": Kind.YES_NO,
    "list of dagdelen": Kind.DAGDELEN,
}


@pytest.mark.parametrize("name", CELLS)
def test_cells_are_read_as_it_says(name: str) -> None:
    row = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| {name} |"))
    _, _, read, faulty, _ = row.split("|")
    cells = CellReader(Column("field", ("Label",), CELLS[name], choices=DAGDELEN if CELLS[name] is Kind.DAGDELEN else ()))
    for values, is_fault in ((read, False), (faulty, True)):
        told = re.findall(r"`([^`]+)`", values)
        assert told
        for value in told:
            assert isinstance(cells.read(value), Broken) is is_fault, value


@pytest.mark.parametrize("option", [*options_of("import"), *options_of("template")])
def test_every_option_is_told(option: str) -> None:
    assert option in DOCUMENT


def test_every_option_exists() -> None:
    known = {*options_of("import"), *options_of("template"), *options_of("export"), *options_of("run")}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DOCUMENT)) <= known


def block(begins: str) -> str:
    """An example of output, without the command that it begins with."""
    found = re.search(rf"^ {{4}}\$ {re.escape(begins)}\n((?:    .*\n)+)", DOCUMENT, re.MULTILINE)
    assert found is not None, begins
    return re.sub("^    ", "", found[1], flags=re.MULTILINE)


def test_the_faults_are_real_output(database_url: str, tmp_path: Path) -> None:
    shutil.copy(FAULTY, tmp_path / "practice.xlsx")
    done = Greedy(tmp_path, DATABASE_URL=database_url)("import", "practice.xlsx", "--mark", "faults.xlsx")
    assert (done.returncode, done.stderr) == (1, block("greedy import practice.xlsx --mark faults.xlsx"))
    assert (tmp_path / "faults.xlsx").exists()


def test_what_is_told_of_single_sheets_is_real_output(
    database_url: str, sample: PracticeTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    practice = first_days(sample, 1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    for employees in (practice.employees[:12], practice.employees):
        capsys.readouterr()
        write_workbook(practice.model_copy(update={"employees": employees}), Path("practice.xlsx"))
        app(["import", "practice.xlsx", "--sheet", "Medewerkers", "--database", database_url], prog_name="greedy", standalone_mode=False)
    structlog.reset_defaults()
    assert capsys.readouterr().out == block("greedy import practice.xlsx --sheet Medewerkers")


async def test_the_example_of_python_runs(db: DBConnector) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    compiled = compile(code, "workbooks.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    await types.FunctionType(compiled, {"db": db})()


def test_the_declaration_is_that_of_the_example(tmp_path: Path) -> None:
    (code,) = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
    example = EntityTypes.from_toml(ROOT / "docs" / "examples" / "projects.toml")
    path = tmp_path / "types.toml"
    path.write_text(f'[entities.clients]\nid_prefix = "client"\nkey = "name"\n\n{code}', encoding="utf-8")
    assert EntityTypes.from_toml(path)["programs"] == example["programs"]
