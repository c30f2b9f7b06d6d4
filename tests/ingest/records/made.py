"""Sources and transforms of these tests: records from a list, entities into a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greedy.database import DBConnection, DBConnector
from greedy.ingest.records.quality import SourceFields, assess
from greedy.ingest.records.steps import BronzeRecord, Outcome, Transformed
from greedy.ingest.sources.base import FaultyRecord, SourceRecord

THINGS = (
    "create table if not exists things (key text primary key, name text not null check (name <> 'refused'), of_systems text[] not null)"
)


@dataclass
class Made:
    """A source that gives what it is given."""

    records: Iterable[SourceRecord | FaultyRecord | Exception]
    system: str = "hr"
    entity_type: str = "things"
    significant: tuple[str, ...] | None = None

    def read(self) -> Iterator[SourceRecord | FaultyRecord]:
        for record in self.records:
            if isinstance(record, Exception):
                raise record
            yield record


def record(number: int, name: str = "thing", **more: Any) -> SourceRecord:
    return SourceRecord(f"T{number:06}", {"name": name, "number": number}, f"made:{number}", **more)


def records(count: int, **changed: str) -> list[SourceRecord | FaultyRecord | Exception]:
    """So many; `changed` gives some another name, as T000003='other'."""
    return [record(number, changed.get(f"T{number:06}", "thing")) for number in range(count)]


@dataclass
class Things:
    """Merges the records of a thing: the name of the first system that has one."""

    entity_type: str = "things"
    batches: list[int] = field(default_factory=list)

    async def write(self, connection: DBConnection, entities: Mapping[str, Sequence[BronzeRecord]]) -> Mapping[str, Transformed]:
        self.batches.append(len(entities))
        done: dict[str, Transformed] = {}
        rows = []
        for key, found in entities.items():
            there = [one for one in found if not one.gone]
            if any(one.raw_data.get("name") == "faulty" for one in there):
                done[key] = Transformed(FaultyRecord("", "its name is faulty"))
                continue
            rows.append((key, there[0].raw_data["name"] if there else "gone", [one.source_system for one in there]))
        keys, names, systems = ([row[column] for row in rows] for column in range(3))
        written = await connection.execute(
            "insert into things as t select key, name, string_to_array(systems, ',') from unnest($1::text[], $2::text[], $3::text[]) as n(key, name, systems) "
            "on conflict (key) do update set name = excluded.name, of_systems = excluded.of_systems "
            "where (t.name, t.of_systems) is distinct from (excluded.name, excluded.of_systems) returning key, xmax = 0 as new",
            [keys, names, [",".join(one) for one in systems]],
            fetch_all=True,
        )
        outcomes = {row["key"]: Outcome.CREATED if row["new"] else Outcome.UPDATED for row in written}
        for key in keys:
            fields = [SourceFields(one.source_system, one.raw_data) for one in entities[key] if not one.gone]
            quality = assess(fields, expected_systems=("hr", "other"), key_fields=("name",))
            done[key] = Transformed(outcomes.get(key, Outcome.UNCHANGED), quality)
        return done

    async def finish(self, connection: DBConnection) -> dict[str, Any]:
        return {"things": await connection.execute("select count(*) from things", fetch_val=True)}


async def versions(db: DBConnector) -> list[tuple[str, int, int]]:
    """Which transaction wrote each record, and its number of the last change."""
    rows = await db.execute("select external_id, xmin::text::bigint as x, change_no from bronze.raw_entities order by 1, 2", fetch_all=True)
    return [tuple(row) for row in rows]


async def runs(db: DBConnector) -> list[tuple[str, str]]:
    rows = await db.execute("select step, status from meta.ingestion_runs order by started_at", fetch_all=True)
    return [tuple(row) for row in rows]
