"""Bronze to the tables of a practice, and a second source before that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from greedy.database import DBConnection, DBConnector, QueryError
from greedy.ingest.records.bronze import GoneError
from greedy.ingest.records.steps import BronzeRecord, RunSummary, StepOptions, Transformed, enrich, ingest, transform
from greedy.ingest.records.summary import Progress
from greedy.ingest.sources.base import FaultyRecord, SourceRecord
from tests.ingest.records.made import Made, Things, record, records, runs, versions
from tests.ingest.records.test_ingest import SMALL, counted

LOSS = StepOptions(accept_gone=True)


async def names(db: DBConnector) -> dict[str, str]:
    return {row["key"]: row["name"] for row in await db.execute("select key, name from things", fetch_all=True)}


async def row_versions(db: DBConnector) -> list[tuple[str, int]]:
    return [tuple(row) for row in await db.execute("select key, xmin::text::bigint from things order by 1", fetch_all=True)]


async def test_all_at_first_and_then_what_has_changed(things: DBConnector) -> None:
    await ingest(things, Made(records(100)))
    work = Things()
    first = await transform(things, work, SMALL)
    assert counted(first) == (100, 0, 0, 0, 0)
    assert work.batches == [40, 40, 20]
    assert (first.source_system, first.metadata["things"], first.quality, first.flags) == ("*", 100, 0.9, {"missing_source:other": 100})
    before = await row_versions(things)
    work.batches.clear()
    assert counted(await transform(things, work, SMALL)) == (0, 0, 0, 0, 0)
    await ingest(things, Made([*records(99, T000007="other"), record(100)]))
    assert counted(await transform(things, work, SMALL)) == (1, 2, 0, 0, 0)
    assert work.batches == [3]
    found = await names(things)
    assert (found["T000007"], found["T000099"], found["T000100"]) == ("other", "gone", "thing")
    assert len(set(await row_versions(things)) - set(before)) == 3
    full = await transform(things, work, StepOptions(full=True))
    assert counted(full) == (0, 0, 101, 0, 0)


async def test_all_systems_are_merged(things: DBConnector) -> None:
    await ingest(things, Made([record(1, "from hr", key="K1"), record(2, key="K2")]))
    await ingest(things, Made([SourceRecord("77", {"name": "from other"}, "o:1", key="K1")], system="other"))
    summary = await transform(things, Things())
    assert counted(summary) == (2, 0, 0, 0, 0)
    quality = await things.execute("select entity_key, score, flags from meta.entity_quality order by 1", fetch_all=True)
    assert [(row[0], float(row[1]), row[2]) for row in quality] == [("K1", 1.0, []), ("K2", 0.9, ["missing_source:other"])]
    assert await things.execute("select of_systems from things where key = 'K1'", fetch_val=True) == ["hr", "other"]
    assert summary.quality == 0.95
    before = await things.execute("select array_agg(xmin::text order by entity_key) from meta.entity_quality", fetch_val=True)
    await transform(things, Things(), StepOptions(full=True))
    assert await things.execute("select array_agg(xmin::text order by entity_key) from meta.entity_quality", fetch_val=True) == before


async def test_faulty_entities_are_tried_again_until_they_are_done(things: DBConnector) -> None:
    await ingest(things, Made(records(100, T000003="faulty", T000050="refused")))
    summary = await transform(things, Things(), SMALL)
    assert counted(summary) == (98, 0, 0, 2, 0)
    assert {fault.external_id: fault.place for fault in summary.faults} == {"T000003": "hr:T000003", "T000050": "hr:T000050"}
    assert "things_name_check" in summary.faults[-1].message
    for _ in range(2):  # they are not forgotten by a run without anything new
        assert counted(await transform(things, Things(), SMALL)) == (0, 0, 0, 2, 0)
    await things.execute("alter table things drop constraint things_name_check")
    assert counted(await transform(things, Things(), SMALL)) == (1, 0, 0, 1, 0)
    await ingest(things, Made(records(100, T000050="refused")))
    assert counted(await transform(things, Things(), SMALL)) == (1, 0, 0, 0, 0)
    assert counted(await transform(things, Things(), SMALL)) == (0, 0, 0, 0, 0)


async def test_many_that_the_database_refuses(things: DBConnector) -> None:
    bad = {f"T{number:06}": "refused" for number in range(0, 64, 7)}
    await ingest(things, Made(records(64, **bad)))
    assert counted(await transform(things, Things())) == (64 - len(bad), 0, 0, len(bad), 0)


async def test_the_row_that_the_database_refuses_is_not_told(things: DBConnector) -> None:
    await ingest(things, Made([record(1, "refused", key="geheim")]))
    summary = await transform(things, Things())
    assert "things_name_check" in summary.faults[0].message
    assert "Failing row" not in summary.faults[0].message


async def test_numbers_that_begin_anew(things: DBConnector) -> None:
    await ingest(things, Made(records(30)))
    await transform(things, Things())
    await things.execute("truncate bronze.raw_entities restart identity")
    await ingest(things, Made(records(10, T000001="other")))
    assert counted(await transform(things, Things())) == (0, 1, 9, 0, 0)
    assert counted(await transform(things, Things())) == (0, 0, 0, 0, 0)


class Broken(Things):
    """Fails for a reason that is no fault of the data, after so many batches or at the end."""

    def __init__(self, after: int | None) -> None:
        super().__init__()
        self.after = after

    async def write(self, connection: DBConnection, entities: Mapping[str, Sequence[BronzeRecord]]) -> Mapping[str, Transformed]:
        if self.after == len(self.batches):
            await connection.execute("select no_such_column from things")
        return await super().write(connection, entities)

    async def finish(self, connection: DBConnection) -> dict[str, Any]:
        if self.after is None:
            raise QueryError("the end failed")
        return await super().finish(connection)


@pytest.mark.parametrize("after", [0, 2, None])
async def test_what_failed_is_done_by_the_next_run(things: DBConnector, after: int | None) -> None:
    await ingest(things, Made(records(100)))
    with pytest.raises(Exception, match="no_such_column" if after is not None else "the end failed"):
        await transform(things, Broken(after), SMALL)
    assert (await runs(things))[-1] == ("transform", "failed")
    done = {0: 0, 2: 80, None: 100}[after]
    assert len(await names(things)) == done
    assert counted(await transform(things, Things(), SMALL)) == (100 - done, 0, done, 0, 0)


async def test_a_dry_run_changes_nothing_and_counts_the_same(things: DBConnector) -> None:
    await ingest(things, Made(records(100, T000003="faulty", T000050="refused")))
    await transform(things, Things(), SMALL)
    await ingest(things, Made([*records(99, T000003="mended", T000004="other"), record(100)]))
    before, then = await row_versions(things), await runs(things)
    told = await transform(things, Things(), StepOptions(dry_run=True, batch_size=2))
    assert (await row_versions(things), await runs(things)) == (before, then)
    assert told.metadata["things"] == 101
    done = await transform(things, Things(), SMALL)
    assert counted(told) == counted(done)
    assert done.created + done.updated == 5


async def test_progress_every_fifty_entities(things: DBConnector) -> None:
    await ingest(things, Made(records(120)))
    told: list[Progress] = []
    await transform(things, Things(), SMALL, told.append)
    assert told == [Progress(50, 120), Progress(100, 120)]


class Contacts:
    """A second source: by the number of a thing."""

    entity_type = "things"

    def __init__(self, *said: SourceRecord | FaultyRecord | Exception, significant: tuple[str, ...] | None = None) -> None:
        self.source = Made(said, system="contacts", entity_type="contacts", significant=significant)

    def key(self, record: SourceRecord) -> str | FaultyRecord | None:
        if record.data.get("of") == "?":
            return FaultyRecord(record.place, "of whom does it speak?", record.external_id)
        return record.data.get("of")


def contact(number: int, email: str, **more: Any) -> SourceRecord:
    return SourceRecord(f"C{number}", {"of": f"T{number:06}", "email": email} | more, f"c:{number}")


async def enriched(db: DBConnector, external_id: str) -> str | None:
    return await db.execute(
        "select enriched_data #>> '{contacts,email}' from bronze.raw_entities where external_id = $1", [external_id], fetch_val=True
    )


def filled(summary: RunSummary) -> tuple[int, ...]:
    return summary.created, summary.updated, summary.skipped, summary.faulty, summary.gone


async def test_records_are_enriched_and_transformed_again(things: DBConnector) -> None:
    await ingest(things, Made(records(5)))
    await transform(things, Things())
    said = [contact(1, "a@x"), contact(2, "b@x"), contact(99, "n@x"), SourceRecord("C?", {}, "c:?")]
    summary = await enrich(things, Contacts(*said), StepOptions(batch_size=1))
    assert filled(summary) == (2, 0, 0, 0, 0)
    assert (summary.processed, summary.flags) == (4, {"unmatched": 2})
    assert await enriched(things, "T000001") == "a@x"
    before = await versions(things)
    assert filled(await enrich(things, Contacts(*said))) == (0, 0, 2, 0, 0)
    assert await versions(things) == before
    work = Things()
    assert counted(await transform(things, work)) == (0, 0, 2, 0, 0)
    assert work.batches == [2]


async def test_what_a_second_source_says_anew_and_no_longer(things: DBConnector) -> None:
    await ingest(things, Made(records(5)))
    await enrich(things, Contacts(contact(1, "a@x"), contact(2, "b@x"), contact(3, "c@x")))
    assert filled(await enrich(things, Contacts(contact(1, "new@x"), contact(2, "b@x"), contact(4, "d@x")))) == (1, 1, 1, 0, 1)
    assert [await enriched(things, f"T00000{n}") for n in range(5)] == [None, "new@x", "b@x", None, "d@x"]
    # A record that is read again keeps what was filled in.
    await ingest(things, Made(records(5, T000001="other")))
    assert await enriched(things, "T000001") == "new@x"


async def test_what_is_filled_anew_does_not_hide_a_great_loss(things: DBConnector) -> None:
    await ingest(things, Made(records(60)))
    await enrich(things, Contacts(*(contact(number, "a@x") for number in range(30))))
    others = Contacts(*(contact(number, "a@x") for number in range(30, 60)))
    for _ in range(2):
        with pytest.raises(GoneError, match="30 of 30 known things that contacts speaks of"):
            await enrich(things, others)
    assert await enriched(things, "T000001") == "a@x"


async def test_a_faulty_record_of_a_second_source(things: DBConnector) -> None:
    await ingest(things, Made(records(5)))
    await enrich(things, Contacts(contact(1, "a@x"), contact(2, "b@x")))
    odd = [
        contact(1, "again@x"),
        SourceRecord("C9", {"of": "?"}, "c:9"),
        contact(3, "\0"),
        FaultyRecord("c:10", "no"),
        SourceRecord("C8", {"of": "nul\0"}, "c:8"),
    ]
    for options in (StepOptions(), StepOptions(batch_size=1)):
        summary = await enrich(things, Contacts(contact(1, "a@x"), *odd), options)
        assert filled(summary) == (0, 0, 1, 5, 0)
        assert summary.metadata == {"not_marked_as_gone": 1}
    assert await enriched(things, "T000002") == "b@x"
    assert filled(await enrich(things, Contacts(contact(1, "a@x"), *odd), LOSS)) == (0, 0, 1, 5, 1)


async def test_enriching_on_trial(things: DBConnector) -> None:
    await ingest(things, Made(records(5)))
    before = await versions(things)
    assert filled(await enrich(things, Contacts(contact(1, "a@x")), StepOptions(dry_run=True))) == (1, 0, 0, 0, 0)
    assert await versions(things) == before


async def test_only_significant_fields_of_a_second_source_count(things: DBConnector) -> None:
    await ingest(things, Made(records(5)))
    await enrich(things, Contacts(contact(1, "a@x", seen=1), significant=("email",)))
    assert filled(await enrich(things, Contacts(contact(1, "a@x", seen=2), significant=("email",)))) == (0, 0, 1, 0, 0)
