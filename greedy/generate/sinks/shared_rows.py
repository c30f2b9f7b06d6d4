"""Rows that all practices of a database share: kept where they are there and the same, refused where they differ."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from greedy.database import DBConnection, qualified, quoted
from greedy.errors import InputError
from greedy.generate.tables import Batch, Table

Line = tuple[Any, ...]

NAMED = {"regions": "region", "service_types": "service", "service_blocking_rules": "blocking rules of"}
KNOWN_BY = {"regions": ("id",), "service_types": ("id", "code")}


class SharedRows:
    """The regions, the services and their rules, in the transaction of `connection`."""

    def __init__(self, connection: DBConnection) -> None:
        self._connection = connection
        self._codes: dict[str, str] = {}  # of the services that were there, by id

    def holds(self, table: Table) -> bool:
        """Whether rows of this table are shared."""
        return table.name in NAMED

    async def new_ones(self, batch: Batch, schema: str) -> list[Line]:
        """The rows that are not there yet. Services come before their rules.

        Raises
        ------
        InputError
            Rows that are there differ; they are named.
        """
        table = batch.table
        wanted, there = list(zip(*batch.columns, strict=True)), await self._there(table, schema)
        new = [line for line in wanted if line not in there]
        if table.name == "service_blocking_rules":
            # The rules of a service are the same all or none: one more that is there differs as well.
            differing = {self._codes[line[0]] for line in there.symmetric_difference(wanted) if line[0] in self._codes}
        else:
            places = [table.columns.index(column) for column in KNOWN_BY[table.name]]
            differing = {line[1] for line in new if any(line[place] == other[place] for place in places for other in there)}
        if differing:
            raise InputError(
                f"{self._connection.server} has other {table.name} than the generator's; nothing was written",
                details=[f"{NAMED[table.name]} {name}" for name in sorted(differing)],
                next_step="choose another --database or --schema",
            )
        if table.name == "service_types":
            self._codes = {line[0]: line[1] for line in wanted if line in there}
        return new

    async def _there(self, table: Table, schema: str) -> set[Line]:
        columns = ", ".join(map(quoted, table.columns))
        found = await self._connection.execute(f"select {columns} from {qualified(table.name, schema)}", fetch_all=True)  # noqa: S608  quoted names
        return {tuple(str(value) if isinstance(value, UUID) else value for value in line) for line in found}
