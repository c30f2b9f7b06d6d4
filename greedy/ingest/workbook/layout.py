"""What the sheets of a workbook are called and which columns they have, in Dutch and in English. Reading and writing both follow it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from pydantic import BaseModel

from greedy.formats.tables import (
    AssignmentRow,
    BlockingRuleRow,
    CapabilityRow,
    EmployeeRow,
    RosterRow,
    ServiceTypeRow,
    StaffingRow,
)
from greedy.ingest.workbook.wish import WishRow


class Language(IntEnum):
    """Which of the labels a workbook is written with. All of them are understood when one is read."""

    NL = 0
    EN = 1


class Kind(StrEnum):
    """What a cell of a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    DECIMAL = "number"
    YES_NO = "yes or no"
    DATE = "date"
    TIME = "time"
    MOMENT = "date and time"
    CHOICE = "one of a list"
    DAGDELEN = "dagdelen"  # "O M"; "-" for an empty list
    REFERENCE = "name"  # of a row of another sheet, which stands there with its id
    ID = "id"  # a uuid, kept for the computer


@dataclass(frozen=True)
class Choice:
    """A value of a list and how it is written: Dutch, English, then what else is understood."""

    value: object
    labels: tuple[str, ...]

    def label(self, language: Language) -> str:
        """How it is written in a language."""
        return self.labels[min(language, len(self.labels) - 1)]


@dataclass(frozen=True)
class Column:
    """A column of a sheet.

    Parameters
    ----------
    field
        Column of the table; `structureel_nbh.ma` is the key `ma` of a column that holds an object.
    labels
        Its header: Dutch, English, then other names that people give it. The field itself is always understood.
    required
        Every row must have a value.
    choices
        Of a CHOICE, in the order of the list.
    refers_to
        Of a REFERENCE: entity type whose row is meant.
    by_key
        Of a REFERENCE: the table holds what the sheet says (a code), and not the id of the row.
    technical
        For the computer alone: written last and hidden; a person leaves it out.
    """

    field: str
    labels: tuple[str, ...]
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: tuple[Choice, ...] = ()
    refers_to: str | None = None
    by_key: bool = False
    technical: bool = False

    def label(self, language: Language) -> str:
        """The header in a language."""
        return self.labels[min(language, len(self.labels) - 1)]


@dataclass(frozen=True)
class SheetLayout:
    """A sheet: rows of one entity type.

    Parameters
    ----------
    entity
        Entity type; of our own ones it is the name of the table.
    labels
        Name of the sheet: Dutch, English, then other names that are understood.
    model
        Checks a row whose references are resolved; None where only the database does.
    key
        Field that holds the key of a row, to which others refer; None when no other does.
    known_by
        Fields by which people name a row, each by itself enough when it is unique; several joined by a space in a tuple.
    """

    entity: str
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    model: type[BaseModel] | None = None
    known_by: tuple[tuple[str, ...], ...] = (("id",),)
    key: str | None = "id"

    def label(self, language: Language) -> str:
        """The name of the sheet in a language."""
        return self.labels[min(language, len(self.labels) - 1)]


def _codes(*values: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, (value,)) for value in values)


DAGDELEN = (
    Choice("O", ("O", "O", "ochtend", "morning")),
    Choice("M", ("M", "M", "middag", "afternoon")),
    Choice("A", ("A", "A", "avond", "nacht", "evening", "night")),
)
EMPLOYEE_TEAMS = (
    Choice("Groen", ("Groen", "Groen", "green")),
    Choice("Oranje", ("Oranje", "Oranje", "orange")),
    Choice("Overig", ("Overig", "Overig", "other")),
)
DEMAND_TEAMS = (
    Choice("TOT", ("TOT", "TOT", "totaal", "total", "alle", "all")),
    Choice("GRO", ("GRO", "GRO", "groen", "green")),
    Choice("ORA", ("ORA", "ORA", "oranje", "orange")),
)
SLOT_STATUSES = (
    Choice(0, ("open", "open", "0")),
    Choice(1, ("gepland", "planned", "1", "actief", "active")),
    Choice(2, ("geblokkeerd", "blocked", "2")),
    Choice(3, ("niet beschikbaar", "unavailable", "3", "afwezig", "absent")),
)
WEEKDAYS = (
    ("ma", ("Ma", "Mon", "maandag", "monday")),
    ("di", ("Di", "Tue", "dinsdag", "tuesday")),
    ("wo", ("Wo", "Wed", "woensdag", "wednesday")),
    ("do", ("Do", "Thu", "donderdag", "thursday")),
    ("vr", ("Vr", "Fri", "vrijdag", "friday")),
    ("za", ("Za", "Sat", "zaterdag", "saturday")),
    ("zo", ("Zo", "Sun", "zondag", "sunday")),
)


