"""The files beside the tables of a roster are read by the commands that they are for."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

from greedy.formats.planning import Planning, read_planning
from greedy.formats.practice import to_problem
from greedy.formats.roster_json import parse_document, to_roster
from greedy.generate.config import GeneratorConfig
from greedy.generate.planting.documents import planning_document, planted_document
from greedy.generate.practice import GeneratedPractice, generated
from greedy.generate.services import SERVICE_IDS
from greedy.model.rules import check
from tests.generate.planted import planted_roster


def _practice() -> GeneratedPractice:
    return generated(GeneratorConfig(seed=4, wishes=1))


def _planning(practice: GeneratedPractice, folder: Path) -> Planning:
    rows = practice.wishes
    text = planning_document(
        [row.employee_id for row in rows],
        [row.wants for row in rows],
        [row.date for row in rows],
        [None if row.service_id is None else str(row.service_id) for row in rows],
    )
    (folder / "planning.toml").write_text(text, encoding="utf-8")
    return read_planning(folder / "planning.toml")


def test_the_planted_document_is_the_planted_solution() -> None:
    practice = _practice()
    problem, rows = to_problem(practice.tables), practice.planted
    text = planted_document(
        problem.roster_id, [row.employee_id for row in rows], [row.date for row in rows], [str(row.service_id) for row in rows]
    )
    roster = to_roster(parse_document(text, "planted.json"), "planted.json", problem)
    assert len(roster.assignments) == practice.known.best
    assert roster == planted_roster(practice, problem)
    assert check(problem, roster) == []


def test_a_planning_file_holds_every_wish(tmp_path: Path) -> None:
    practice = _practice()
    problem = to_problem(practice.tables, planning=_planning(practice, tmp_path))
    numbers = {employee.id: number for number, employee in enumerate(problem.employees)}
    services = {service.id: number for number, service in enumerate(problem.services)}
    assert {(one.employee, problem.date_of(one.day), one.wanted) for one in problem.requests} == {
        (numbers[row.employee_id], row.date, row.wants == "work") for row in practice.wishes if row.date
    }
    assert {(number, service) for number, one in enumerate(problem.employees) for service in one.preferred} == {
        (numbers[row.employee_id], services[str(row.service_id)]) for row in practice.wishes if row.service_id
    }


def test_the_planted_solution_is_legal_under_the_planning_file(tmp_path: Path) -> None:
    practice = _practice()
    problem = to_problem(practice.tables, planning=_planning(practice, tmp_path))
    assert check(problem, planted_roster(practice, problem)) == []


def test_no_wishes_are_a_planning_file_too(tmp_path: Path) -> None:
    (tmp_path / "planning.toml").write_text(planning_document([], [], [], []), encoding="utf-8")
    assert read_planning(tmp_path / "planning.toml").file.requests == []


def test_no_work_is_a_roster_document_too() -> None:
    assert parse_document(planted_document("r", [], [], []), "planted.json").assignments == []


def test_names_are_quoted() -> None:
    name = 'Zoë "de" \\ Vries 😀'
    text = planning_document([name, name], ["preferred", "off"], [None, dt.date(2026, 1, 5)], [SERVICE_IDS[0], None])
    data = tomllib.loads(text)
    assert data["employees"] == {name: {"preferred": ["DIO"]}}
    assert data["requests"] == [{"employee": name, "dates": [dt.date(2026, 1, 5)], "wants": "off"}]
    assert parse_document(planted_document("r", [name], [dt.date(2026, 1, 5)], [SERVICE_IDS[4]]), "x").assignments[0].employee_id == name
