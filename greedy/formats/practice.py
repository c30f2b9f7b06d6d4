"""The practice's tables as a roster problem, and a roster as rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from greedy.formats.planned import apply_planning
from greedy.formats.planning import DemandEntry, Planning
from greedy.formats.tables import BLOCKING_SOURCE, PROGRAM_SOURCE, TRIGGER_SOURCE, AssignmentRow, PracticeTables, Weekday
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, BlockingRule, Demand, DemandTeam, Employee, Problem, Service, Slot, SlotStatus
from greedy.model.roster import Roster
from greedy.model.wishes import Wish, WishKind

DAGDELEN = ("O", "M", "A")
BLOCKING_NOTE = "Blocked by "
NOTES_OF_PROGRAMS = (BLOCKING_NOTE, "Structureel NB")  # how notes begin that no planner wrote
WEEKDAYS: tuple[Weekday, ...] = ("ma", "di", "wo", "do", "vr", "za", "zo")
# The order of the demand teams is the order of the fill; the order within is the practice's preference.
DEMAND_TEAMS = (
    DemandTeam("TOT", ("Groen", "Oranje", "Overig")),
    DemandTeam("GRO", ("Groen", "Overig")),
    DemandTeam("ORA", ("Oranje", "Overig")),
)
STANDBY_CODES = frozenset({"DIA", "DDA"})  # evening and night at home: standby, not worked time
SENIORITY_CODES = STANDBY_CODES  # alone on duty for the night
# The practice's wishes and their priorities, for whoever asks for them. Preferences, seniority and stability cost nothing until somebody
# has a preference, somebody is senior, or an earlier roster is to be kept to.
WISHES = (
    Wish(WishKind.STABILITY, priority=1),
    Wish(WishKind.FAIR_WEEKENDS, priority=4),
    Wish(WishKind.FAIR_NIGHTS, priority=4),
    Wish(WishKind.FAIR_SHIFTS, priority=4),
    Wish(WishKind.PREFERRED_SERVICES, priority=6),
    Wish(WishKind.EVEN_WEEKS, priority=6, tolerance_percent=20),
    Wish(WishKind.SENIOR_FIRST, priority=6),
    Wish(WishKind.TEAM_BALANCE, priority=10),
    Wish(WishKind.VARIETY, priority=10),
)


def to_problem(
    tables: PracticeTables, *, limit_worked_days: bool = False, wishes: bool = False, planning: Planning | None = None
) -> Problem:
    """The roster problem of practice tables; the program's own earlier work is left out, as it is to be planned anew.

    Parameters
    ----------
    tables
        Rows without faults (`faults_between_rows`).
    limit_worked_days
        Take `aantalwerkdagen` as the most days that an employee may work.
    wishes
        Take all `WISHES` of the practice; otherwise only those that `planning` names.
    planning
        Wishes, limits and the rest that the tables do not hold.

    Raises
    ------
    InputError
        The planning file does not fit the tables.
    """
    roster = tables.roster
    classes = None if planning is None else planning.file.demand
    weights = _demand_weights(classes or DemandEntry())
    employees = {row.id: number for number, row in enumerate(tables.employees)}
    services = {row.id: number for number, row in enumerate(tables.service_types)}
    codes = {row.code: number for number, row in enumerate(tables.service_types)}
    system = {row.id for row in tables.service_types if row.is_system}
    teams = {team.code: number for number, team in enumerate(DEMAND_TEAMS)}

    def day(of: date) -> int:
        return (of - roster.start_date).days

    def slot(row: AssignmentRow) -> Slot:
        return Slot(employees[row.employee_id], day(row.date), DAGDELEN.index(row.dagdeel))

    pinned = _work(tables, (row for row in tables.roster_assignments if row.source != PROGRAM_SOURCE))
    worked = {slot(row) for row in tables.roster_assignments if row.status is SlotStatus.ACTIVE and row.source != PROGRAM_SOURCE}
    unavailable = {slot(row) for row in tables.roster_assignments if row.status is SlotStatus.UNAVAILABLE}
    problem = Problem(
        roster_id=str(roster.id),
        first_day=roster.start_date,
        day_count=roster.day_count,
        dayparts=DAGDELEN,
        employees=tuple(Employee(row.id, row.name, row.team, row.actief) for row in tables.employees),
        services=tuple(
            Service(
                id=str(row.id),
                code=row.code,
                daypart=DAGDELEN.index(row.dagdeel),
                minutes=row.duur_minuten,
                is_system=row.is_system,
                active=row.actief,
                second_half=None if row.gekoppeld_aan is None else codes[row.gekoppeld_aan],
                begin_minute=row.begintijd.hour * 60 + row.begintijd.minute,
                standby=row.code in STANDBY_CODES,
                asks_seniority=row.code in SENIORITY_CODES,
            )
            for row in tables.service_types
        ),
        demand_teams=DEMAND_TEAMS,
        demand=tuple(
            Demand(
                day(row.date),
                services[row.service_id],
                teams[row.team],
                row.required,
                weight_under=weights[row.service_id in system, row.status != "MAG"],
            )
            for row in tables.roster_period_staffing_dagdelen
            if row.required
        ),
        capabilities={
            (employees[row.employee_id], services[row.service_id]): row.aantal for row in tables.roster_employee_services if row.actief
        },
        blocking_rules=tuple(
            BlockingRule(services[row.service_id], row.dag_offset, DAGDELEN.index(row.dagdeel)) for row in tables.service_blocking_rules
        ),
        pinned=tuple(pinned),
        unavailable=frozenset((unavailable | structural_absence(tables)) - worked),
        blocked=frozenset(slot(row) for row in blocked_from_outside(tables)),
        revision=tables.input_digest,
        limits=_limits_of_days(tables) if limit_worked_days else (),
        wishes=WISHES if wishes else (),
    )
    return problem if planning is None else apply_planning(problem, planning, usual=WISHES)


def to_roster(tables: PracticeTables) -> Roster:
    """All work that stands in the tables, the planner's and the program's own."""
    return Roster.of(_work(tables, tables.roster_assignments))


def planner_notes(tables: PracticeTables) -> dict[Slot, str]:
    """Words of planners, by slot."""
    employees = {row.id: number for number, row in enumerate(tables.employees)}
    return {
        Slot(employees[row.employee_id], (row.date - tables.roster.start_date).days, DAGDELEN.index(row.dagdeel)): row.notes
        for row in tables.roster_assignments
        if row.notes and not row.notes.startswith(NOTES_OF_PROGRAMS)
    }


def _limits_of_days(tables: PracticeTables) -> tuple[Limit, ...]:
    return tuple(
        Limit(Quantity.DAYS, employee, maximum=row.aantalwerkdagen, name="aantalwerkdagen")
        for employee, row in enumerate(tables.employees)
        if row.aantalwerkdagen is not None
    )


def _demand_weights(classes: DemandEntry) -> dict[tuple[bool, bool], int]:
    """(system service, must) -> what a missing shift costs. AANGEPAST reads as MOET."""
    return {
        (True, True): classes.system_must,
        (True, False): classes.system_may,
        (False, True): classes.must,
        (False, False): classes.may,
    }


def structural_absence(tables: PracticeTables) -> set[Slot]:
    """Slots that lie in the fixed weekly absence of an employee. No row needs to exist for them."""
    roster = tables.roster
    return {
        Slot(employee, day, DAGDELEN.index(dagdeel))
        for employee, row in enumerate(tables.employees)
        for day in range(roster.day_count)
        for dagdeel in row.structureel_nbh.get(WEEKDAYS[(roster.start_date + timedelta(days=day)).weekday()], [])
    }


def _work(tables: PracticeTables, rows: Iterable[AssignmentRow]) -> list[Assignment]:
    employees = {row.id: number for number, row in enumerate(tables.employees)}
    services = {row.id: number for number, row in enumerate(tables.service_types)}
    return [
        Assignment(employees[row.employee_id], (row.date - tables.roster.start_date).days, services[row.service_id])
        for row in rows
        if row.status is SlotStatus.ACTIVE and row.service_id is not None
    ]


def blocked_from_outside(tables: PracticeTables) -> list[AssignmentRow]:
    """BLOCKED rows of others that no work of this roster explains: rest from the roster before.

    The others follow from the work; those of the program and the triggers without any are freed by the next write.
    """
    duties = {(r.employee_id, r.date, r.dagdeel, r.service_id) for r in tables.roster_assignments if r.status is SlotStatus.ACTIVE}
    return [
        row
        for row in tables.roster_assignments
        if row.status is SlotStatus.BLOCKED
        and row.source not in (BLOCKING_SOURCE, TRIGGER_SOURCE)
        and (row.employee_id, row.blocked_by_date, row.blocked_by_dagdeel, row.blocked_by_service_id) not in duties
    ]
