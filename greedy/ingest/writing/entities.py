"""Entity types: which table each has, what its rows belong to, and how they are known. Declared once, in Python or in a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from greedy.database.columns import likely
from greedy.errors import InputError
from greedy.ingest.workbook.layout import EMPLOYEES, ROSTER, SERVICE_TYPES

NEXT_STEP = "docs/workbooks.md tells how entity types are declared"


@dataclass(frozen=True)
class EntityType:
    """Rows of one kind.

    Parameters
    ----------
    name
        What the kind is called.
    table
        Where its rows stand.
    id_column
        The column by which a row is known to the database; None when the columns of `key` together are.
    parents
        Which columns refer to a row of which entity type; the type itself may be among them.
    id_prefix
        Ids that nobody gives become `<prefix>-<hexadecimal uuid>`.
    key
        The columns by which a row without an id is the same as one in the database.
    known_by
        Columns by which people name a row, each tuple by itself enough when it is unique.
    """

    name: str
    table: str
    id_column: str | None = "id"
    parents: Mapping[str, str] = field(default_factory=dict)
    id_prefix: str | None = None
    key: tuple[str, ...] = ()
    known_by: tuple[tuple[str, ...], ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that tell its rows apart: the id, or else the key."""
        return self.key if self.id_column is None else (self.id_column,)

    @property
    def refers_to_itself(self) -> bool:
        """Whether a row can belong to another of the same type."""
        return self.name in self.parents.values()


class UnknownEntityTypeError(InputError, KeyError):
    """No entity type has this name."""

    __str__ = Exception.__str__  # that of KeyError is for programmers


class EntityTypes(Mapping[str, EntityType]):
    """Entity types by name, parents before children, otherwise in the order given.

    Raises
    ------
    InputError
        Two types of one name or table, a parent that is not among them, a circle, a type by which no row can be known; all at once.
    """

    def __init__(self, types: Iterable[EntityType]) -> None:
        given = list(types)
        by_name = {one.name: one for one in given}
        if faults := [*_repeated(given), *_unfit(by_name)]:
            raise InputError("the entity types contradict each other", details=faults, next_step=NEXT_STEP)
        self._types = {name: by_name[name] for name in _parents_first(by_name)}

    @classmethod
    def from_toml(cls, path: Path) -> EntityTypes:
        """Read a declaration: a table `[entities.NAME]` for each type, with the parameters of EntityType.

        Raises
        ------
        InputError
            The file cannot be read, or what stands in it is no declaration.
        """
        try:
            text = path.read_bytes().decode()
            declared = _Declaration.model_validate(tomllib.loads(text))
        except OSError as exc:
            raise InputError(f"{path} cannot be read: {exc.strerror}", next_step="check its path and your rights") from exc
        except UnicodeDecodeError:
            raise InputError(f"{path} is not UTF-8 text", next_step="save it as UTF-8") from None
        except (tomllib.TOMLDecodeError, RecursionError) as exc:
            raise InputError(f"{path} is not TOML: {exc}", next_step=NEXT_STEP) from exc
        except ValidationError as exc:
            faults = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in exc.errors(include_url=False)]
            raise InputError(f"{path} declares entity types wrongly", details=faults, next_step=NEXT_STEP) from None
        return cls(type_.named(name) for name, type_ in declared.entities.items())

    def __getitem__(self, name: str) -> EntityType:
        """One type.

        Raises
        ------
        UnknownEntityTypeError
            There is none of this name; the message names the nearest.
        """
        found = self._types.get(name) if isinstance(name, str) else None
        if found is None:
            near = likely(name, self._types) if isinstance(name, str) else []
            raise UnknownEntityTypeError(
                f"there is no entity type {name!r:.80}" + (f". Did you mean: {', '.join(near)}?" if near else ""),
                details=[f"entity types: {', '.join(self._types) or 'none'}"],
            )
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


def _repeated(types: list[EntityType]) -> Iterator[str]:
    for what, names in (("type", [one.name for one in types]), ("table", [one.table for one in types])):
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                yield f"{what} {name!r} is declared {names.count(name)} times"


def _unfit(types: Mapping[str, EntityType]) -> Iterator[str]:
    for one in types.values():
        if not one.name or not one.table:
            yield f"type {one.name!r} with the table {one.table!r}: both need a name"
        if not one.identity:
            yield f"type {one.name!r} has neither an id_column nor a key: its rows cannot be told apart"
        for column, parent in one.parents.items():
            if parent not in types:
                near = likely(parent, types)
                meant = f". Did you mean: {', '.join(near)}?" if near else ""
                yield f"type {one.name!r}: {column} refers to {parent!r}, which is not declared{meant}"


def _parents_first(types: Mapping[str, EntityType]) -> list[str]:
    sorter = TopologicalSorter({name: [parent for parent in one.parents.values() if parent != name] for name, one in types.items()})
    try:
        sorter.prepare()
    except CycleError as exc:
        circle = " > ".join(exc.args[1])
        raise InputError(f"the entity types belong to each other in a circle: {circle}", next_step=NEXT_STEP) from None
    order, place = [], {name: number for number, name in enumerate(types)}
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        order += ready
        sorter.done(*ready)
    return order


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Columns = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]


class _DeclaredType(BaseModel):
    """A table `[entities.NAME]`. `id_column = ""`: rows are known by their key alone."""

    model_config = ConfigDict(extra="forbid", strict=False)

    table: str = ""
    id_column: str = "id"
    parents: dict[str, str] = {}
    id_prefix: str | None = None
    key: Columns = ()
    known_by: tuple[Columns, ...] = ()

    def named(self, name: str) -> EntityType:
        known_by = self.known_by or (((self.id_column,),) if self.id_column else ())
        return EntityType(name, self.table or name, self.id_column or None, self.parents, self.id_prefix, self.key, known_by)


class _Declaration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    entities: dict[str, _DeclaredType]


OURS = EntityTypes(
    (
        EntityType("rosters", "rosters", known_by=ROSTER.known_by),
        EntityType("employees", "employees", known_by=EMPLOYEES.known_by),
        EntityType(
            "service_types", "service_types", parents={"gekoppeld_aan": "service_types"}, key=("code",), known_by=SERVICE_TYPES.known_by
        ),
        EntityType(
            "service_blocking_rules",
            "service_blocking_rules",
            id_column=None,
            parents={"service_id": "service_types"},
            key=("service_id", "dag_offset", "dagdeel"),
        ),
        EntityType(
            "roster_employee_services",
            "roster_employee_services",
            id_column=None,
            parents={"roster_id": "rosters", "employee_id": "employees", "service_id": "service_types"},
            key=("roster_id", "employee_id", "service_id"),
        ),
        EntityType(
            "roster_period_staffing_dagdelen",
            "roster_period_staffing_dagdelen",
            parents={"roster_id": "rosters", "service_id": "service_types"},
            key=("roster_id", "date", "dagdeel", "team", "service_id"),
        ),
        EntityType(
            "roster_assignments",
            "roster_assignments",
            parents={
                "roster_id": "rosters",
                "employee_id": "employees",
                "service_id": "service_types",
                "blocked_by_service_id": "service_types",
            },
            key=("roster_id", "employee_id", "date", "dagdeel"),
        ),
    )
)
