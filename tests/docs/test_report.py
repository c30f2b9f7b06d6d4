"""docs/report.md is true: every option, format, status and key stands in it, and the schema beside it is the program's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import jsonschema_rs
import pytest
import typer
from pydantic import BaseModel

from greedy.cli.main import app
from greedy.cli.reporting import Paper, ReportLanguage
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.roster import Roster
from greedy.report import model
from greedy.report.comparison import ComparisonLine, EmployeeChange
from greedy.report.counts import FairnessKind
from greedy.report.rendering import Format
from greedy.report.reporter import NEAR_COMPLETE_PERCENT, PARTIAL_PERCENT
from greedy.report.schema import report_schema
from greedy.reporting import report_solved, under_law
from greedy.solve.process import solve_apart
from greedy.wording import Words, words_of

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "report.md").read_text(encoding="utf-8")
PARTS: dict[str, tuple[type[BaseModel], ...]] = {
    "metadata": (model.Metadata,),
    "coverage": (model.CoverageSummary,),
    "services": (model.NamedCoverage, model.WeekCoverage, model.DayCoverage),
    "employees": (model.EmployeeLoad,),
    "open_demand": (model.OpenDemandLine,),
    "slots": (model.SlotSummary,),
    "blocked": (model.BlockedLine,),
    "unavailable": (model.UnavailableLine,),
    "fairness": (model.Fairness,),
    "bottlenecks": (model.Bottleneck,),
    "rules": (model.RuleLine,),
    "violations": (model.ViolationLine,),
    "conflicts": (model.ConflictLine,),
    "gave_way": (model.CostLine,),
    "law": (model.LawLine,),
    "working_time": (model.WorkingTimeLine,),
    "changes": (model.Changes,),
    "comparison": (model.Comparison, EmployeeChange, ComparisonLine),
    "solver": (model.SolverSummary,),
}


def told(key: str) -> str:
    return next(line for line in DOCUMENT.splitlines() if line.startswith("|") and f"`{key}`" in line.split("|")[1])


@pytest.mark.parametrize("key", model.Report.model_fields)
def test_every_key_of_the_report_is_told(key: str) -> None:
    assert told(key)


@pytest.mark.parametrize("key", PARTS)
def test_every_key_of_its_parts_is_told(key: str) -> None:
    of_all = set(model.CoverageCount.model_fields) if key == "services" else set()
    assert {field for part in PARTS[key] for field in part.model_fields if f"`{field}`" not in told(key)} <= of_all


def test_every_option_and_format_is_told() -> None:
    command = typer.main.get_command(app).commands["report"]  # type: ignore[attr-defined]  # a group
    options = {max(parameter.opts, key=len) for parameter in command.params if parameter.opts[0].startswith("-")}
    assert {option for option in options if f"`{option}" not in DOCUMENT} == {"--database", "--schema"}  # those of nearly every command
    assert [one for one in (*Format, *ReportLanguage, *Paper) if f"`{one}`" not in DOCUMENT] == []


def test_every_status_and_kind_is_told() -> None:
    percents = dict(re.findall(r"`([A-Z ]+)`: (\d+) % or more", DOCUMENT))
    assert percents == {"NEAR COMPLETE": f"{NEAR_COMPLETE_PERCENT:.0f}", "PARTIAL": f"{PARTIAL_PERCENT:.0f}"}
    assert [one for one in get_args(model.SummaryStatus) if f"`{one}`" not in DOCUMENT] == []
    assert [one for one in get_args(FairnessKind) if one not in DOCUMENT] == []


def test_the_schema_is_the_one_that_is_published() -> None:
    shown = subprocess.run([sys.executable, "-m", "greedy", "report", "--json-schema"], capture_output=True, text=True, check=True).stdout
    assert (DOCS / "report.schema.json").read_text(encoding="utf-8") == shown == report_schema()


@pytest.mark.parametrize("words", [words_of("en"), words_of("nl")], ids=lambda words: words.language)
def test_a_report_keeps_to_the_schema(sample: PracticeTables, words: Words) -> None:
    problem = under_law(to_problem(sample, wishes=True))
    solved = solve_apart(problem, "greedy")
    report = report_solved(problem, solved, name="Rooster", words=words, before=Roster.of(problem.pinned))
    validator = jsonschema_rs.validator_for(json.loads(report_schema()))
    document = report.model_dump(mode="json")
    assert [error.message for error in validator.iter_errors(document)] == []
    assert [error.message for error in validator.iter_errors({**document, "status": "FULL", "more": 1})] != []
