"""A source to bronze: what is new, changed, unchanged, faulty, gone and back."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from uuid import UUID

import pytest

from greedy.database import DBConnector, SchemaSetup
from greedy.errors import InputError
from greedy.ingest.records import bronze
from greedy.ingest.records.bronze import GoneError
from greedy.ingest.records.steps import RunSummary, StepOptions, ingest
from greedy.ingest.records.summary import Progress
from greedy.ingest.sources.base import FaultyRecord, SourceRecord
from tests.ingest.records.made import Made, record, records, runs, versions
from tests.timing import until_sessions_wait

SMALL = StepOptions(batch_size=40)
DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def counted(summary: RunSummary) -> tuple[int, ...]:
    """created, updated, skipped, faulty, gone; together they are all that was read, but for those that are gone."""
    assert summary.processed == summary.created + summary.updated + summary.skipped + summary.faulty
    return summary.created, summary.updated, summary.skipped, summary.faulty, summary.gone


async def test_all_is_kept_as_it_is_said(db: DBConnector) -> None:
    said = {"naam": 'Zoë "O\'Hara"\n\\', "leeg": None, "lijst": [1, 2.5, True], "🙂": {"diep": {}}}
    summary = await ingest(db, Made([SourceRecord("é 1", said, "x:1", key="K1", modified_at=DAY)]))
    row = await db.execute("select *, raw_data::text as text from bronze.raw_entities", fetch_row=True)
    assert row is not None
    assert json.loads(row["text"]) == said
    assert (row["practice"], row["source_system"], row["entity_type"]) == ("public", "hr", "things")
    assert (row["external_id"], row["entity_key"], row["modified_at"], row["gone_at"]) == ("é 1", "K1", DAY, None)
    assert row["run_id"] == summary.run_id
    run = await db.execute("select * from meta.ingestion_runs", fetch_row=True)
    assert run is not None
    assert (run["status"], run["processed"], run["created"], run["error_message"]) == ("completed", 1, 1, None)


async def test_an_unchanged_source_changes_nothing(db: DBConnector) -> None:
    assert counted(await ingest(db, Made(records(100)), SMALL)) == (100, 0, 0, 0, 0)
    before = await versions(db)
    for options in (SMALL, StepOptions(full=True)):
        assert counted(await ingest(db, Made(reversed(records(100))), options)) == (0, 0, 100, 0, 0)
    assert await versions(db) == before
    assert await runs(db) == [("ingest", "completed")] * 3


async def test_what_has_changed_is_written_and_nothing_else(db: DBConnector) -> None:
    await ingest(db, Made(records(100)), SMALL)
    before = await versions(db)
    assert counted(await ingest(db, Made([*records(100, T000007="other"), record(100)]), SMALL)) == (1, 1, 99, 0, 0)
    after = await versions(db)
    assert {one[0] for one in set(after) - set(before)} == {"T000007", "T000100"}
    assert min(number for name, _, number in after if name in ("T000007", "T000100")) > max(number for _, _, number in before)


async def test_only_significant_fields_make_a_change(db: DBConnector) -> None:
    await ingest(db, Made(records(3), significant=("number",)))
    assert counted(await ingest(db, Made(records(3, T000001="other"), significant=("number",)))) == (0, 0, 3, 0, 0)
    assert counted(await ingest(db, Made([record(n, key=f"K{n}") for n in range(3)], significant=("number",)))) == (0, 3, 0, 0, 0)


async def test_what_is_no_newer_is_passed_over_unless_all_is_wanted(db: DBConnector) -> None:
    def source(days: int, name: str) -> Made:
        return Made([record(1, name, modified_at=DAY + dt.timedelta(days=days))])

    await ingest(db, source(1, "old"))
    assert counted(await ingest(db, source(1, "new"))) == (0, 0, 1, 0, 0)
    assert counted(await ingest(db, source(0, "new"))) == (0, 0, 1, 0, 0)
    assert counted(await ingest(db, source(2, "old"))) == (0, 0, 1, 0, 0)
    assert counted(await ingest(db, source(2, "newer"))) == (0, 1, 0, 0, 0)
    assert counted(await ingest(db, source(1, "full"), StepOptions(full=True))) == (0, 1, 0, 0, 0)


async def test_a_time_in_the_future_hides_no_change(db: DBConnector) -> None:
    await ingest(db, Made([record(1, "old", modified_at=dt.datetime(2099, 1, 1, tzinfo=dt.UTC))]))
    assert counted(await ingest(db, Made([record(1, "new", modified_at=DAY)]))) == (0, 1, 0, 0, 0)
    assert counted(await ingest(db, Made([record(1, "newer", modified_at=DAY)]))) == (0, 0, 1, 0, 0)


async def test_gone_and_back(db: DBConnector) -> None:
    await ingest(db, Made(records(50)), SMALL)
    assert counted(await ingest(db, Made(records(49)), SMALL)) == (0, 0, 49, 0, 1)
    assert await db.execute("select external_id from bronze.raw_entities where gone_at is not null", fetch_val=True) == "T000049"
    before = await versions(db)
    assert counted(await ingest(db, Made(records(49)), SMALL)) == (0, 0, 49, 0, 0)
    assert await versions(db) == before
    assert counted(await ingest(db, Made(records(50)), SMALL)) == (0, 1, 49, 0, 0)
    assert await db.execute("select count(*) from bronze.raw_entities where gone_at is not null", fetch_val=True) == 0
    assert max(await versions(db), key=lambda one: one[2])[0] == "T000049"


async def test_a_gone_record_that_comes_back_as_old_as_it_was_is_back(db: DBConnector) -> None:
    both = [record(1, modified_at=DAY), record(2)]
    await ingest(db, Made(both))
    assert counted(await ingest(db, Made(both[1:]))) == (0, 0, 1, 0, 1)
    assert counted(await ingest(db, Made(both))) == (0, 1, 1, 0, 0)


@pytest.mark.parametrize(
    ("known", "left", "refused"), [(100, 50, False), (100, 49, True), (10, 1, False), (22, 11, False), (22, 10, True), (3, 0, True)]
)
async def test_a_great_loss_is_refused_before_anything_is_marked(db: DBConnector, known: int, left: int, refused: bool) -> None:
    await ingest(db, Made(records(known)), SMALL)
    before = await versions(db)
    if refused:
        for options in (SMALL, StepOptions(dry_run=True)):
            with pytest.raises(GoneError, match=f"{known - left} of {known} known things of hr are not in the source any more") as caught:
                await ingest(db, Made(records(left)), options)
            assert "--accept-gone" in str(caught.value.next_step)
            assert await versions(db) == before
        assert (await runs(db))[-1] == ("ingest", "failed")
    summary = await ingest(db, Made(records(left)), StepOptions(batch_size=40, accept_gone=refused))
    assert counted(summary) == (0, 0, left, 0, known - left)


async def test_new_records_do_not_hide_a_great_loss(db: DBConnector) -> None:
    """All have other numbers, since a spreadsheet took the zeros before them away; and nobody can get past it by trying twice."""
    await ingest(db, Made(records(30)), SMALL)
    renumbered = Made([record(number) for number in range(1000, 1030)])
    for _ in range(2):
        with pytest.raises(GoneError, match="30 of 30 known things of hr are not in the source any more"):
            await ingest(db, renumbered, SMALL)
    assert await db.execute("select count(*) from bronze.raw_entities where gone_at is not null", fetch_val=True) == 0
    assert counted(await ingest(db, renumbered, StepOptions(accept_gone=True))) == (0, 0, 30, 0, 30)
    assert counted(await ingest(db, Made(records(20)), StepOptions(accept_gone=True))) == (0, 20, 0, 0, 30)


async def test_faulty_records_do_not_stop_the_others(db: DBConnector) -> None:
    bad: list[SourceRecord | FaultyRecord] = [
        FaultyRecord("hr.csv:9", "no such date: 2026-02-30", "T000003"),
        SourceRecord("", {}, "empty"),
        SourceRecord("x" * 401, {}, "long"),
        SourceRecord("nul\0", {}, "nul"),
        SourceRecord("ok1", {"a": "\0"}, "nul inside"),
        SourceRecord("ok2", {"a": float("nan")}, "nan"),
        SourceRecord("ok3", {"a": "\ud800"}, "half"),
        SourceRecord("ok4", {"a": DAY}, "no JSON"),
        SourceRecord("ok5", {}, "no key", key=" "),
        SourceRecord("ok6", {}, "naive", modified_at=DAY.replace(tzinfo=None)),
        SourceRecord("T000001", {"name": "again"}, "again"),
        FaultyRecord("nul\0\ud800", "nul\0"),
    ]
    summary = await ingest(db, Made([*records(3), *bad, record(4)]), StepOptions(batch_size=4))
    assert counted(summary) == (4, 0, 0, len(bad), 0)
    assert {fault.place for fault in summary.faults} == {one.place for one in bad}
    assert {fault.place: fault.message for fault in summary.faults}[
        "again"
    ] == "its id 'T000001' stands in the source twice; the first one counts"
    kept = await db.execute("select number, place, external_id, message from meta.faulty_records order by number", fetch_all=True)
    assert [row["number"] for row in kept] == list(range(1, len(bad) + 1))
    assert kept[0]["message"] == "no such date: 2026-02-30"
    assert "nul\\0\\ud800" in [row["place"] for row in kept]
    assert await db.execute("select raw_data ->> 'name' from bronze.raw_entities where external_id = 'T000001'", fetch_val=True) == "thing"


async def test_a_faulty_record_is_not_gone(db: DBConnector) -> None:
    await ingest(db, Made(records(5)))
    before = await versions(db)
    faulty = FaultyRecord("hr.csv:9", "no such date", "T000003")
    assert counted(await ingest(db, Made([*records(3), faulty, record(4)]))) == (0, 0, 4, 1, 0)
    assert await versions(db) == before


async def test_nothing_is_marked_as_gone_when_it_may_be_one_that_could_not_be_read(db: DBConnector) -> None:
    await ingest(db, Made(records(5)))
    source = Made([*records(4), FaultyRecord("hr.csv:6", "a line without an id")])
    summary = await ingest(db, source)
    assert counted(summary) == (0, 0, 4, 1, 0)
    assert summary.metadata == {"not_marked_as_gone": 1}
    assert counted(await ingest(db, source, StepOptions(accept_gone=True))) == (0, 0, 4, 1, 1)


async def test_a_record_that_the_database_refuses_is_found_among_many(db: DBConnector) -> None:
    refused = SourceRecord("T000100", {"number": "x"}, "made:100")
    await db.execute("alter table bronze.raw_entities add constraint no_x check (raw_data ->> 'number' <> 'x')")
    summary = await ingest(db, Made([*records(60), refused, record(61)]), SMALL)
    assert counted(summary) == (61, 0, 0, 1, 0)
    assert "no_x" in summary.faults[0].message
    assert summary.faults[0].external_id == "T000100"


async def test_a_source_that_dies_half_way_keeps_what_it_gave_and_loses_nothing(db: DBConnector) -> None:
    await ingest(db, Made(records(100)), SMALL)
    with pytest.raises(InputError, match="the line went dead"):
        await ingest(db, Made([*records(60, T000001="new", T000050="late"), InputError("the line went dead")]), SMALL)
    run = await db.execute("select * from meta.ingestion_runs order by started_at desc limit 1", fetch_row=True)
    assert run is not None
    assert (run["status"], run["error_message"], run["processed"], run["updated"]) == ("failed", "the line went dead", 40, 1)
    assert await db.execute("select count(*) from bronze.raw_entities where gone_at is not null", fetch_val=True) == 0
    assert counted(await ingest(db, Made(records(100, T000001="new", T000050="late")), SMALL)) == (0, 1, 99, 0, 0)


async def test_an_error_of_the_program_marks_the_run_and_tells_no_secret(db: DBConnector) -> None:
    with pytest.raises(ZeroDivisionError):
        await ingest(db, Made([record(1), ZeroDivisionError("geheim")]))
    row = await db.execute("select status, error_message from meta.ingestion_runs", fetch_row=True)
    assert row is not None
    assert tuple(row) == ("failed", "ZeroDivisionError")


async def test_a_dry_run_changes_nothing_and_counts_the_same(db: DBConnector) -> None:
    await ingest(db, Made(records(30)))
    before, then = await versions(db), await runs(db)
    source = Made([*records(29, T000003="other"), record(99), FaultyRecord("x:1", "why", "T000055")])
    told = await ingest(db, source, StepOptions(dry_run=True, batch_size=10))
    assert (told.run_id, told.dry_run) == (None, True)
    assert (await versions(db), await runs(db)) == (before, then)
    assert await db.execute("select count(*) from meta.faulty_records", fetch_val=True) == 0
    done = await ingest(db, source, StepOptions(batch_size=10))
    assert counted(told) == counted(done) == (1, 1, 28, 1, 1)


async def test_progress_every_fifty_records(db: DBConnector) -> None:
    told: list[Progress] = []
    await ingest(db, Made(records(120)), SMALL, told.append)
    assert told == [Progress(50), Progress(100), Progress(120, 120)]


async def test_practices_and_sources_do_not_know_each_other(db: DBConnector, database_url: str) -> None:
    await SchemaSetup(db).ensure_project_schema("zuid")
    async with DBConnector(database_url, min_size=1, schema="zuid") as zuid:
        for where, system, kind in ((db, "hr", "things"), (zuid, "hr", "things"), (db, "pay", "things"), (db, "hr", "others")):
            assert counted(await ingest(where, Made(records(20), system, kind))) == (20, 0, 0, 0, 0)
        assert counted(await ingest(zuid, Made(records(19)))) == (0, 0, 19, 0, 1)
    gone = await db.execute("select practice, source_system from bronze.raw_entities where gone_at is not null", fetch_all=True)
    assert [tuple(row) for row in gone] == [("zuid", "hr")]


async def test_behind_a_transaction_pooler(db: DBConnector, database_url: str) -> None:
    await SchemaSetup(db).ensure_project_schema("zuid")
    async with DBConnector(database_url, min_size=2, max_size=4, schema="zuid", transaction_pooler=True) as zuid:
        assert counted(await ingest(zuid, Made(records(100)), SMALL)) == (100, 0, 0, 0, 0)
        assert counted(await ingest(zuid, Made(records(90, T000001="x")), SMALL)) == (0, 1, 89, 0, 10)


async def test_numbers_of_changes_wait_for_those_that_are_being_taken(db: DBConnector) -> None:
    """Or a transform would pass over what is committed after it has looked."""
    await ingest(db, Made(records(1)))
    async with db.transaction() as taking:
        await taking.execute(bronze.LOCK_SHARED, ["public", "things"])
        looking = asyncio.create_task(bronze.last_change(db, "public", "things"))
        await until_sessions_wait(db)
        assert not looking.done()
        number = await taking.execute(
            "update bronze.raw_entities set change_no = nextval('bronze.change_numbers') returning change_no", fetch_val=True
        )
    assert await looking == number


async def test_run_ids_are_of_one_run_each(db: DBConnector) -> None:
    first, second = await ingest(db, Made(records(1))), await ingest(db, Made(records(1)))
    assert isinstance(first.run_id, UUID)
    assert first.run_id != second.run_id
