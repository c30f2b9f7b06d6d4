"""The planning file: what a practice wishes for and holds to, as TOML that a person writes. docs/planning.md tells every key."""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from greedy.errors import InputError
from greedy.model.law import ATW
from greedy.model.limits import Quantity
from greedy.model.wishes import WishKind

Weight = Annotated[int, Field(ge=1, le=1_000_000)]
WishPriority = Annotated[int, Field(ge=1, le=10)]
Priority = Annotated[int, Field(ge=0, le=10)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Date = Annotated[dt.date, Field(strict=False), BeforeValidator(lambda value: _no_number(value, "a date such as 2025-12-24"))]
Time = Annotated[dt.time, Field(strict=False), BeforeValidator(lambda value: _no_number(value, 'a time such as "09:00"'))]
Names = Annotated[list[str], Field(min_length=1)]


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
    quantity: Annotated[Quantity, BeforeValidator(lambda value: _one_of(value, Quantity, "quantity"))]
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
            raise ValueError("a limit has a minimum, a maximum or both")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above the maximum {self.maximum}")
        if self.weight is not None and self.priority is None:
            raise ValueError("a weight without a priority: give both for a wish, or neither for a hard limit")
        if self.quantity is Quantity.REST_MINUTES and self.maximum is not None:
            raise ValueError("rest has a minimum only")
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

    days: Annotated[int, Field(ge=1, le=732)] | None = None
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
    """A planning file that was read, and where it lies: it may name rosters beside it."""

    path: Path
    file: PlanningFile


def read_planning(path: Path) -> Planning:
    """Read a planning file.

    Raises
    ------
    InputError
        With every fault and the path of its key: `limits[0].maximun: this key is not known; did you mean maximum?`.
    """
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        planning = PlanningFile.model_validate(data)
    except OSError as exc:
        raise InputError(f"cannot read {path}: {exc.strerror}", next_step="give --planning a TOML file") from exc
    except UnicodeDecodeError as exc:
        raise InputError(f"{path} is not UTF-8 text at byte {exc.start}", next_step="save it as UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise InputError(f"{path} is not TOML: {exc}", next_step="mend that place; docs/planning.md has an example") from None
    except ValidationError as exc:
        raise faulty(path, [_fault(error["loc"], error["type"], error["msg"]) for error in exc.errors(include_url=False)]) from None
    faults = [f"wishes.{name}: {unknown('wish', name, WISH_NAMES)}" for name in planning.wishes if name not in WISH_NAMES]
    if planning.working_time is not None:
        faults += [f"working_time.norms.{name}: {unknown('norm', name, ATW)}" for name in planning.working_time.norms if name not in ATW]
    if faults:
        raise faulty(path, faults)
    return Planning(path, planning)


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """`no wish has this name; did you mean fair-weekends?`"""
    near = difflib.get_close_matches(name, known, 1, cutoff=0.5) or [one for one in known if one.lower() == name.lower()]
    if near:
        return f"there is no {what} {name!r}; did you mean {near[0]}?"
    shown = sorted(known)
    return f"there is no {what} {name!r}; there are {', '.join(shown[:12])}{' and others' if len(shown) > 12 else ''}"


def faulty(path: Path, faults: list[str]) -> InputError:
    """The error of a planning file with these faults."""
    return InputError(f"{path} has {len(faults)} faults", details=faults, next_step="mend these keys; docs/planning.md tells each")


def _fault(place: tuple[int | str, ...], kind: str, message: str) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")
    if kind == "extra_forbidden":
        tables = [str(part) for part in place[:-1] if part in TABLES]
        model = TABLES[tables[-1]] if tables else PlanningFile
        near = difflib.get_close_matches(str(place[-1]), model.model_fields, 1)
        return f"{where}: this key is not known; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(model.model_fields)}")
    if kind == "missing":
        return f"{where}: this key is missing"
    return f"{where}: {message.removeprefix('Value error, ')}"


def _no_number(value: object, wanted: str) -> object:
    if isinstance(value, int | float):
        raise ValueError(f"{value} is not {wanted}")  # noqa: TRY004  a fault of the file, which pydantic collects
    return value


def _one_of(value: object, kinds: type[Quantity], what: str) -> Quantity:
    names = [kind.value for kind in kinds]
    if value not in names:
        raise ValueError(unknown(what, str(value), names))
    return kinds(str(value))
