"""The planning file: what a practice wishes for and holds to, as TOML that a person writes. docs/planning.md tells every key."""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from greedy.errors import InputError
from greedy.formats.validation import in_words
from greedy.model.law import ATW
from greedy.model.limits import Quantity
from greedy.model.message import Message
from greedy.model.wishes import WishKind

A_DATE, A_TIME = Message("a date such as 2025-12-24"), Message('a time such as "09:00"')
WISH, NORM, QUANTITY = Message("wish"), Message("norm"), Message("quantity")
Weight = Annotated[int, Field(ge=1, le=1_000_000)]
WishPriority = Annotated[int, Field(ge=1, le=10)]
Priority = Annotated[int, Field(ge=0, le=10)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Date = Annotated[dt.date, Field(strict=False), BeforeValidator(lambda value: _no_number(value, A_DATE))]
Time = Annotated[dt.time, Field(strict=False), BeforeValidator(lambda value: _no_number(value, A_TIME))]
Names = Annotated[list[str], Field(min_length=1)]
MOST_DAYS_OF_HISTORY = 732
MOST_DOTS = 500  # in a line: of a key of thousands of parts, the reader of TOML keeps every beginning


class Entry(BaseModel):
    """A table of the file: unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class WishEntry(Entry):
    """A wish for the whole roster; what is left out stays as it is without the file."""

    enabled: bool = True
    priority: WishPriority | None = None
    weight: Weight | None = None
    tolerance_percent: Annotated[int, Field(ge=0, le=100)] | None = None


class LimitEntry(Entry):
    """A least and a most of what each of some employees works. Hard without a priority."""

    name: str
    quantity: Annotated[Quantity, BeforeValidator(lambda value: _one_of(value, Quantity, QUANTITY))]
    minimum: Count | None = None
    maximum: Count | None = None
    employees: Names | None = None
    teams: Names | None = None
    services: Names | None = None
    first_date: Date | None = None
    last_date: Date | None = None
    every: Literal["week"] | None = None
    priority: Priority | None = None
    weight: Weight | None = None

    @model_validator(mode="after")
    def _bounds_fit(self) -> LimitEntry:
        if self.minimum is None and self.maximum is None:
            raise ValueError(Message("a limit has a minimum, a maximum or both"))
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(Message("minimum {minimum} is above the maximum {maximum}", minimum=self.minimum, maximum=self.maximum))
        if self.weight is not None and self.priority is None:
            raise ValueError(Message("a weight without a priority: give both for a wish, or neither for a hard limit"))
        if self.quantity is Quantity.REST_MINUTES and self.maximum is not None:
            raise ValueError(Message("rest has a minimum only"))
        return self


class RequestEntry(Entry):
    """Days on which an employee asks to work, or to be off."""

    employee: str
    dates: Annotated[list[Date], Field(min_length=1)]
    wants: Literal["work", "off"]
    service: str | None = None
    daypart: str | None = None
    priority: Priority = 6
    weight: Weight = 1


class EmployeeEntry(Entry):
    """What the practice tables do not say of an employee."""

    contract: Annotated[int, Field(ge=0, le=10_000)] | None = None
    senior: bool | None = None
    preferred: list[str] | None = None


class ServiceEntry(Entry):
    """What the practice tables do not say of a service, or say otherwise."""

    begin: Time | None = None
    end: Time | None = None
    standby: bool | None = None
    asks_seniority: bool | None = None
    forbidden_successors: list[str] | None = None


class DemandEntry(Entry):
    """What a missing shift costs, by its class. As it stands here, one of a class outweighs nine of the next."""

    system_must: Weight = 1000
    system_may: Weight = 100
    must: Weight = 10
    may: Weight = 1


class WorkingTimeEntry(Entry):
    """Which law of working time is looked at, and whether it is enforced."""

    rules: Literal["atw", "none"] = "atw"
    enforce: bool = False
    norms: dict[str, Count] = Field(default_factory=dict)


class WorkedEntry(Entry):
    """Work of an employee before the horizon."""

    employee: str
    service: str
    dates: Annotated[list[Date], Field(min_length=1)]


class HistoryEntry(Entry):
    """What was worked before the horizon, from rosters of this program or row by row."""

    days: Annotated[int, Field(ge=1, le=MOST_DAYS_OF_HISTORY)] | None = None
    rosters: list[str] = Field(default_factory=list)
    worked: list[WorkedEntry] = Field(default_factory=list)


class PlanningFile(Entry):
    """The whole file."""

    timezone: str | None = None
    wishes: dict[str, WishEntry] = Field(default_factory=dict)
    limits: list[LimitEntry] = Field(default_factory=list)
    requests: list[RequestEntry] = Field(default_factory=list)
    employees: dict[str, EmployeeEntry] = Field(default_factory=dict)
    services: dict[str, ServiceEntry] = Field(default_factory=dict)
    demand: DemandEntry | None = None
    working_time: WorkingTimeEntry | None = None
    history: HistoryEntry | None = None


WISH_NAMES = {kind.value.replace(" ", "-"): kind for kind in WishKind}
TABLES: dict[str, type[Entry]] = {
    "wishes": WishEntry,
    "limits": LimitEntry,
    "requests": RequestEntry,
    "employees": EmployeeEntry,
    "services": ServiceEntry,
    "demand": DemandEntry,
    "working_time": WorkingTimeEntry,
    "history": HistoryEntry,
    "worked": WorkedEntry,
}


class Planning(NamedTuple):
    """A planning file that was read, and where it lies: it may name rosters beside it. One that `is_sent` came alone, and names none."""

    path: Path
    file: PlanningFile
    is_sent: bool = False


def read_planning(path: Path) -> Planning:
    """Read a planning file.

    Raises
    ------
    InputError
        With every fault and the path of its key: `limits[0].maximun: this key is not known; did you mean maximum?`.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        message = Message("cannot read {path}: {why}", path=path, why=exc.strerror)
        raise InputError(message, next_step=Message("give --planning a TOML file")) from exc
    return Planning(path, _parsed(path, content))


def sent_planning(text: str, name: str = "planning.toml") -> Planning:
    """The planning file of this text, which somebody sent in. Raises as `read_planning`."""
    return Planning(Path(name), _parsed(Path(name), text.encode()), is_sent=True)


def _parsed(path: Path, content: bytes) -> PlanningFile:
    next_step = Message("mend that place; docs/planning.md has an example")
    try:
        text = content.decode("utf-8-sig")
        dotted = next((number for number, line in enumerate(text.split("\n"), 1) if line.count(".") > MOST_DOTS), None)
        if dotted is not None:
            raise InputError(
                Message("line {line} of {path} has more than {most} dots", line=dotted, path=path, most=MOST_DOTS), next_step=next_step
            )
        planning = PlanningFile.model_validate(tomllib.loads(text))
    except UnicodeDecodeError as exc:
        message = Message("{path} is not UTF-8 text at byte {place}", path=path, place=exc.start)
        raise InputError(message, next_step=Message("save it as UTF-8")) from None
    except ValidationError as exc:
        raise faulty(path, [_fault(error) for error in exc.errors(include_url=False)]) from None
    except (ValueError, RecursionError) as exc:  # a number of thousands of digits is no TOMLDecodeError
        message = Message("{path} is not TOML: {why}", path=path, why=exc)
        raise InputError(message, next_step=next_step) from None
    faults = [fault_at(f"wishes.{name}", unknown(WISH, name, WISH_NAMES)) for name in planning.wishes if name not in WISH_NAMES]
    if planning.working_time is not None:
        norms = planning.working_time.norms
        faults += [fault_at(f"working_time.norms.{name}", unknown(NORM, name, ATW)) for name in norms if name not in ATW]
    if faults:
        raise faulty(path, faults)
    return planning


def fault_at(where: str, message: str) -> Message:
    """`wishes.fair-weekend: there is no wish ...`"""
    return Message("{where}: {message}", where=where, message=message)


def unknown(what: str, name: str, known: Collection[str]) -> Message:
    """`no wish has this name; did you mean fair-weekends?`"""
    near = difflib.get_close_matches(name, known, 1, cutoff=0.5) or [one for one in known if one.lower() == name.lower()]
    if near:
        return Message("there is no {what} {name}; did you mean {near}?", what=what, name=repr(name), near=near[0])
    told = {"what": what, "name": repr(name), "names": ", ".join(sorted(known)[:12])}
    if len(known) > 12:
        return Message("there is no {what} {name}; there are {names} and others", **told)
    return Message("there is no {what} {name}; there are {names}", **told)


def faulty(path: Path, faults: Sequence[str]) -> InputError:
    """The error of a planning file with these faults."""
    message = Message("{path} has 1 fault", path=path)
    if len(faults) != 1:
        message = Message("{path} has {count} faults", path=path, count=len(faults))
    return InputError(message, details=faults, next_step=Message("mend these keys; docs/planning.md tells each"))


def _fault(error: ErrorDetails) -> Message:
    place, kind = error["loc"], error["type"]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")
    if kind == "extra_forbidden":
        tables = [str(part) for part in place[:-1] if part in TABLES]
        model = TABLES[tables[-1]] if tables else PlanningFile
        near = difflib.get_close_matches(str(place[-1]), model.model_fields, 1)
        if near:
            return fault_at(where, Message("this key is not known; did you mean {near}?", near=near[0]))
        return fault_at(where, Message("this key is not known; there are {names}", names=", ".join(model.model_fields)))
    if kind == "missing":
        return fault_at(where, Message("this key is missing"))
    return fault_at(where, in_words(error))


def _no_number(value: object, wanted: Message) -> object:
    if isinstance(value, int | float):
        message = Message("{value} is not {wanted}", value=value, wanted=wanted)
        raise ValueError(message)  # noqa: TRY004  a fault of the file, which pydantic collects
    return value


def _one_of(value: object, kinds: type[Quantity], what: Message) -> Quantity:
    names = [kind.value for kind in kinds]
    if value not in names:
        raise ValueError(unknown(what, str(value), names))
    return kinds(str(value))
