"""What belongs in each sheet and column, for the notes and the first sheet of a template. Dutch and English, as the labels."""

from __future__ import annotations

from greedy.ingest.workbook.layout import EMPLOYEES, SERVICE_TYPES, Column, Kind, Language

Texts = tuple[str, str]

INTRODUCTION: tuple[Texts, ...] = (
    ("Werkmap voor een rooster", "Workbook of a roster"),
    (
        "Vul de bladen van links naar rechts. Een blauwe kop is verplicht, een grijze niet. Bij elke kop staat een toelichting.",
        "Fill the sheets from left to right. A blue header is required, a grey one is not. Each header has a note.",
    ),
    (
        "Lees de werkmap in met: greedy import BESTAND.xlsx --dry-run (alleen controleren), daarna zonder --dry-run.",
        "Read the workbook with: greedy import FILE.xlsx --dry-run (to check only), then without --dry-run.",
    ),
    (
        "Alle fouten komen in een keer, met blad, rij en kolom; met --mark fouten.xlsx ook als kopie waarin ze gekleurd zijn.",
        "All faults come at once, with sheet, row and column; with --mark faults.xlsx also as a copy in which they are coloured.",
    ),
    (
        "Zonder rij op het blad Rooster worden alleen medewerkers en diensten ingelezen. Dit blad wordt overgeslagen en mag weg.",
        "Without a row on the sheet Roster only employees and services are read. This sheet is passed over and may go.",
    ),
)

SHEETS: dict[str, Texts] = {
    "rosters": ("Een rij: de periode waarvoor gepland wordt.", "One row: the period that is planned."),
    "employees": ("Een rij voor elke medewerker.", "A row for each employee."),
    "service_types": (
        "Een rij voor elke dienst. Een dienst van twee helften is twee rijen: DIO (overdag) met Gekoppeld aan DIA (avond en nacht).",
        "A row for each service. A service of two halves is two rows: DIO (by day) with Paired with DIA (evening and night).",
    ),
    "service_blocking_rules": (
        "Welke dagdelen na een dienst vrij zijn. Na DIO: 0 M (dezelfde middag), 1 O en 1 M (de volgende ochtend en middag).",
        "Which parts of days are free after a service. After DIO: 0 M (that afternoon), 1 O and 1 M (the next morning and afternoon).",
    ),
    "roster_employee_services": (
        "Wie welke dienst mag doen, en hoe vaak ten hoogste in deze periode.",
        "Who may work which service, and how often at most in this period.",
    ),
    "roster_period_staffing_dagdelen": (
        "Hoeveel mensen er per dag, dagdeel, team en dienst nodig zijn.",
        "How many people each day, part of day, team and service needs.",
    ),
    "roster_assignments": (
        "Wat al vaststaat: diensten die gepland zijn en dagdelen waarop iemand niet kan. Wat er niet staat is open.",
        "What stands already: services that are planned, and parts of days on which somebody is unavailable. The rest is open.",
    ),
    "requests": (
        "Wensen om te werken of vrij te zijn. Ze worden bewaard in een planbestand: greedy import --wishes planning.toml.",
        "Wishes to work or to be off. They are kept in a planning file: greedy import --wishes planning.toml.",
    ),
}