def _id() -> Column:
    return Column("id", ("Kenmerk", "Id"), Kind.ID, technical=True)


def _dagdeel(field: str = "dagdeel", labels: tuple[str, ...] = ("Dagdeel", "Part of day", "daypart"), *, required: bool = True) -> Column:
    return Column(field, labels, Kind.CHOICE, required=required, choices=DAGDELEN)


def _service(field: str = "service_id", labels: tuple[str, ...] = ("Dienst", "Service"), *, required: bool = True) -> Column:
    return Column(field, labels, Kind.REFERENCE, required=required, refers_to="service_types")


def _employee() -> Column:
    return Column("employee_id", ("Medewerker", "Employee"), Kind.REFERENCE, required=True, refers_to="employees")


ROSTER = SheetLayout(
    "rosters",
    ("Rooster", "Roster"),
    (
        Column("naam", ("Naam", "Name")),
        Column("start_date", ("Begin", "Start", "begindatum", "eerste dag", "first day"), Kind.DATE, required=True),
        Column("end_date", ("Einde", "End", "einddatum", "laatste dag", "last day"), Kind.DATE, required=True),
        Column(
            "status",
            ("Status", "Status"),
            Kind.CHOICE,
            choices=(
                Choice("draft", ("concept", "draft")),
                Choice("in_progress", ("in bewerking", "in progress")),
                Choice("final", ("definitief", "final")),
            ),
        ),
        _id(),
    ),
    RosterRow,
    known_by=(("id",), ("naam",)),
)
EMPLOYEES = SheetLayout(
    "employees",
    ("Medewerkers", "Employees", "personeel", "staff"),
    (
        Column("id", ("Nummer", "Number", "personeelsnummer", "medewerkernummer", "employee id", "employee number")),
        Column("voornaam", ("Voornaam", "First name", "roepnaam", "given name"), required=True),
        Column("achternaam", ("Achternaam", "Last name", "surname", "family name")),
        Column("email", ("E-mail", "Email", "e-mailadres", "mail")),
        Column("team", ("Team", "Team"), Kind.CHOICE, required=True, choices=EMPLOYEE_TEAMS),
        Column("dienstverband", ("Dienstverband", "Contract", "contract type")),
        Column("aantalwerkdagen", ("Werkdagen", "Working days", "aantal werkdagen"), Kind.WHOLE),
        *(Column(f"structureel_nbh.{day}", labels, Kind.DAGDELEN) for day, labels in WEEKDAYS),
        Column("actief", ("Actief", "Active"), Kind.YES_NO),
    ),
    EmployeeRow,
    known_by=(("id",), ("email",), ("voornaam", "achternaam")),
)
SERVICE_TYPES = SheetLayout(
    "service_types",
    ("Diensten", "Services", "diensttypen", "service types"),
    (
        Column("code", ("Code", "Code"), required=True),
        Column("naam", ("Naam", "Name", "omschrijving", "description"), required=True),
        _dagdeel(),
        Column("begintijd", ("Begin", "Begins", "begintijd", "start"), Kind.TIME, required=True),
        Column("eindtijd", ("Einde", "Ends", "eindtijd", "end"), Kind.TIME, required=True),
        Column("duur_minuten", ("Minuten", "Minutes", "duur", "duration"), Kind.WHOLE, required=True),
        Column("is_system", ("Systeemdienst", "System service"), Kind.YES_NO),
        Column("blokkeert_volgdag", ("Blokkeert volgende dag", "Blocks next day"), Kind.YES_NO),
        Column("gekoppeld_aan", ("Gekoppeld aan", "Paired with", "tweede helft"), Kind.REFERENCE, refers_to="service_types", by_key=True),
        Column("actief", ("Actief", "Active"), Kind.YES_NO),
        _id(),
    ),
    ServiceTypeRow,
    known_by=(("code",), ("id",), ("naam",)),
)
BLOCKING_RULES = SheetLayout(
    "service_blocking_rules",
    ("Blokkeringen", "Blocking rules", "blokkeringsregels"),
    (
        _service(),
        Column("dag_offset", ("Dagen later", "Days later", "dag"), Kind.WHOLE, required=True),
        _dagdeel(),
    ),
    BlockingRuleRow,
    known_by=(),
)
CAPABILITIES = SheetLayout(
    "roster_employee_services",
    ("Bevoegdheden", "Capabilities", "inzet"),
    (
        _employee(),
        _service(),
        Column("aantal", ("Aantal", "At most", "maximum", "max"), Kind.WHOLE, required=True),
        Column("actief", ("Actief", "Active"), Kind.YES_NO),
    ),
    CapabilityRow,
    known_by=(),
)
STAFFING = SheetLayout(
    "roster_period_staffing_dagdelen",
    ("Bezetting", "Demand", "staffing"),
    (
        Column("date", ("Datum", "Date"), Kind.DATE, required=True),
        _dagdeel(),
        Column("team", ("Team", "Team"), Kind.CHOICE, required=True, choices=DEMAND_TEAMS),
        _service(),
        Column("status", ("Status", "Status"), Kind.CHOICE, required=True, choices=_codes("MOET", "MAG", "MAG_NIET", "AANGEPAST")),
        Column("aantal", ("Aantal", "Number", "people"), Kind.WHOLE, required=True),
        _id(),
    ),
    StaffingRow,
    known_by=(),
)
ASSIGNMENTS = SheetLayout(
    "roster_assignments",
    ("Planning", "Assignments", "toewijzingen", "slots"),
    (
        _employee(),
        Column("date", ("Datum", "Date"), Kind.DATE, required=True),
        _dagdeel(),
        Column("status", ("Status", "Status"), Kind.CHOICE, required=True, choices=SLOT_STATUSES),
        _service(required=False),
        Column("source", ("Bron", "Source")),
        Column("notes", ("Opmerking", "Notes", "opmerkingen")),
        Column("blocked_by_date", ("Geblokkeerd door datum", "Blocked by date"), Kind.DATE),
        _dagdeel("blocked_by_dagdeel", ("Geblokkeerd door dagdeel", "Blocked by part of day"), required=False),
        _service("blocked_by_service_id", ("Geblokkeerd door dienst", "Blocked by service"), required=False),
        _id(),
    ),
    AssignmentRow,
    known_by=(),
)
# Parents before children; the order of the sheets too.
PRACTICE = (ROSTER, EMPLOYEES, SERVICE_TYPES, BLOCKING_RULES, CAPABILITIES, STAFFING, ASSIGNMENTS)
# Wishes are no table: they become a planning file (docs/planning.md).
WISHES = SheetLayout(
    "requests",
    ("Wensen", "Wishes", "requests"),
    (
        Column("employee", ("Medewerker", "Employee"), Kind.REFERENCE, required=True, refers_to="employees"),
        Column("first_date", ("Van", "From", "datum", "date"), Kind.DATE, required=True),
        Column("last_date", ("Tot en met", "Until", "tot"), Kind.DATE),
        Column(
            "wants",
            ("Wens", "Wish", "wants"),
            Kind.CHOICE,
            required=True,
            choices=(Choice("work", ("werken", "work")), Choice("off", ("vrij", "off", "niet werken"))),
        ),
        Column("service", ("Dienst", "Service"), Kind.REFERENCE, refers_to="service_types", by_key=True),
        _dagdeel("daypart", required=False),
        Column("priority", ("Prioriteit", "Priority"), Kind.WHOLE),
        Column("weight", ("Gewicht", "Weight"), Kind.WHOLE),
    ),
    WishRow,
    known_by=(),
)
# Sheets that a workbook of ours has for people alone; reading passes over them without a word.
EXPLANATION_SHEET = ("Uitleg", "Explanation")
FAULTS_SHEET = ("Fouten", "Faults")
LISTS_SHEET = ("Lijsten", "Lists")
NO_DATA_SHEETS = EXPLANATION_SHEET + FAULTS_SHEET + LISTS_SHEET
