"""QueryLogger: counts, percentiles and plans, no arguments, and no more memory than it was given."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import time
import tracemalloc
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from greedy.database import query_log
from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError
from greedy.database.query_log import OTHERS, QueryLogger, StatementTimes, time_query
from greedy.database.sql_text import normalised


def only(logger: QueryLogger, part: str) -> StatementTimes:
    (found,) = [row for row in logger.summary() if part in row.statement]
    return found


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("select *\n  from t -- why\n where a = 'Anna''s' and b = 5", "select * from t where a = ? and b = ?"),
        ("select $1::int, \"a'b 5\", E'it\\'s', $x$ 'secret' $x$, t2.c3", 'select $1::int, "a\'b 5", ?, ?, t2.c3'),
        ("select /* 5 */ 1e5, -2.5", "select ?, -?"),
        ("select '" + "secret " * 400 + "', 5", "select ?"),
        ("select e'" + "secret \\\\" * 400 + "', 5", "select ?"),
        ("select $$" + "secret " * 400 + "$$, 5", "select ?"),
        ("select $x$" + "secret " * 400 + "$x$, 5", "select ?"),
        ("select 1 /*" + "secret " * 400 + "*/, 5", "select ?"),
        ("select " + "x" * 1000, "select " + "x" * 492 + "…"),
    ],
)
def test_the_text_of_a_statement_has_no_literals(sql: str, text: str) -> None:
    assert normalised(sql) == text


async def test_statements_are_counted_with_their_errors_and_rows(database_url: str) -> None:
    logger = QueryLogger()
    async with DBConnector(database_url, min_size=1, query_log=logger) as db:
        for n in range(5):
            await db.execute(f"select * from generate_series(1, {n + 1})", fetch_all=True)
        await db.execute("select $1::text as one", ["secret"], fetch_row=True)
        async with db.transaction() as connection:
            assert await connection.execute("create temp table t as select * from generate_series(1, 7)") == 7
        with pytest.raises(QueryError):
            await db.execute("select 1 / $1::int", [0], fetch_val=True)
        task = asyncio.create_task(db.execute("select pg_sleep(600)"))
        while not await db.execute("select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'", fetch_val=True):
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    series = [row for row in logger.summary() if row.statement == "select * from generate_series(?, ?)"]
    assert [(row.count, row.rows, row.errors) for row in series] == [(5, 15, 0)]
    assert only(logger, "as one").rows == 1
    assert only(logger, "create temp").rows == 7
    assert (only(logger, "? / $1").count, only(logger, "? / $1").errors) == (1, 1)
    assert only(logger, "select pg_sleep(?)").errors == 1
    assert "secret" not in logger.summary_text()
    assert logger.summary() == sorted(logger.summary(), key=lambda row: -row.total_ms)
    assert len(logger.summary_text(limit=2).splitlines()) == 3
    logger.forget()
    assert logger.summary() == []


async def test_a_plan_within_a_transaction_does_not_end_it(database_url: str) -> None:
    logger = QueryLogger(slow_ms=0.0, explain=True)
    async with DBConnector(database_url, min_size=1, query_log=logger) as db:
        with pytest.raises(ZeroDivisionError):
            async with db.transaction() as connection:
                await connection.execute("create table planned (n int)")
                await connection.execute("insert into planned values ($1)", [1])
                await connection.execute("insert into planned values (2)")
                raise ZeroDivisionError
        async with db.transaction() as connection:
            await connection.execute("create table planned (n int)")
            await connection.execute("insert into planned values ($1)", [1])
            await connection.execute("insert into planned values (2)")
        assert await db.execute("select count(*) from planned", fetch_val=True) == 2
    assert "Insert on planned" in str(only(logger, "values ($1)").plan)


async def test_long_statements_are_not_kept(database_url: str) -> None:
    async with DBConnector(database_url, min_size=1, query_log=QueryLogger()) as db:
        await db.execute("select 1")
        tracemalloc.start()
        for n in range(30):
            await db.execute(f"select length('{n}{'x' * 1_000_000}')")
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert kept < 5_000_000


def test_percentiles_are_right_within_five_percent() -> None:
    logger = QueryLogger(slow_ms=None)
    for n in range(1, 1001):
        logger.note("x", n / 1000)
    (row,) = logger.summary()
    assert row.max_ms == pytest.approx(1000)
    assert row.mean_ms == pytest.approx(500.5)
    assert [row.p50_ms, row.p95_ms, row.p99_ms] == [pytest.approx(n, rel=0.05) for n in (500, 950, 990)]
    assert row.slow == 0


def test_memory_is_bounded() -> None:
    logger = QueryLogger(max_statements=10)
    for n in range(1000):
        logger.note(f"statement {n}", n * 1e-4)
    assert len(logger.summary()) == 11
    assert only(logger, OTHERS).count == 990
    assert all(len(times.histogram) < 400 for times in logger._times.values())


@pytest.fixture
async def slow(database_url: str) -> tuple[QueryLogger, DBConnector]:
    logger = QueryLogger(slow_ms=20, explain=True)
    return logger, DBConnector(database_url, min_size=1, max_size=2, query_log=logger)


async def test_a_slow_statement_is_told_with_its_plan_and_runs_once(
    slow: tuple[QueryLogger, DBConnector], caplog: pytest.LogCaptureFixture
) -> None:
    logger, db = slow
    async with db:
        await db.execute(
            "create table runs (n int, who text); create function slowly(t text) returns text volatile as $$ select pg_sleep(0.03); select t $$ language sql"
        )
        with capture_logs() as logs:
            await db.execute(
                "insert into runs select n, slowly($2) from generate_series(1, $1::int) as n where $2 <> 'nobody'", [2, "topsecret"]
            )
            async with db.transaction() as connection:
                await connection.execute("select slowly('topsecret') from runs where who = 'topsecret' and n = $1", [1], fetch_all=True)
                await connection.execute("select pg_sleep(0.03); select 1")  # no plan can be had of two
                await connection.execute("insert into runs values (9)")
            await db.execute("select slowly('x'); insert into runs values (10)")
            with pytest.raises(QueryError):
                await db.execute("select slowly('x')::int", fetch_val=True)
        assert [row["n"] for row in await db.execute("select n from runs order by n", fetch_all=True)] == [1, 2, 9, 10]
    write, read = only(logger, "insert into runs select"), only(logger, "from runs where who")
    assert write.plan is not None
    assert "Function Scan on generate_series" in write.plan
    assert "$2" in write.plan
    assert read.plan is not None
    assert "Scan on runs" in read.plan
    # On a busy machine others may be slow too.
    events = [
        line
        for line in logs
        if line["event"] == "database.slow_query" and ("slowly" in line["statement"] or "pg_sleep" in line["statement"])
    ]
    assert [line["failed"] for line in events] == [False, False, False, False, True]
    assert events[0]["milliseconds"] >= 60
    assert "topsecret" not in f"{logs} {logger.summary()}"
    assert only(logger, "select slowly(?);").plan is None
    assert "active transaction" not in caplog.text  # no connection went back in one


async def test_only_the_slowest_run_is_explained_and_only_when_asked(
    slow: tuple[QueryLogger, DBConnector], monkeypatch: pytest.MonkeyPatch
) -> None:
    logger, db = slow
    ticks = itertools.chain.from_iterable((0.0, seconds) for seconds in (0.06, 0.03, 0.09, 0.15))  # as each begins and ends
    monkeypatch.setattr(query_log, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    async with db:
        with capture_logs() as logs:
            for _ in range(3):
                await db.execute("select pg_sleep($1)", [0])
            logger.explain = False
            await db.execute("select pg_sleep($1)", [0])
    assert [line["event"] for line in logs if "plan" in line["event"]] == ["database.slow_query_plan"] * 2
    assert only(logger, "pg_sleep").slow == 4


async def test_anything_else_can_be_timed() -> None:
    logger = QueryLogger()

    @time_query(logger, "plain")
    def plain(n: int) -> int:
        return n + 1

    @time_query(logger, "async")
    async def waiting(n: int) -> int:
        await asyncio.sleep(0.02)
        return n + 1

    @time_query(None, "nothing")
    def untouched() -> None: ...

    with time_query(logger, "block"):
        time.sleep(0.02)  # noqa: ASYNC251
    with pytest.raises(ZeroDivisionError), time_query(logger, "block"):
        raise ZeroDivisionError
    with time_query(None, "nothing"):
        pass
    assert (plain(1), await asyncio.gather(waiting(1), waiting(2))) == (2, [2, 3])
    assert inspect.iscoroutinefunction(waiting)
    assert not hasattr(untouched, "__wrapped__")
    assert {(row.statement, row.count, row.errors) for row in logger.summary()} == {("plain", 1, 0), ("async", 2, 0), ("block", 2, 1)}
    assert only(logger, "async").p50_ms >= 19
