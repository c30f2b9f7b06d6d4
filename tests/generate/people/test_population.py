"""People: sizes, teams, contracts and absences; the same whatever chunk they come in; and rows that fit each other."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greedy.database.connector import DBConnector
from greedy.errors import InputError
from greedy.generate.config import GeneratorConfig
from greedy.generate.people.population import people_batches, practice_sizes, shared_batches, staff_of
from greedy.generate.people.school_holidays import HOLIDAY_REGIONS, school_holidays
from greedy.generate.staff import DAGDELEN, TEAM_NAMES, Staff
from greedy.generate.tables import TABLES
from tests.generate.rows import rows_by_table

Rows = dict[str, list[dict[str, Any]]]
WEEKDAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
# Over Christmas, with a last period shorter than five weeks, and every kind of absence many times.
CONFIG = GeneratorConfig(practices=40, employees=560, weeks=12, seed=3, first_day=dt.date(2026, 11, 9), leave=0.5, illness=0.3)


def generated(config: GeneratorConfig, practices: range) -> Rows:
    return rows_by_table(people_batches(config, staff_of(config, practices)))


@pytest.fixture(scope="module")
def staff() -> Staff:
    return staff_of(CONFIG, range(CONFIG.practices))


@pytest.fixture(scope="module")
def rows(staff: Staff) -> Rows:
    return rows_by_table(shared_batches() + people_batches(CONFIG, staff))


@given(
    practices=st.integers(1, 300), a_practice=st.floats(1, 60), spread=st.floats(0, 1), seed=st.integers(0, 2**63 - 1)
)  # fmt: skip
def test_sizes_lie_within_the_spread_and_come_to_the_total(practices: int, a_practice: float, spread: float, seed: int) -> None:
    config = GeneratorConfig(practices=practices, employees=int(practices * a_practice), size_spread=spread, seed=seed)
    sizes = practice_sizes(config)
    mean = config.employees / practices
    assert (len(sizes), sizes.sum()) == (practices, config.employees)
    assert sizes.min() >= max(1, min(mean * (1 - spread) - 1e-9, np.floor(mean)))
    assert sizes.max() <= max(mean * (1 + spread) + 1e-9, np.ceil(mean))


def test_sizes_differ_as_far_as_the_spread_allows() -> None:
    sizes = practice_sizes(GeneratorConfig(practices=500, employees=10_000, size_spread=0.3))
    assert (sizes.min(), sizes.max()) == (14, 26)
    assert set(practice_sizes(GeneratorConfig(practices=7, employees=100, size_spread=0)).tolist()) == {14, 15}


def test_fewer_employees_than_practices_are_refused_with_the_numbers() -> None:
    with pytest.raises(InputError, match="19 employees cannot staff 20 practices") as caught:
        practice_sizes(GeneratorConfig(practices=20, employees=19))
    assert caught.value.next_step == "ask for at most 19 practices, or for at least 20 employees"


@pytest.mark.parametrize("chunk", [1, 3, 39])
def test_chunks_of_any_size_hold_the_same_rows(rows: Rows, chunk: int) -> None:
    found: Rows = {}
    for first in range(0, CONFIG.practices, chunk):
        for name, some in generated(CONFIG, range(first, min(first + chunk, CONFIG.practices))).items():
            found.setdefault(name, []).extend(some)
    assert found == {name: rows[name] for name in found}
    assert len(found) == 6


def test_the_same_seed_gives_the_same_bytes_on_every_platform(rows: Rows) -> None:
    text = json.dumps(rows, default=str, ensure_ascii=False, sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest() == "d333c1feec0dea09194b14986566fc0c0bd15e36b5a8640b478d7fea19bff084"


def test_another_seed_gives_other_people() -> None:
    one, other = (generated(GeneratorConfig(seed=seed), range(1)) for seed in (1, 2))
    for table in ("practices", "teams", "employees", "contracts", "absences", "roster_assignments"):
        key = TABLES[table].key
        assert not {tuple(row[c] for c in key) for row in one[table]} & {tuple(row[c] for c in key) for row in other[table]}, table
    assert [row["voornaam"] for row in one["employees"]] != [row["voornaam"] for row in other["employees"]]


def test_rows_are_what_their_models_take_with_keys_of_their_own_and_parents_before_them(rows: Rows) -> None:
    for name, some in rows.items():
        table = TABLES[name]
        for row in some:
            model = table.model.model_validate(row)
            assert row == {column: str(value) if isinstance(value, UUID) else value for column, value in model}
        assert len({tuple(row[column] for column in table.key) for row in some}) == len(some), name
        for reference in table.references:
            if reference.table in rows:
                leads_to = {tuple(row[column] for column in reference.leads_to) for row in rows[reference.table]}
                assert {tuple(row[c] for c in reference.columns) for row in some} - {(None,)} <= leads_to, name


def test_the_first_services_are_those_that_others_lead_to(rows: Rows) -> None:
    met: set[str] = set()
    for service in rows["service_types"]:
        assert service["gekoppeld_aan"] is None or service["gekoppeld_aan"] in met
        met.add(service["code"])
    assert len(met) == 9


def test_staff_and_rows_are_of_one_mind(staff: Staff, rows: Rows) -> None:
    assert staff.there.sum(axis=1).tolist() == practice_sizes(CONFIG).tolist()
    assert (
        [row["id"] for row in rows["employees"]]
        == [f"S3-{number:06d}" for number in range(560)]
        == staff.employee_ids[staff.there].tolist()
    )
    assert [row["team"] for row in rows["employees"]] == [TEAM_NAMES[team] for team in staff.team[staff.there]]
    assert [row["aantalwerkdagen"] for row in rows["employees"]] == staff.work_days[staff.there].tolist()
    assert [row["id"] for row in rows["practices"]] == staff.practice_ids
    assert [row["number"] for row in rows["practices"]] == list(range(40))
    assert (staff.employee_ids[~staff.there] == "").all()
    assert not staff.absent[~staff.there].any()
    assert not staff.work_days[~staff.there].any()
    assert staff.days == [CONFIG.first_day + dt.timedelta(days=day) for day in range(84)]


def test_everybody_works_in_a_team_of_her_practice(staff: Staff, rows: Rows) -> None:
    practice = {of: staff.practice_ids[p] for p, ids in enumerate(staff.employee_ids.tolist()) for of in ids if of}
    team = {row["id"]: (row["practice_id"], row["team"]) for row in rows["teams"]}
    assert [team[row["team_id"]] for row in rows["contracts"]] == [(practice[row["id"]], row["team"]) for row in rows["employees"]]


@pytest.mark.parametrize("size", [5, 6, 7, 14, 30])
def test_teams_are_three_to_three_to_one_and_none_is_missing(size: int) -> None:
    teams = np.bincount(staff_of(GeneratorConfig(employees=size), range(1)).team[0], minlength=3)
    assert (teams >= [max(1, 3 * size // 7), max(1, 3 * size // 7 - 1), max(1, size // 7)]).all()


def test_slots_are_unavailable_where_absences_are_and_nowhere_else(staff: Staff, rows: Rows) -> None:
    away = {
        (absence["employee_id"], day, dagdeel)
        for absence in rows["absences"]
        for day in staff.days
        for dagdeel in DAGDELEN
        if (absence["first_date"], DAGDELEN.index(absence["first_dagdeel"])) <= (day, DAGDELEN.index(dagdeel))
        and (day, DAGDELEN.index(dagdeel)) <= (absence["last_date"], DAGDELEN.index(absence["last_dagdeel"]))
    }
    assert sorted(away) == sorted((row["employee_id"], row["date"], row["dagdeel"]) for row in rows["roster_assignments"])
    weekly = {
        (row["id"], day, dagdeel)
        for row in rows["employees"]
        for day in staff.days
        for dagdeel in row["structureel_nbh"].get(WEEKDAYS[day.weekday()], [])
    }
    absent = {(staff.employee_ids[p, e], staff.days[d], DAGDELEN[part]) for p, e, d, part in np.argwhere(staff.absent)}
    assert absent == away | weekly
    roster = dict(
        zip(staff.employee_ids[staff.there].tolist(), np.array(staff.roster_ids)[np.nonzero(staff.there)[0]].tolist(), strict=True)
    )
    for row in rows["roster_assignments"]:
        assert (row["roster_id"], row["status"], row["source"]) == (roster[row["employee_id"]], 3, "synthetic")
    assert any(row["last_date"] > staff.days[-1] for row in rows["absences"])  # clipped by the roster's end


def test_work_days_are_those_of_the_contract_but_for_days_of_leave(staff: Staff, rows: Rows) -> None:
    leave: Counter[str] = Counter()
    for absence in rows["absences"]:
        if absence["reason"] == "Verlof":
            first = absence["first_date"] + dt.timedelta(days=absence["first_dagdeel"] != "O")
            leave[absence["employee_id"]] += sum(first <= day <= absence["last_date"] for day in staff.days)
    hours = {row["employee_id"]: row["hours_per_week"] for row in rows["contracts"]}
    for row in rows["employees"]:
        days = hours[row["id"]] / 8 * (84 - leave[row["id"]]) / 7
        assert abs(row["aantalwerkdagen"] - days) <= Decimal("0.5"), row
    assert staff_of(GeneratorConfig(weeks=104, employees=30), range(1)).work_days.max() == 366


def test_contracts_are_mostly_part_time_and_fixed_days_fit_them() -> None:
    rows = generated(GeneratorConfig(practices=50, employees=3000), range(50))
    hours = {row["employee_id"]: row["hours_per_week"] for row in rows["contracts"]}
    times = Counter(hours.values())
    assert sorted(times) == [Decimal(f"{one}.00") for one in (16, 20, 24, 28, 32, 36)]
    assert sum(times[Decimal(one)] for one in (24, 28, 32)) > 0.65 * 3000
    for row in rows["contracts"]:
        assert abs(row["fte"] * 36 - row["hours_per_week"]) <= Decimal("0.18")
        assert row["start_date"] <= dt.date(2026, 1, 5)
        assert row["start_date"].day == 1
        assert row["end_date"] is None or (row["end_date"] > dt.date(2026, 2, 8) and (row["end_date"] + dt.timedelta(days=1)).day == 1)
    ends = sum(row["end_date"] is not None for row in rows["contracts"])
    assert 200 < ends < 400

    free: dict[Decimal, list[int]] = {}
    for row in rows["employees"]:
        week = row["structureel_nbh"]
        assert list(week) == [day for day in WEEKDAYS if week.get(day)]
        assert all(parts == [dagdeel for dagdeel in DAGDELEN if dagdeel in parts] for parts in week.values())
        free.setdefault(hours[row["id"]], []).append(len(week))
        if hours[row["id"]] == 36:
            assert all(len(parts) == 1 for parts in week.values())
    assert {len(row["structureel_nbh"]) for row in rows["employees"]} == {0, 1, 2}
    shares = [sum(free[one]) / len(free[one]) for one in sorted(free)]
    assert shares == sorted(shares, reverse=True)
    assert {row["dienstverband"] for row in rows["employees"]} == {"Maat", "Loondienst", "ZZP"}


def test_as_many_are_away_as_asked_for() -> None:
    config = GeneratorConfig(practices=50, employees=4000, weeks=13, leave=0.3, illness=0.05)
    absences = generated(config, range(50))["absences"]
    for reason, share in (("Verlof", 0.3), ("Ziekte", 0.05)):
        times = sum(absence["reason"] == reason for absence in absences)
        assert abs(times / (4000 * 13 / 5) - share) < 0.02, reason
    for nobody in (GeneratorConfig(leave=0, illness=0, employees=200), GeneratorConfig(leave=1, illness=1, employees=200)):
        people = Counter(row["reason"] for row in generated(nobody, range(1))["absences"])
        assert people == ({} if nobody.leave == 0 else {"Verlof": 200, "Ziekte": 200})


def test_most_leave_is_taken_in_the_school_holidays_of_the_region() -> None:
    config = GeneratorConfig(practices=60, employees=3000, weeks=15, first_day=dt.date(2026, 6, 15), seed=4)
    staff = staff_of(config, range(60))
    rows = rows_by_table(shared_batches() + people_batches(config, staff))
    region = {row["id"]: row["school_holidays"] for row in rows["regions"]}
    practice = {row["id"]: HOLIDAY_REGIONS.index(region[row["region_id"]]) for row in rows["practices"]}
    assert set(practice.values()) == {0, 1, 2}
    holidays = school_holidays(staff.days)
    roster = {roster: practice[of] for roster, of in zip(staff.roster_ids, staff.practice_ids, strict=True)}
    leave = {(row["employee_id"], row["first_date"]) for row in rows["absences"] if row["reason"] == "Verlof"}
    of = {row["employee_id"]: roster[row["roster_id"]] for row in rows["roster_assignments"]}
    inside = [holidays[of[who], (day + dt.timedelta(days=2) - config.first_day).days] for who, day in leave if day <= staff.days[-3]]
    assert np.mean(inside) > 0.65 > 1.3 * holidays.mean()
    other_regions = [
        holidays[(of[who] + 1) % 3, (day + dt.timedelta(days=2) - config.first_day).days] for who, day in leave if day <= staff.days[-3]
    ]
    assert np.mean(other_regions) < np.mean(inside) - 0.1


def test_leave_is_of_weeks_or_of_some_days_and_illness_begins_at_any_time(rows: Rows) -> None:
    begins: dict[str, Counter[str]] = {"Verlof": Counter(), "Ziekte": Counter()}
    lengths: dict[str, Counter[Decimal]] = {"Verlof": Counter(), "Ziekte": Counter()}
    ends = {CONFIG.first_day + dt.timedelta(days=day) for day in (34, 69)}  # of periods, where an absence is cut off
    for row in rows["absences"]:
        days = (row["last_date"] - row["first_date"]).days + 1
        parts = 3 * days - DAGDELEN.index(row["first_dagdeel"]) - (2 - DAGDELEN.index(row["last_dagdeel"]))
        if row["reason"] == "Verlof":
            assert row["last_dagdeel"] == "A"
            assert days in (1, 2, 3) or (days in (7, 14) and row["first_date"].weekday() == 0 and row["first_dagdeel"] == "O")
        begins[row["reason"]][row["first_dagdeel"]] += 1
        if row["last_date"] not in ends:
            lengths[row["reason"]][parts / Decimal(3)] += 1
    assert set(begins["Verlof"]) == {"O", "M"}
    assert begins["Verlof"]["O"] > 2 * begins["Verlof"]["M"]
    assert min(begins["Ziekte"][dagdeel] for dagdeel in DAGDELEN) > 0.25 * begins["Ziekte"].total()
    assert set(lengths["Ziekte"]) == {1, 2, 3, 4, 5, 7, 14}


async def test_applying_the_absences_in_the_database_changes_nothing(db: DBConnector, staff: Staff, rows: Rows) -> None:
    rosters = [{"id": roster, "start_date": staff.days[0], "end_date": staff.days[-1], "status": "draft"} for roster in staff.roster_ids]
    for table, some in (
        ("employees", rows["employees"]),
        ("absences", rows["absences"]),
        ("rosters", rosters),
        ("roster_assignments", rows["roster_assignments"]),
    ):
        columns = ", ".join(some[0])
        await db.execute(
            f"insert into {table} ({columns}) select {columns} from jsonb_populate_recordset(null::{table}, $1::jsonb)",
            [json.dumps(some, default=str)],
        )
    answer = json.loads(await db.execute("select apply_absences_v1()", fetch_val=True))
    assert answer == {"rosters": 40, "busy": [], "unavailable": 0, "opened": 0, "gave_way": [], "conflicts": []}
    assert (
        await db.execute("select count(*) from roster_assignments where status = 3", fetch_val=True)
        == len(rows["roster_assignments"])
        > 5000
    )
