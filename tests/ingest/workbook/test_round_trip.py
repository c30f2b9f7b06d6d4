"""What is exported as a workbook is read again exactly as it was."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from greedy.formats.between_rows import faults_between_rows
from greedy.formats.tables import (
    AssignmentRow,
    BlockingRuleRow,
    CapabilityRow,
    EmployeeRow,
    PracticeTables,
    RosterRow,
    ServiceTypeRow,
    StaffingRow,
)
from greedy.ingest.workbook.escapes import stored, unescaped
from greedy.ingest.workbook.export import write_workbook
from greedy.ingest.workbook.importer import read_workbook
from greedy.ingest.workbook.layout import Language
from greedy.ingest.workbook.values import clean
from greedy.model.problem import SlotStatus

DAGDELEN, WEEKDAYS = ("O", "M", "A"), ("ma", "di", "wo", "do", "vr", "za", "zo")
TRICKY = (
    "=1+1", "+31 6", "-", "@home", "'quoted'", 'a "b" c', "two\nlines", "two\r\nlines", "tab\there", " spaces ", " ", "\xa0", "_x0041_", "_x0041\r",
    "_x005F_x0041_", "\x01\x1f\x7f", "\u200b", "👩\u200d⚕️", "Zoë 🌷", "\uffff", "#N/A", "TRUE", "ja", "007", "1,5", "1e5", "24-11-2025", "09:00",
    "nan", "EMP001", "emp001", "DIO", "—", "x", "None", "a" * 2000,
)  # fmt: skip
texts = st.sampled_from(TRICKY) | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=12)
maybe = texts | st.none()
uuids = st.uuids()
dagdelen = st.sampled_from(DAGDELEN)
days = (
    st.dates(dt.date(1, 1, 1), dt.date(9997, 1, 1))
    | st.dates(dt.date(1899, 12, 1), dt.date(1900, 4, 1))
    | st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1))
)
times = st.times().map(lambda time: time.replace(microsecond=0)) | st.sampled_from([dt.time(0), dt.time(23, 59, 59), dt.time(0, 0, 1)])
alike = st.sampled_from(("Anna", "anna", " Anna", "EMP001", "emp001", "DIO"))  # names that people take for one
ids = (alike | texts).filter(lambda text: len(text) <= 64 and not any(c < " " or c == "\x7f" for c in text))
codes = st.sampled_from(("DIO", "dio", "Dio")) | st.from_regex(r"[A-Za-z0-9_-]{1,16}", fullmatch=True)
absences = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(dagdelen, unique=True))
emails = st.none() | st.from_regex(r"[a-z ]{1,5}@[a-z.]{1,5}", fullmatch=True)


@st.composite
def practices(draw: st.DrawFn) -> PracticeTables:
    """Any tables without faults."""
    start = draw(days)
    end = start + dt.timedelta(days=draw(st.integers(0, 9)))
    roster = RosterRow(
        id=draw(uuids), naam=draw(maybe), start_date=start, end_date=end, status=draw(st.sampled_from(("draft", "in_progress", "final")))
    )
    dates = st.integers(0, (end - start).days).map(lambda day: start + dt.timedelta(days=day))
    employees = [
        EmployeeRow(
            id=number, voornaam=draw(alike | texts), achternaam=draw(st.none() | alike | texts), email=draw(emails), team=draw(st.sampled_from(("Groen", "Oranje", "Overig"))),
            dienstverband=draw(maybe), aantalwerkdagen=draw(st.none() | st.integers(0, 366)), structureel_nbh=draw(absences), actief=draw(st.booleans()),
        )
        for number in draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    ]  # fmt: skip
    services = [
        ServiceTypeRow(
            id=draw(uuids), code=code, naam=draw(texts), dagdeel=draw(dagdelen), begintijd=draw(times), eindtijd=draw(times),
            duur_minuten=draw(st.integers(1, 1440)), is_system=draw(st.booleans()), blokkeert_volgdag=draw(st.booleans()), actief=draw(st.booleans()),
        )
        for code in draw(st.lists(codes, min_size=1, max_size=4, unique=True))
    ]  # fmt: skip
    if len(services) > 1 and services[0].dagdeel != services[-1].dagdeel:
        services[0] = services[0].model_copy(update={"gekoppeld_aan": services[-1].code})
    service, employee = st.sampled_from(services), st.sampled_from(employees)

    def slot(status: SlotStatus, kind: ServiceTypeRow) -> AssignmentRow:
        blocked = {"blocked_by_date": draw(days), "blocked_by_dagdeel": kind.dagdeel, "blocked_by_service_id": kind.id}
        return AssignmentRow(
            id=draw(uuids), roster_id=roster.id, employee_id=draw(employee).id, date=draw(dates), status=status, source=draw(maybe), notes=draw(maybe),
            dagdeel=kind.dagdeel if status == SlotStatus.ACTIVE else draw(dagdelen), service_id=kind.id if status == SlotStatus.ACTIVE else None,
            **(blocked if status == SlotStatus.BLOCKED else {}),
        )  # fmt: skip

    tables = PracticeTables(
        rosters=[roster],
        employees=employees,
        service_types=services,
        service_blocking_rules=[
            BlockingRuleRow(service_id=draw(service).id, dag_offset=draw(st.integers(-7, 7)), dagdeel=draw(dagdelen)) for _ in range(draw(st.integers(0, 2)))
        ],
        roster_employee_services=[
            CapabilityRow(roster_id=roster.id, employee_id=draw(employee).id, service_id=draw(service).id, aantal=draw(st.integers(0, 999)), actief=draw(st.booleans()))
            for _ in range(draw(st.integers(0, 6)))
        ],
        roster_period_staffing_dagdelen=[
            StaffingRow(
                id=draw(uuids), roster_id=roster.id, date=draw(dates), dagdeel=kind.dagdeel, team=draw(st.sampled_from(("TOT", "GRO", "ORA"))),
                service_id=kind.id, status=draw(st.sampled_from(("MOET", "MAG", "MAG_NIET", "AANGEPAST"))), aantal=draw(st.integers(0, 9)),
            )
            for kind in draw(st.lists(service, max_size=3))
        ],
        roster_assignments=[slot(draw(st.sampled_from(SlotStatus)), draw(service)) for _ in range(draw(st.integers(0, 4)))],
    )  # fmt: skip
    assume(not [*faults_between_rows(tables)])
    return tables


def there_and_back(tables: PracticeTables, language: Language) -> PracticeTables:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "practice.xlsx"
        write_workbook(tables, path, language=language)
        return read_workbook(path).tables()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large])
@given(practices(), st.sampled_from(Language))
def test_nothing_is_lost(tables: PracticeTables, language: Language) -> None:
    assert there_and_back(tables, language) == tables


@given(texts)
@example("_x0041\r")
@example("_x0041\x01_x0042_")
@example(" _x0041_ ")
def test_a_text_is_stored_so_that_reading_keeps_it(text: str) -> None:
    seen = unescaped(stored(text))  # what XML and Excel undo
    assert unescaped(clean(seen)) == text
    assert not any(ord(character) < 32 and character not in "\n\t" for character in stored(text))


@pytest.mark.parametrize("language", Language)
def test_the_sample_comes_back(sample: PracticeTables, language: Language) -> None:
    assert there_and_back(sample, language) == sample


def test_names_that_people_take_for_one(sample: PracticeTables) -> None:
    """References to rows whose numbers, codes or names differ in case and spaces alone."""
    (first, second, third), (din, dia) = sample.employees[:3], sample.service_types[:2]
    employees = [
        first.model_copy(update={"id": "emp001", "voornaam": "Anna", "achternaam": "Bos"}),
        second.model_copy(update={"id": "EMP001", "voornaam": "anna", "achternaam": " Bos"}),
        third.model_copy(update={"id": "Anna Bos", "voornaam": "EMP001", "achternaam": None}),
    ]
    services = [din.model_copy(update={"code": "DIO", "gekoppeld_aan": "dio"}), dia.model_copy(update={"code": "dio"})]
    capability = sample.roster_employee_services[0]
    tables = sample.model_copy(
        update={
            "employees": employees,
            "service_types": services,
            "service_blocking_rules": [],
            "roster_employee_services": [
                capability.model_copy(update={"employee_id": employee.id, "service_id": service.id})
                for employee in employees
                for service in services
            ],
            "roster_period_staffing_dagdelen": [],
            "roster_assignments": [],
        }
    )
    assert there_and_back(tables, Language.NL) == tables
