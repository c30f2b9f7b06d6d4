from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pytest

from greedy.errors import InputError
from greedy.formats.planning import read_planning
from greedy.formats.practice import to_problem
from greedy.formats.practice_csv import read_practice, write_practice
from greedy.formats.roster_json import parse_document, to_roster
from greedy.formats.tables import TABLES as PRACTICE_TABLES
from greedy.generate.config import GeneratorConfig
from greedy.generate.generator import MasterDataGenerator
from greedy.generate.practice import generate_practice
from greedy.generate.sinks.csv_folder import CsvFolder, config_text, roster_folder
from greedy.generate.sinks.csv_text import TABLES_OF_ALL
from greedy.generate.tables import TABLES
from greedy.model.rules import check
from tests.generate.small import SMALL, counts_of, files_in, generated_rows

ROSTER_FILES = {*(f"{name}.csv" for name in PRACTICE_TABLES), "planted.json", "planning.toml"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small practices."""
    folder = tmp_path_factory.mktemp("csv") / "out"
    MasterDataGenerator(SMALL).generate_all_master_data(folder)
    return folder


def test_a_folder_of_all_and_one_for_each_roster(folder: Path) -> None:
    of_all = {"generate.toml", *(f"{name}.csv" for name in TABLES_OF_ALL)}
    of_rosters = {f"rosters/{number:05}/{name}" for number in range(3) for name in ROSTER_FILES}
    assert set(files_in(folder)) == of_all | of_rosters
    assert [file.name for file in folder.parent.iterdir()] == ["out"]


def test_tables_of_all_practices_hold_every_row_once(folder: Path) -> None:
    for name in TABLES_OF_ALL:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        made = [["" if value is None else str(value) for value in row.values()] for row in generated_rows().get(name, [])]
        assert rows == [list(TABLES[name].columns), *made]


@pytest.mark.parametrize("number", range(SMALL.practices))
def test_the_folder_of_a_roster_is_what_the_program_writes_itself(folder: Path, tmp_path: Path, number: int) -> None:
    own = roster_folder(folder, number)
    tables = generate_practice(SMALL, number)
    assert read_practice(own) == tables
    write_practice(tables, tmp_path)
    assert {name: content for name, content in files_in(own).items() if name.endswith(".csv")} == files_in(tmp_path)


@pytest.mark.parametrize("number", range(SMALL.practices))
def test_its_planted_solution_and_its_wishes_fit_it(folder: Path, number: int) -> None:
    own = roster_folder(folder, number)
    tables = read_practice(own)
    problem = to_problem(tables, limit_worked_days=True, planning=read_planning(own / "planning.toml"))
    roster = to_roster(
        parse_document(
            (own / "planted.json").read_bytes(),
            "planted.json",
        ),
        "planted.json",
        problem,
    )
    assert list(check(problem, roster)) == []
    assert len(roster.assignments) == [row["best"] for row in generated_rows()["planted_rosters"]][number]
    assert problem.wishes or problem.requests


def test_planted_solutions_hold_every_row_once(folder: Path) -> None:
    found = [
        (one.employee_id, one.date)
        for number in range(SMALL.practices)
        for one in parse_document((roster_folder(folder, number) / "planted.json").read_bytes(), "").assignments
    ]
    assert found == [(row["employee_id"], row["date"]) for row in generated_rows()["planted_assignments"]]


def test_the_folder_tells_how_to_make_it_again(folder: Path) -> None:
    assert GeneratorConfig.model_validate(tomllib.loads((folder / "generate.toml").read_text())) == SMALL
    odd = SMALL.model_copy(update={"demand": 1e-7, "leave": 1 / 3, "seed": 2**63 - 1})
    assert GeneratorConfig.model_validate(tomllib.loads(config_text(odd))) == odd


async def test_an_empty_folder_is_filled(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "out").mkdir()
    await MasterDataGenerator(SMALL).generate([CsvFolder(tmp_path / "out")])
    assert files_in(tmp_path / "out") == files_in(folder)


async def test_the_folder_appears_at_the_end(tmp_path: Path) -> None:
    seen: list[bool] = []
    await MasterDataGenerator(SMALL).generate([CsvFolder(tmp_path / "out")], tell=lambda *_: seen.append((tmp_path / "out").exists()))
    assert seen
    assert not any(seen)


async def test_a_folder_that_the_generator_made_is_replaced_when_asked(tmp_path: Path) -> None:
    out, other = tmp_path / "out", SMALL.model_copy(update={"practices": 1, "employees": 5})
    await MasterDataGenerator(SMALL).generate([CsvFolder(out)])
    before = files_in(out)
    with pytest.raises(InputError, match="is not empty") as refused:
        await MasterDataGenerator(other).generate([CsvFolder(out)])
    assert "--force" in str(refused.value.next_step)
    assert files_in(out) == before
    summary = await MasterDataGenerator(other).generate([CsvFolder(out, replace=True)])
    assert summary.rows == counts_of(other)
    assert len(read_practice(roster_folder(out, 0)).employees) == 5
    assert not roster_folder(out, 1).exists()
    assert list(tmp_path.iterdir()) == [out]


async def test_a_folder_of_others_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("private")
    with pytest.raises(InputError, match="was not made by the generator"):
        await MasterDataGenerator(SMALL).generate([CsvFolder(tmp_path, replace=True)])
    assert files_in(tmp_path) == {"diary.txt": b"private"}
