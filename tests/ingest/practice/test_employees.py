"""What several systems say of employees becomes one row each."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.ingest.practice.employee_contacts import EmployeeContacts, EnrichEmployees, numbers_by_address
from greedy.ingest.practice.employee_values import understood
from greedy.ingest.practice.employees import KEY_FIELDS, TransformEmployees
from greedy.ingest.records.transforms import BronzeRecord, Outcome, Transformed
from greedy.ingest.sources.base import FaultyRecord, SourceRecord

TODAY = dt.date(2026, 1, 15)
ANNA = {"id": "E1", "voornaam": "Anna", "achternaam": "Mulder", "email": "anna@praktijk.example", "team": "Groen"}
CONTACT = {"email": "anna@praktijk.example"}


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("team", " groen ", "Groen"),
        ("team", "Orange", "Oranje"),
        ("voornaam", "  Anna \t Maria ", "Anna Maria"),
        ("dienstverband", 36, "36"),
        ("aantalwerkdagen", "18", 18),
        ("aantalwerkdagen", 18.0, 18),
        ("aantalwerkdagen", "18,0", 18),
        ("actief", "Ja", True),
        ("actief", False, False),
        ("actief", 0, False),
        ("actief", "1.0", True),
        ("uit_dienst", "2026-01-31", dt.date(2026, 1, 31)),
        ("uit_dienst", "2026-01-31T00:00:00", dt.date(2026, 1, 31)),
        ("structureel_nbh", {"wo": ["A", "O"], "ma": []}, {"wo": ["O", "A"]}),
        ("structureel_nbh", '{"Monday": ["ochtend"]}', {"ma": ["O"]}),
        ("structureel_nbh", "ma O M, wo: A; vr", {"ma": ["O", "M"], "wo": ["A"], "vr": ["O", "M", "A"]}),
        ("structureel_nbh", "dinsdag OM", {"di": ["O", "M"]}),
        ("structureel_nbh.ma", "O M", {"ma": ["O", "M"]}),
        ("structureel_nbh.ma", "-", {}),
    ],
)
def test_values_are_understood_as_people_write_them(field: str, written: object, value: object) -> None:
    said = understood({field: written})
    assert said.values == {field.partition(".")[0]: value}
    assert said.unclear == {}


@pytest.mark.parametrize(
    ("field", "written", "why"),
    [
        ("team", "Grön", "team: 'Grön' is none of Groen, Oranje, Overig"),
        ("voornaam", ["Anna"], "voornaam: \"['Anna']\" is no text"),
        ("email", "anna at home", "email: 'anna at home' is no e-mail address"),
        ("email", "anna@", "email: 'anna@' is no e-mail address"),
        ("aantalwerkdagen", "18,5", "aantalwerkdagen: '18,5' is no whole number"),
        ("aantalwerkdagen", "inf", "aantalwerkdagen: 'inf' is no whole number"),
        ("actief", "misschien", "actief: 'misschien' is neither yes nor no"),
        ("uit_dienst", "31-13-2026", "uit_dienst: '31-13-2026' is no date, as 2026-01-31"),
        ("structureel_nbh", "{" * 9, 'structureel_nbh: \'{{{{{{{{{\' is no weekly absence, as {"ma": ["O", "M"]} or "ma O M, wo A"'),
        ("structureel_nbh", "maandag X", 'structureel_nbh: \'maandag X\' is no weekly absence, as {"ma": ["O", "M"]} or "ma O M, wo A"'),
        ("structureel_nbh", [1], 'structureel_nbh: \'[1]\' is no weekly absence, as {"ma": ["O", "M"]} or "ma O M, wo A"'),
        ("structureel_nbh", {"ma": 3}, 'structureel_nbh: "{\'ma\': 3}" is no weekly absence, as {"ma": ["O", "M"]} or "ma O M, wo A"'),
    ],
)
def test_values_that_make_no_sense_are_told(field: str, written: object, why: str) -> None:
    said = understood({field: written})
    assert said.unclear == {field: why}
    assert said.values == {}


def test_blank_values_say_nothing() -> None:
    assert understood({"team": "", "email": "  ", "actief": None, "structureel_nbh.ma": "", "other": "x"}) == understood({})


def hr(key: str = "E1", *, system: str = "hr", gone: bool = False, second: dict[str, Any] | None = None, **fields: Any) -> BronzeRecord:
    data = {name: value for name, value in ({**ANNA, "id": key} | fields).items() if value is not ...}
    return BronzeRecord(system, key, key, data, change_no=1, enriched_data=second or {}, gone=gone)


class Silver:
    """The table of employees, and a transform into it."""

    def __init__(self, db: DBConnector) -> None:
        self.db = db
        self.systems: tuple[str, ...] = ("hr",)
        self.today = TODAY
        self.run_id = uuid4()

    async def write(self, *records: BronzeRecord) -> dict[str, Transformed]:
        """Bring them in as one batch, and keep the qualities as a run does."""
        entities: dict[str, list[BronzeRecord]] = {}
        for record in records:
            entities.setdefault(record.entity_key, []).append(record)
        async with self.db.transaction() as connection:
            done = await TransformEmployees(self.systems, today=self.today).write(connection, entities)
        await self.db.execute(
            "insert into meta.ingestion_runs (run_id, practice, step, source_system, entity_type) "
            "values ($1, 'public', 'transform', '*', 'employees') on conflict do nothing", [self.run_id])  # fmt: skip
        for key, one in done.items():
            if one.quality is not None:
                await self.db.execute(
                    "insert into meta.entity_quality values ('public', 'employees', $1, $2, $3, $4) on conflict (practice, entity_type, "
                    "entity_key) do update set score = excluded.score, flags = excluded.flags",
                    [key, one.quality.score, list(one.quality.flags), self.run_id],
                )
        return done

    async def row(self, key: str = "E1") -> dict[str, Any] | None:
        row = await self.db.execute("select * from employees where id = $1", [key], fetch_row=True)
        return None if row is None else dict(row)

    async def versions(self) -> list[Any]:
        return await self.db.execute("select id, xmin::text as version from employees order by id", fetch_all=True)


@pytest.fixture
def silver(db: DBConnector) -> Silver:
    return Silver(db)


async def test_a_new_employee_an_unchanged_one_and_a_changed_one(silver: Silver) -> None:
    first = await silver.write(hr("E1"), hr("E2", voornaam="Bo"))
    assert [one.outcome for one in first.values()] == [Outcome.CREATED, Outcome.CREATED]
    row = await silver.row()
    assert row is not None
    assert (row["voornaam"], row["team"], row["actief"], row["structureel_nbh"]) == ("Anna", "Groen", True, "{}")
    before = await silver.versions()
    assert {one.outcome for one in (await silver.write(hr("E1"), hr("E2", voornaam="Bo"))).values()} == {Outcome.UNCHANGED}
    assert await silver.versions() == before
    changed = await silver.write(hr("E1", team="oranje"), hr("E2", voornaam="Bo"))
    assert [changed[key].outcome for key in ("E1", "E2")] == [Outcome.UPDATED, Outcome.UNCHANGED]
    assert (await silver.versions())[1] == before[1]


async def test_what_no_source_says_stays_as_the_planner_left_it(silver: Silver) -> None:
    await silver.write(hr(dienstverband="Maat"))
    await silver.db.execute(
        'update employees set aantalwerkdagen = 9, structureel_nbh = \'{"ma": ["M", "O"]}\', dienstverband = \'Waarneming\''
    )
    assert (await silver.write(hr(dienstverband="")))["E1"].outcome is Outcome.UNCHANGED
    row = await silver.row()
    assert row is not None
    assert (row["aantalwerkdagen"], row["dienstverband"]) == (9, "Waarneming")
    assert (await silver.write(hr(team=...)))["E1"].outcome is Outcome.UNCHANGED
    assert (await silver.write(hr(dienstverband="Maat")))["E1"].outcome is Outcome.UPDATED


async def test_the_first_system_decides_and_second_sources_fill(silver: Silver) -> None:
    silver.systems = ("hr", "old", "contacts")
    second = {"contacts": {"email": "other@praktijk.example", "dienstverband": "Loondienst"}}
    done = await silver.write(hr(system="old", team="Oranje", aantalwerkdagen=12), hr(dienstverband="", second=second))
    row = await silver.row()
    assert row is not None
    assert (row["team"], row["email"], row["dienstverband"], row["aantalwerkdagen"]) == ("Groen", ANNA["email"], "Loondienst", 12)
    quality = done["E1"].quality
    assert quality is not None
    assert (quality.score, quality.flags) == (Decimal("0.90"), ("mismatch:email", "mismatch:team"))


async def test_quality_tells_missing_sources_and_fields(silver: Silver) -> None:
    silver.systems = ("hr", "contacts")
    done = await silver.write(hr(email="", achternaam=...))
    quality = done["E1"].quality
    assert quality is not None
    assert (quality.score, quality.flags) == (Decimal("0.80"), ("missing_source:contacts", "missing:achternaam", "missing:email"))


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (hr(team=...), "no source says what team is"),
        (hr(team="Grön", voornaam=...), "team: 'Grön' is none of Groen, Oranje, Overig (hr)"),
        (hr(aantalwerkdagen=400), "aantalwerkdagen: Input should be less than or equal to 366"),
        (hr(email="anna"), "email: 'anna' is no e-mail address (hr)"),
    ],
)
async def test_a_faulty_record_says_why_and_the_others_pass(silver: Silver, record: BronzeRecord, why: str) -> None:
    done = await silver.write(record, hr("E2"))
    fault = done["E1"].outcome
    assert isinstance(fault, FaultyRecord)
    assert fault.message.startswith(why)
    assert (fault.place, fault.external_id) == ("employee E1", "E1")
    assert done["E2"].outcome is Outcome.CREATED
    assert await silver.row("E1") is None


async def test_a_number_that_is_none_is_faulty(silver: Silver) -> None:
    outcome = (await silver.write(hr("E" * 65)))["E" * 65].outcome
    assert isinstance(outcome, FaultyRecord)


async def test_who_is_gone_from_all_systems_becomes_inactive_and_active_again_on_return(silver: Silver) -> None:
    await silver.write(hr(), hr(system="old"))
    assert (await silver.write(hr(gone=True), hr(system="old")))["E1"].outcome is Outcome.UNCHANGED
    done = await silver.write(hr(gone=True), hr(system="old", gone=True))
    assert done["E1"].outcome is Outcome.UPDATED
    assert done["E1"].quality is not None
    assert done["E1"].quality.flags[-1] == "gone"
    assert (await silver.write(hr(gone=True)))["E1"].outcome is Outcome.UNCHANGED
    assert (await silver.write(hr("E9", gone=True)))["E9"].outcome is Outcome.UNCHANGED
    assert await silver.row("E9") is None
    assert (await silver.row() or {})["actief"] is False
    await silver.write(hr())
    assert (await silver.row() or {})["actief"] is True


async def test_who_was_made_inactive_by_the_planner_stays_so(silver: Silver) -> None:
    await silver.write(hr())
    await silver.db.execute("update employees set actief = false")
    assert (await silver.write(hr(team="Oranje")))["E1"].outcome is Outcome.UPDATED
    assert (await silver.row() or {})["actief"] is False
    await silver.write(hr(actief="ja"))
    assert (await silver.row() or {})["actief"] is True


async def test_who_was_made_inactive_by_the_planner_stays_so_after_an_absence_from_the_source(silver: Silver) -> None:
    await silver.write(hr())
    await silver.db.execute("update employees set actief = false")
    done = await silver.write(hr(gone=True))
    assert done["E1"].quality is not None
    assert done["E1"].quality.flags == ("missing_source:hr", *(f"missing:{field}" for field in KEY_FIELDS))
    await silver.write(hr(uit_dienst="2025-01-01"))
    await silver.write(hr())
    assert (await silver.row() or {})["actief"] is False


async def test_who_has_left_becomes_inactive_after_the_last_day(silver: Silver) -> None:
    await silver.write(hr(uit_dienst=str(TODAY)))
    assert (await silver.row() or {})["actief"] is True
    silver.today = TODAY + dt.timedelta(days=1)
    done = await silver.write(hr(uit_dienst=str(TODAY), actief="ja"))
    assert (await silver.row() or {})["actief"] is False
    assert done["E1"].quality is not None
    assert done["E1"].quality.flags == ("left",)
    await silver.write(hr(uit_dienst=""))
    assert (await silver.row() or {})["actief"] is True


BRONZE = """
insert into bronze.raw_entities (practice, source_system, entity_type, external_id, entity_key, raw_data, enriched_data, content_hash, run_id, gone_at)
values ('public', $1, 'employees', $2, $2, $3, $4, sha256(''), $5, $6)
"""


async def test_whose_last_day_passes_becomes_inactive_though_no_record_changes(silver: Silver) -> None:
    soon, late = str(TODAY + dt.timedelta(days=3)), str(TODAY + dt.timedelta(days=30))
    second = {"contracts": {"uit_dienst": soon}}
    records = [
        hr("E1", uit_dienst=soon),
        hr("E2", second=second),
        hr("E3", uit_dienst=late),
        hr("E4", uit_dienst=late, second=second),
        hr("E5"),
    ]
    await silver.write(*records)
    for one in records:
        texts = [json.dumps(one.raw_data), json.dumps(one.enriched_data)]
        await silver.db.execute(BRONZE, ["hr", one.external_id, *texts, silver.run_id, None])
    for today, left in ((TODAY, 0), (TODAY + dt.timedelta(days=4), 2), (TODAY + dt.timedelta(days=4), 0)):
        async with silver.db.transaction() as connection:
            assert await TransformEmployees(("hr",), today=today).finish(connection) == ({"left_since_the_last_run": left} if left else {})
    inactive = await silver.db.execute("select array_agg(id order by id) from employees where not actief", fetch_val=True)
    assert inactive == ["E1", "E2"]
    silver.today = TODAY + dt.timedelta(days=5)
    await silver.db.execute("update employees set actief = true where id = 'E1'")
    await silver.db.execute("alter table employees add check (dienstverband <> 'none')")
    await silver.db.execute("update bronze.raw_entities set raw_data = raw_data || '{\"dienstverband\": \"none\"}' where entity_key = 'E1'")
    async with silver.db.transaction() as connection:  # what the database would refuse of her does not keep her active
        assert await TransformEmployees(("hr",), today=silver.today).finish(connection) == {"left_since_the_last_run": 1}
    await silver.write(hr("E1", uit_dienst=late))
    assert (await silver.row() or {})["actief"] is True


async def test_a_second_file_names_employees_by_number_or_address(silver: Silver, tmp_path: Path) -> None:
    run = "insert into meta.ingestion_runs (run_id, practice, step, source_system, entity_type) values ($1, 'public', 'ingest', 'hr', 'employees')"
    await silver.db.execute(run, [silver.run_id])
    known = {"E1": "Anna@Praktijk.example", "E2": "bo@x.nl", "E3": "team@x.nl", "E4": "team@x.nl", "E5": "gone@x.nl"}
    for number, address in known.items():
        gone = dt.datetime.now(dt.UTC) if number == "E5" else None
        await silver.db.execute(BRONZE, ["hr", number, json.dumps({"email": address}), "{}", silver.run_id, gone])
    file = tmp_path / "contacts.csv"
    file.write_text(
        "Personeelsnummer;E-mail;Dienstverband\n;anna@praktijk.example;Maat\nE9;bo@x.nl;\n;team@x.nl;\n;gone@x.nl;\n;;Maat\n",
        encoding="utf-8",
    )
    enrichment = EnrichEmployees(EmployeeContacts(file, "contacts", await numbers_by_address(silver.db)))
    found = list(enrichment.source.read())
    records = [one for one in found if isinstance(one, SourceRecord)]
    assert [enrichment.key(one) for one in records] == ["E1", "E9"]
    assert records[0].data == {"id": "E1", "email": "anna@praktijk.example", "dienstverband": "Maat"}
    assert [f"{one.place}: {one.message}" for one in found if isinstance(one, FaultyRecord)] == [
        "contacts.csv:4: the employees E3, E4 share the e-mail address team@x.nl",
        "contacts.csv:5: no employee has the e-mail address gone@x.nl",
        "contacts.csv:6: it has neither the number nor the e-mail address of an employee",
    ]