COLUMNS: dict[tuple[str, str], Texts] = {
    ("rosters", "naam"): ("Bijvoorbeeld Rooster 2026-W02 t/m 2026-W06.", "Such as Roster 2026-W02 to 2026-W06."),
    ("rosters", "end_date"): ("De laatste dag hoort er nog bij.", "The last day is part of it."),
    ("employees", "id"): (
        "Personeelsnummer; leeg: het programma maakt er een van de naam.",
        "Staff number; empty: one is made of the name.",
    ),
    ("employees", "aantalwerkdagen"): (
        "Dagen die zij ten hoogste werkt, als daar om gevraagd wordt.",
        "Days that she works at most, when that is asked for.",
    ),
    ("employees", "actief"): ("Leeg is ja.", "Empty means yes."),
    ("service_types", "code"): ("Korte code, zoals DIO: letters, cijfers, - en _.", "Short code such as DIO: letters, digits, - and _."),
    ("service_types", "is_system"): ("Wordt het eerst gevuld. Leeg is nee.", "Is filled first. Empty means no."),
    ("service_types", "blokkeert_volgdag"): (
        "Ter informatie; wat telt is het blad Blokkeringen.",
        "For information; what counts is the sheet Blocking rules.",
    ),
    ("service_types", "gekoppeld_aan"): (
        "Code van de tweede helft, die dezelfde medewerker dezelfde dag doet.",
        "Code of the second half, which the same employee works that day.",
    ),
    ("service_types", "actief"): ("Leeg is ja.", "Empty means yes."),
    ("service_blocking_rules", "dag_offset"): ("0 is dezelfde dag, 1 de volgende.", "0 is the same day, 1 the next."),
    ("roster_employee_services", "aantal"): (
        "Ten hoogste zo vaak in deze periode; 0 is deze keer niet.",
        "At most so often in this period; 0 is not this time.",
    ),
    ("roster_employee_services", "actief"): ("nee: mag de dienst niet doen. Leeg is ja.", "no: may not work it. Empty means yes."),
    ("roster_period_staffing_dagdelen", "team"): (
        "TOT: iedereen; GRO: Groen, dan Overig; ORA: Oranje, dan Overig.",
        "TOT: everybody; GRO: Groen, then Overig; ORA: Oranje, then Overig.",
    ),
    ("roster_period_staffing_dagdelen", "aantal"): ("0 tot en met 9.", "0 to 9."),
    ("roster_assignments", "source"): ("manual is met de hand vastgezet; leeg laten mag.", "manual is pinned by hand; may be empty."),
    ("roster_assignments", "service_id"): ("Alleen bij gepland.", "With planned alone."),
    ("requests", "last_date"): ("Leeg: alleen de dag bij Van.", "Empty: only the day of From."),
    ("requests", "daypart"): ("Leeg: de hele dag.", "Empty: the whole day."),
    ("requests", "service"): ("Leeg: om het even welke.", "Empty: any."),
    ("requests", "priority"): ("0 tot en met 10, 1 is het strengst. Leeg is 6.", "0 to 10, 1 is the most strict. Empty means 6."),
    ("requests", "weight"): (
        "Hoe zwaar zij telt naast andere wensen. Leeg is 1.",
        "How much it counts beside other wishes. Empty means 1.",
    ),
}

_REQUIRED: Texts = ("Verplicht.", "Required.")
_KINDS: dict[Kind, Texts] = {
    Kind.WHOLE: ("Een geheel getal.", "A whole number."),
    Kind.DECIMAL: ("Een getal.", "A number."),
    Kind.YES_NO: ("ja of nee.", "yes or no."),
    Kind.DATE: ("Een datum, zoals 24-11-2025.", "A date, such as 2025-11-24."),
    Kind.TIME: ("Een tijd, zoals 09:00.", "A time, such as 09:00."),
    Kind.DAGDELEN: (
        "Elke week niet beschikbaar: O, M, A of meer, zoals O M. Leeg: altijd wel.",
        "Never available that day of the week: O, M, A or several, as O M. Empty: always.",
    ),
    Kind.ID: ("Voor de computer; leeg laten mag.", "For the computer; may be empty."),
}
_ONE_OF: Texts = ("Een van: {}.", "One of: {}.")
_NAMES: dict[str, Texts] = {
    EMPLOYEES.entity: ("Naam of nummer van het blad {}.", "Name or number on the sheet {}."),
    SERVICE_TYPES.entity: ("Code van het blad {}.", "Code on the sheet {}."),
}


def column_note(entity: str, column: Column, language: Language) -> str:
    """What belongs in a column, in a few short sentences."""
    parts = [_REQUIRED[language]] if column.required else []
    if column.refers_to:
        named = EMPLOYEES if column.refers_to == EMPLOYEES.entity else SERVICE_TYPES
        parts.append(_NAMES[column.refers_to][language].format(named.label(language)))
    elif column.choices:
        parts.append(_ONE_OF[language].format(", ".join(choice.label(language) for choice in column.choices)))
    elif column.kind in _KINDS:
        parts.append(_KINDS[column.kind][language])
    if hint := COLUMNS.get((entity, column.field)):
        parts.append(hint[language])
    return " ".join(parts)
