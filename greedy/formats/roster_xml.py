"""A roster as the XML of schedulingbenchmarks.org, which RosterViewer shows: `Roster`, an `Employee` each, an `Assign` a shift."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from greedy.errors import InputError
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster

ENDINGS = (".xml", ".ros")


def to_xml(problem: Problem, roster: Roster) -> str:
    """The roster as XML, days numbered from 0; it refers to the instance as a file beside it.

    Raises
    ------
    InputError
        The problem has several dayparts; the format knows days alone.
    """
    if len(problem.dayparts) != 1:
        raise InputError("the XML of schedulingbenchmarks.org has no dayparts", next_step="give --output a file that ends in .json")
    root = ET.Element("Roster", {"xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "xsi:noNamespaceSchemaLocation": "Roster.xsd"})
    ET.SubElement(root, "SchedulingPeriodFile").text = f"{problem.roster_id}.ros"
    staff = [ET.SubElement(root, "Employee", {"ID": employee.id}) for employee in problem.employees]
    for assignment in roster.assignments:
        assign = ET.SubElement(staff[assignment.employee], "Assign")
        ET.SubElement(assign, "Day").text = str(assignment.day)
        ET.SubElement(assign, "Shift").text = problem.services[assignment.service].code
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def parse_xml(text: bytes | str, name: str, problem: Problem) -> Roster:
    """The roster of such a document; `name` stands in messages.

    Raises
    ------
    InputError
        It is no such document, or names what the problem does not have; every fault is listed.
    """
    try:
        root = ET.fromstring(text)  # noqa: S314  entities do not leave the file, and expat limits how far they grow
    except ET.ParseError as exc:
        raise InputError(f"{name} is not XML: {exc}", next_step="write a roster with greedy solve FILE -o ROSTER") from None
    if root.tag != "Roster":
        raise InputError(f"{name} is not a roster: its root is {root.tag}, not Roster")
    employees = {employee.id: number for number, employee in enumerate(problem.employees)}
    services = {service.code: number for number, service in enumerate(problem.services)}
    faults: list[str] = []
    assignments: list[Assignment] = []
    for element in root.iter("Employee"):
        who = element.get("ID", "")
        if who not in employees:
            faults.append(f"no employee has the id {who!r}")
        for number, assign in enumerate(element.iter("Assign")):
            day, shift = (assign.findtext("Day") or "").strip(), (assign.findtext("Shift") or "").strip()
            if not (day.isascii() and day.isdigit() and len(day) < 7):
                faults.append(f"employee {who}, assignment {number}: {day!r} is no day")
            elif shift not in services:
                faults.append(f"employee {who}, assignment {number}: no shift has the id {shift!r}")
            elif who in employees:
                assignments.append(Assignment(employees[who], int(day), services[shift]))
    if faults:
        raise InputError(f"{name} does not fit the problem", details=faults)
    return Roster.of(assignments)
