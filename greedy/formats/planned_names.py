"""The names in a planning file: those of a problem become numbers, and every name that leads nowhere is a fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from greedy.formats.planning import fault_at, faulty, unknown
from greedy.model.message import Message
from greedy.model.problem import Problem

MOST_FAULTS = 200  # to be told; a near name is looked for in each
EMPLOYEE, TEAM, SERVICE, DAYPART = Message("employee"), Message("team"), Message("service"), Message("daypart")


@dataclass
class NamesOf:
    """The names of a problem, and every fault of whoever used them."""

    problem: Problem
    path: Path
    faults: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.services = {service.code: number for number, service in enumerate(self.problem.services)}
        self.dayparts = {code: number for number, code in enumerate(self.problem.dayparts)}
        self._ids = {employee.id: number for number, employee in enumerate(self.problem.employees)}
        self._by_name: dict[str, list[int]] = {}
        for number, employee in enumerate(self.problem.employees):
            self._by_name.setdefault(employee.name, []).append(number)

    def fault(self, where: str, message: str) -> None:
        """Note a fault; raises InputError when they are enough."""
        self.faults.append(fault_at(where, message))
        if len(self.faults) == MOST_FAULTS:
            raise faulty(self.path, [*self.faults, Message("and perhaps others: so many faults were enough")])

    def employee(self, where: str, name: str) -> int | None:
        """An employee by id, or by a name that is hers alone."""
        if name in self._ids:
            return self._ids[name]
        numbers = self._by_name.get(name, [])
        if len(numbers) > 1:
            ids = ", ".join(self.problem.employees[number].id for number in numbers)
            self.fault(where, Message("{count} employees are called {name}; give an id: {ids}", count=len(numbers), name=name, ids=ids))
        elif not numbers:
            self.fault(where, unknown(EMPLOYEE, name, [*self._by_name, *self._ids]))
        return numbers[0] if len(numbers) == 1 else None

    def number(self, where: str, what: Message, name: str, known: dict[str, int]) -> int | None:
        """The number of a service or daypart."""
        if name not in known:
            self.fault(where, unknown(what, name, known))
        return known.get(name)

    def service_set(self, where: str, codes: list[str]) -> frozenset[int]:
        """Services by their codes."""
        numbers = [self.number(f"{where}[{place}]", SERVICE, code, self.services) for place, code in enumerate(codes)]
        return frozenset(number for number in numbers if number is not None)

    def day(self, where: str, on: date) -> int | None:
        """A day of the horizon."""
        day = (on - self.problem.first_day).days
        if day in range(self.problem.day_count):
            return day
        last = self.problem.date_of(self.problem.day_count - 1)
        self.fault(where, Message("{day} lies outside the roster, {first} to {last}", day=on, first=self.problem.first_day, last=last))
        return None
