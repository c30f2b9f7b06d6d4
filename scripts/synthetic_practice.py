"""A synthetic practice of any size, for benchmarks: the sample's pattern of demand, scaled, from a seed."""

from __future__ import annotations

import random
from datetime import date, timedelta
from uuid import UUID

from greedy.formats.practice import DAGDELEN, WEEKDAYS
from greedy.formats.practice_csv import read_practice
from greedy.formats.tables import AssignmentRow, CapabilityRow, EmployeeRow, PracticeTables, RosterRow, StaffingRow
from greedy.model.problem import SlotStatus
from greedy.sample import SAMPLE_DIR

FIRST_MONDAY = date(2026, 1, 5)
TEAMS = ("Groen", "Oranje", "Groen", "Oranje", "Groen", "Oranje", "Overig")
WEEKDAY, WEEKEND, EVERY_DAY, TWICE_A_WEEK = set(range(5)), {5, 6}, set(range(7)), {1, 3}
# Service, demand team, days of the week, employees asked for with 140 of staff.
PATTERN = [
    ("DIO", "TOT", EVERY_DAY, 9), ("DIA", "TOT", EVERY_DAY, 9),
    ("DDO", "GRO", WEEKEND, 7), ("DDA", "GRO", WEEKEND, 7), ("DDO", "ORA", WEEKEND, 3), ("DDA", "ORA", WEEKEND, 3),
    ("OSP", "GRO", WEEKDAY, 9), ("OSP", "ORA", WEEKDAY, 9), ("MSP", "GRO", WEEKDAY, 9), ("MSP", "ORA", WEEKDAY, 9),
    ("ECH", "TOT", WEEKDAY, 9), ("GRB", "TOT", TWICE_A_WEEK, 9), ("RO", "TOT", WEEKDAY, 4),
]  # fmt: skip
CAPACITY_SHARE = 1.10  # capacity asked of the staff, by what is needed
QUALIFIED_SHARE = 0.7


MOST_ASKED = 9  # of one service for one team in one dagdeel


def synthetic_practice(*, employees: int = 140, weeks: int = 13, demand: float = 1.0, seed: int = 0) -> PracticeTables:
    """Practice tables of one roster, every slot with a row. The same arguments give the same tables. `demand` multiplies the pattern's."""
    chance = random.Random(seed)
    sample = read_practice(SAMPLE_DIR)
    services = {row.code: row for row in sample.service_types}
    days = [FIRST_MONDAY + timedelta(days=day) for day in range(7 * weeks)]
    roster = RosterRow(id=_uuid(chance), naam=f"Synthetic {employees} x {weeks}", start_date=days[0], end_date=days[-1])
    staff = [
        EmployeeRow(
            id=f"EMP{number:04d}",
            voornaam=f"Voornaam{chance.randrange(1000):03d}",
            achternaam=f"Achternaam{number:04d}",
            team=TEAMS[number % len(TEAMS)],
            structureel_nbh={
                chance.choice(WEEKDAYS): sorted(chance.sample(DAGDELEN, chance.randint(1, 3))) for _ in range(chance.randint(0, 2))
            },
        )
        for number in range(employees)
    ]
    staffing = [
        StaffingRow(id=_uuid(chance), roster_id=roster.id, date=day, dagdeel=services[code].dagdeel, team=team,
                    service_id=services[code].id, status="MOET", aantal=min(MOST_ASKED, max(1, round(asked * demand * employees / 140))))
        for day in days
        for code, team, weekdays, asked in PATTERN
        if day.weekday() in weekdays
    ]  # fmt: skip
    capabilities = []
    for code, service in services.items():
        needed = sum(row.aantal for row in staffing if row.service_id == service.id)
        able = [employee for employee in staff if chance.random() < QUALIFIED_SHARE]
        share = [chance.uniform(0.5, 1.5) for _ in able]
        # Both halves of a pair are asked of the same people, as one cannot be worked without the other.
        if code in ("DIA", "DDA"):
            first = services["DIO" if code == "DIA" else "DDO"].id
            capabilities += [row.model_copy(update={"service_id": service.id}) for row in capabilities if row.service_id == first]
            continue
        capabilities += [
            CapabilityRow(roster_id=roster.id, employee_id=employee.id, service_id=service.id,
                          aantal=round(CAPACITY_SHARE * needed * part / sum(share) + 0.5))
            for employee, part in zip(able, share, strict=True)
        ]  # fmt: skip
    slots = []
    for employee in staff:
        leave = chance.randrange(len(days))
        for number, day in enumerate(days):
            absent = set(employee.structureel_nbh.get(WEEKDAYS[day.weekday()], ()))
            absent |= set(DAGDELEN) if leave <= number < leave + 7 else set()
            slots += [
                AssignmentRow(id=_uuid(chance), roster_id=roster.id, employee_id=employee.id, date=day, dagdeel=dagdeel,
                              status=SlotStatus.UNAVAILABLE if dagdeel in absent else SlotStatus.OPEN)
                for dagdeel in DAGDELEN
            ]  # fmt: skip
    return PracticeTables(
        rosters=[roster],
        employees=staff,
        service_types=sample.service_types,
        service_blocking_rules=sample.service_blocking_rules,
        roster_employee_services=capabilities,
        roster_period_staffing_dagdelen=staffing,
        roster_assignments=slots,
    )


def _uuid(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
