"""Time ingest and transform of source records, on a database of the benchmark's own that waits for the disk as a practice's does.

Prints one JSON document: for each step its seconds, records a second, counts, and the peak of memory of the process so far in MiB. The
steps are the first ingest and transform, the same source again, and the same with 1 of 100 records changed. Beside them, `copy` is the
bare COPY of the same rows into a table with the same columns and keys, and `first_to_copy` how many times as long the first ingest takes.

The transform writes one row of a plain table for each entity, in one statement for a batch: what is measured is the way to it.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from greedy.database import DBConnection, DBConnector, migrate
from greedy.database.embedded.server import EmbeddedServer
from greedy.ingest.records.changes import content_hash, json_text
from greedy.ingest.records.quality import SourceFields, assess
from greedy.ingest.records.steps import BronzeRecord, Outcome, RunSummary, StepOptions, Transformed, ingest, transform
from greedy.ingest.sources.base import SourceRecord
from greedy.log import configure_logging

TARGET = "create table people (id text primary key, voornaam text not null, achternaam text, email text, team text)"
COPIED = "create table copied (like bronze.raw_entities including all)"
COLUMNS = ("practice", "source_system", "entity_type", "external_id", "entity_key", "raw_data", "content_hash", "change_no", "run_id")
FIELDS = ("voornaam", "achternaam", "email", "team")
WRITE = """
insert into people as p select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
on conflict (id) do update set voornaam = excluded.voornaam, achternaam = excluded.achternaam, email = excluded.email, team = excluded.team
where (p.voornaam, p.achternaam, p.email, p.team)
   is distinct from (excluded.voornaam, excluded.achternaam, excluded.email, excluded.team)
returning id, xmax = 0 as new
"""


@dataclass
class People:
    """A source of so many people; every so manieth has changed since the first time."""

    count: int
    changed_every: int | None = None
    system: str = "hr"
    entity_type: str = "people"
    significant: tuple[str, ...] | None = None

    def read(self) -> Iterator[SourceRecord]:
        """One after the other."""
        for number in range(self.count):
            changed = self.changed_every is not None and number % self.changed_every == 0
            data = {
                "id": f"EMP{number:07}",
                "voornaam": f"Zoë {number}",
                "achternaam": "van der Berg-Ångström" if changed else "van der Berg",
                "email": f"zoe.{number}@praktijk.example",
                "team": ("Groen", "Oranje", "Overig")[number % 3],
                "aantalwerkdagen": number % 20,
                "structureel_nbh": {"ma": ["O", "M"]} if number % 4 else {},
                "in_dienst": dt.date(2020, 1, 1 + number % 28).isoformat(),
            }
            yield SourceRecord(data["id"], data, f"people:{number}")


class ToPeople:
    """One row for each entity."""

    entity_type = "people"

    async def write(self, connection: DBConnection, entities: Mapping[str, Sequence[BronzeRecord]]) -> Mapping[str, Transformed]:
        """A batch in one statement."""
        columns = [list(entities), *([records[0].raw_data[field] for records in entities.values()] for field in FIELDS)]
        rows = await connection.execute(WRITE, columns, fetch_all=True)
        outcomes = {row["id"]: Outcome.CREATED if row["new"] else Outcome.UPDATED for row in rows}
        return {key: Transformed(outcomes.get(key, Outcome.UNCHANGED), _quality(records)) for key, records in entities.items()}

    async def finish(self, _: DBConnection) -> dict[str, Any]:
        """Nothing more."""
        return {}


def _quality(records: Sequence[BronzeRecord]) -> Any:  # noqa: ANN401
    return assess([SourceFields(one.source_system, one.raw_data) for one in records], expected_systems=("hr",), key_fields=FIELDS)


async def measure(db: DBConnector, count: int, options: StepOptions) -> dict[str, object]:
    """All steps in turn."""
    seconds: dict[str, dict[str, object]] = {}

    async def timed(name: str, step: Callable[[], Awaitable[RunSummary]]) -> None:
        started = time.perf_counter()
        done = await step()
        took = time.perf_counter() - started
        counts = {name: getattr(done, name) for name in ("processed", "created", "updated", "skipped", "faulty", "gone")}
        rate = round(count / took)
        seconds[name] = {"seconds": round(took, 2), "records_per_second": rate, "peak_mib": peak_mib(), **counts}

    await db.execute(TARGET)
    for name, source in (("first", People(count)), ("unchanged", People(count)), ("changed_1_percent", People(count, 100))):
        await timed(f"ingest_{name}", lambda source=source: ingest(db, source, options))  # type: ignore[misc]
        await timed(f"transform_{name}", lambda: transform(db, ToPeople(), options))
    copied = await bare_copy(db, count)
    first = float(str(seconds["ingest_first"]["seconds"]))
    return {
        "records": count,
        "batch_size": options.batch_size,
        **seconds,
        "copy": round(copied, 2),
        "first_to_copy": round(first / copied, 1),
    }


async def bare_copy(db: DBConnector, count: int) -> float:
    """Seconds that COPY takes for the same rows, made beforehand."""
    run_id = uuid4()
    rows = [
        ("public", "hr", "people", one.external_id, one.external_id, json_text(one.data), content_hash(one.data), number, run_id)
        for number, one in enumerate(People(count).read())
    ]
    await db.execute(COPIED)
    started = time.perf_counter()
    await db.copy_in("copied", rows, columns=COLUMNS, timeout_seconds=600)
    return time.perf_counter() - started


def peak_mib() -> int:
    """Of this process, without the server."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def main(count: int, options: StepOptions) -> None:
    """On a server of its own."""
    with tempfile.TemporaryDirectory(prefix="greedy-bench-") as folder:
        server = EmbeddedServer(Path(folder) / "data")
        try:
            async with DBConnector(server.start(), min_size=1, timeout_seconds=600) as db:
                await migrate(db)
                print(json.dumps(await measure(db, count, options), indent=2))
        finally:
            server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000, help="how many (default 100000)")
    parser.add_argument("--batch-size", type=int, default=1000, help="records in one transaction (default 1000)")
    arguments = parser.parse_args()
    configure_logging("ERROR")
    asyncio.run(main(arguments.records, StepOptions(batch_size=arguments.batch_size)))
