"""Seed data: in key order, the same however often, every fault told, and nothing loaded when there is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from greedy.database.connector import DBConnector
from greedy.database.testing.seed import load_seed_data
from greedy.errors import InputError

DIO, DIA, ROSTER = (f"0000000{n}-0000-4000-8000-000000000000" for n in (1, 2, 3))
SEED: dict[str, Any] = {
    "_protected": ["service_blocking_rules"],
    "roster_assignments": [
        {"id": "00000005-0000-4000-8000-000000000000", "roster_id": ROSTER, "employee_id": "E1", "date": "2026-01-05", "dagdeel": "O",
         "status": 1, "service_id": DIO, "source": "manual"}
    ],
    "rosters": [{"id": ROSTER, "naam": "Seed", "start_date": "2026-01-05", "end_date": "2026-01-18"}],
    "service_types": [
        {"id": DIO, "code": "DIO", "naam": "Dag", "dagdeel": "O", "begintijd": "09:00", "eindtijd": "18:00", "duur_minuten": 540, "gekoppeld_aan": "DIA"},
        {"id": DIA, "code": "DIA", "naam": "Nacht", "dagdeel": "A", "begintijd": "18:00", "eindtijd": "09:00", "duur_minuten": 900},
    ],
    "employees": [
        {"id": "E1", "voornaam": "Anna", "team": "Groen", "structureel_nbh": {"ma": ["O"]}},
        {"id": "E2", "voornaam": "Bo", "team": "Oranje", "_protected": False},
    ],
}  # fmt: skip


async def contents(db: DBConnector) -> list[str]:
    rows = [await db.execute(f"select t::text || t.xmin from {name} t order by 1", fetch_all=True) for name in SEED if name != "_protected"]
    return [row[0] for table in rows for row in table]


async def test_rows_are_loaded_in_key_order_and_a_repeat_changes_nothing(db: DBConnector, tmp_path: Path) -> None:
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(SEED))
    first = await load_seed_data(db, file)
    assert first.changed == {"employees": 2, "service_types": 2, "rosters": 1, "roster_assignments": 1}
    before = await contents(db)
    again = await load_seed_data(db, SEED)
    assert (again.changed, await contents(db)) == ({}, before)
    assert again.protected == first.protected
    assert list(first.protected.tables) == ["service_blocking_rules"]
    assert first.protected.keys["employees"] == [{"id": "E1"}]


async def test_only_what_differs_is_written_and_other_columns_stay(db: DBConnector) -> None:
    await load_seed_data(db, SEED)
    await db.execute("update employees set email = 'a@b.nl', voornaam = 'Other' where id = 'E1'")
    assert (await load_seed_data(db, SEED)).changed == {"employees": 1}
    assert tuple(await db.execute("select voornaam, email from employees where id = 'E1'", fetch_row=True)) == ("Anna", "a@b.nl")


async def test_every_fault_of_the_document_is_told_with_its_row_and_column(db: DBConnector) -> None:
    with pytest.raises(InputError, match="7 faults; nothing was loaded") as caught:
        await load_seed_data(
            db,
            {
                "employes": [],
                "rosters": {"id": 1},
                "roster_slot_counts": [],
                "employees": [{"id": "E1", "voornaam": "A", "team": "Groen", "surname": 1}, {"voornaam": "B"}, 7],
            },
        )
    assert [fault.partition(". Did")[0].partition("; it has")[0] for fault in caught.value.details] == [
        "schema 'public' of " + db.server + " has no table 'employes'",
        "rosters: expected a list of rows",
        "roster_slot_counts: it has no primary key, so a repeat could not know its rows",
        "employees row 1: table employees has no column surname",
        "employees row 2: id: the primary key has to be given",
        "employees row 2: team: a value is needed",
        "employees row 3: expected an object of columns and values",
    ]


async def test_every_row_that_the_database_refuses_is_told_and_nothing_is_loaded(db: DBConnector) -> None:
    wrong = json.loads(json.dumps(SEED))
    wrong["employees"][0]["team"] = "Blauw"
    wrong["employees"][1]["aantalwerkdagen"] = "many"
    wrong["service_types"][1]["gekoppeld_aan"] = "XXX"
    wrong["roster_assignments"][0]["date"] = "2027-01-01"
    wrong["roster_assignments"].append(wrong["roster_assignments"][0] | {"id": DIA, "employee_id": "E9", "date": "2026-01-06"})
    with pytest.raises(InputError, match="nothing was loaded") as caught:
        await load_seed_data(db, wrong)
    starts = [": ".join(fault.split(": ")[:2]) for fault in caught.value.details]
    assert starts == [
        "employees row 1: team",
        "employees row 2: aantalwerkdagen",
        "service_types row 2: gekoppeld_aan",
        "roster_assignments row 2: employee_id",
    ], caught.value.details
    assert await contents(db) == []
    wrong["employees"], wrong["service_types"] = SEED["employees"], SEED["service_types"]
    with pytest.raises(InputError) as caught:
        await load_seed_data(db, wrong)
    assert [fault.split(": ")[0] for fault in caught.value.details] == ["roster_assignments row 1", "roster_assignments row 2"]
    assert "lies outside the roster" in caught.value.details[0]


async def test_rows_of_one_table_may_refer_to_each_other_in_any_order_and_numbers_are_not_given_twice(db: DBConnector) -> None:
    await db.execute(
        "create table parts (id int generated always as identity primary key, whole int references parts, name text not null default 'x', "
        "twice int generated always as (id * 2) stored)"
    )
    seed = {"parts": [{"id": 1, "whole": 2}, {"id": 2, "whole": 1, "name": "two"}, {"id": 7}]}
    assert (await load_seed_data(db, seed)).changed == {"parts": 3}
    assert (await load_seed_data(db, seed)).changed == {}
    assert await db.execute("insert into parts default values returning id", fetch_val=True) > 7
    with pytest.raises(InputError) as caught:
        await load_seed_data(db, {"parts": [{"id": 1, "whole": 99}, {"id": 3, "whole": 4}, {"id": 4, "whole": 3, "name": None}]})
    assert [fault.split(":")[0] for fault in caught.value.details] == ["parts row 1", "parts row 3"]
    with pytest.raises(InputError) as caught:
        await load_seed_data(db, {"parts": [{"id": 1, "twice": 9}, {"ID": 1}]})
    assert caught.value.details == ("parts row 1: twice: the database computes it", "parts row 2: id: the same key as row 1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "seed data is {table: \\[rows\\]}"),
        ('{"a": 1', "is not JSON: line 1"),
        ('{"employees": [{"aantalwerkdagen": NaN}]}', "NaN, which is not JSON"),
        ('{"employees": [], "employees": []}', "employees twice in one object"),
        ("[" * 100_000, "is not JSON that can be read"),
        ('{"employees": [{"id": ' + "1" * 5000 + "}]}", "is not JSON that can be read"),
        ('{"employees": [{"id": "E1", "voornaam": "A", "team": "Groen", "_protected": "no"}]}', "1 faults"),
    ],
)
async def test_what_is_not_such_a_document_is_refused(db: DBConnector, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "seed.json").write_text(text)
    with pytest.raises(InputError, match=message):
        await load_seed_data(db, tmp_path / "seed.json")
    with pytest.raises(InputError, match="cannot be read"):
        await load_seed_data(db, tmp_path / "nothing.json")


@pytest.mark.parametrize("source", [None, 5, [], {"employees": [{"id": "\ud800"}]}])
async def test_what_is_no_document_at_all_is_refused(db: DBConnector, source: Any) -> None:
    with pytest.raises(InputError, match="seed data "):
        await load_seed_data(db, source)
