"""A second file on employees, such as contacts or contracts, and whom its records speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from greedy.ingest.sources.base import FaultyRecord, Source, SourceRecord
from greedy.ingest.sources.columns import Names
from greedy.ingest.sources.files import read_rows
from greedy.ingest.sources.hr import FIELDS, SIGNIFICANT, record_of
from greedy.ingest.sources.rows import FoundRow
from greedy.ingest.sources.values import number_of

if TYPE_CHECKING:
    from greedy.database.executor import Executor

ADDRESSES = """
select lower(btrim(raw_data ->> 'email')) as address, array_agg(distinct entity_key) as numbers
from bronze.raw_entities
where practice = $1 and entity_type = 'employees' and gone_at is null and raw_data ->> 'email' is not null group by 1
"""


async def numbers_by_address(executor: Executor) -> dict[str, list[str]]:
    """E-mail address, in small letters -> the employees who have it, as the first sources say."""
    rows = await executor.execute(ADDRESSES, [executor.schema], fetch_all=True)
    return {row["address"]: row["numbers"] for row in rows}


class EmployeeContacts:
    """The records of such a file; each names its employee by number, or else by e-mail address.

    Parameters
    ----------
    numbers
        Those who have an e-mail address; see `numbers_by_address`.
    mapping, encoding, sheet
        As `HrEmployees`.
    """

    entity_type = "employees"
    significant: tuple[str, ...] | None = SIGNIFICANT

    def __init__(
        self,
        path: Path,
        system: str,
        numbers: Mapping[str, Sequence[str]],
        mapping: Mapping[str, str] | None = None,
        *,
        encoding: str | None = None,
        sheet: str | None = None,
    ) -> None:
        self.system = system
        self._rows = partial(read_rows, path, Names(FIELDS, mapping=mapping), encoding=encoding, sheet=sheet)
        self._numbers = numbers

    def read(self) -> Iterator[SourceRecord | FaultyRecord]:
        """All records. One that names nobody, or may mean several, is faulty.

        Raises
        ------
        InputError
            As `HrEmployees.read`.
        """
        for row in self._rows():
            found = self._named(row)
            yield found if isinstance(found, FaultyRecord) else record_of(found)

    def _named(self, row: FoundRow) -> FoundRow | FaultyRecord:
        """The row with the number of its employee."""
        if row.fault or number_of(row.fields.get("id")):
            return row
        address = str(row.fields.get("email") or "").strip()
        if not address:
            return FaultyRecord(row.place, "it has neither the number nor the e-mail address of an employee")
        numbers = self._numbers.get(address.lower(), ())
        if len(numbers) != 1:
            who = f"the employees {', '.join(numbers)} share" if numbers else "no employee has"
            return FaultyRecord(row.place, f"{who} the e-mail address {address:.80}")
        return replace(row, fields={**row.fields, "id": numbers[0]})


class EnrichEmployees:
    """Fills the records of employees with what a second source says of them."""

    entity_type = "employees"

    def __init__(self, source: Source) -> None:
        self.source = source

    def key(self, record: SourceRecord) -> str | None:
        """The number of the employee."""
        return record.key
