"""QueryLogger: how often each statement ran and how long it took. Keeps no argument and no row, and no more memory than it was given."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import structlog

from greedy.database.connection import answer
from greedy.database.errors import DRIVER_ERRORS
from greedy.database.executor import Answer
from greedy.database.sql_text import READ_CHARACTERS, normalised

if TYPE_CHECKING:
    from types import TracebackType

    from asyncpg.pool import PoolConnectionProxy

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

OTHERS = "(other statements)"
STEP = math.log(1.05)  # of the histogram: percentiles are right within 5 %
EXPLAINED = re.compile(r"\s*(?:select|insert|update|delete|merge|with|values|table)\b", re.IGNORECASE)
_normalised = lru_cache(maxsize=2000)(normalised)


def same_text(sql: str) -> str:
    """What a statement is kept under. No more of it than is looked at goes into the cache."""
    return _normalised(sql[:READ_CHARACTERS])


@dataclass(frozen=True, slots=True)
class StatementTimes:
    """What is known of one statement. Times in milliseconds; percentiles within 5 %. `plan`: of its slowest run, when asked for."""

    statement: str
    count: int
    errors: int
    rows: int
    total_ms: float
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    slow: int
    plan: str | None


@dataclass(slots=True)
class _Times:
    count: int = 0
    errors: int = 0
    rows: int = 0
    total: float = 0.0
    longest: float = 0.0
    slow: int = 0
    plan: str | None = None
    histogram: Counter[int] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        """Milliseconds under which this share of the runs stayed."""
        wanted, seen = math.ceil(share * self.count), 0
        for step in sorted(self.histogram):
            seen += self.histogram[step]
            if seen >= wanted:
                return min(math.exp((step + 0.5) * STEP), self.longest)
        return self.longest


class QueryLogger:
    """Given to `DBConnector(query_log=...)`; one may serve several connectors.

    Parameters
    ----------
    slow_ms
        Statements that take longer become a `database.slow_query` event in the log. None: none do.
    explain
        Ask for the plan of a slow statement, when it is the slowest of its kind so far: an EXPLAIN on the same connection after it, which
        runs nothing a second time. It is the plan for any arguments, not for those of that run.
    max_statements
        How many different statements are kept apart; the rest are counted together.
    """

    def __init__(self, *, slow_ms: float | None = 500.0, explain: bool = False, max_statements: int = 500) -> None:
        self.slow_ms = math.inf if slow_ms is None else slow_ms
        self.explain = explain
        self.max_statements = max_statements
        self._times: dict[str, _Times] = {}

    async def run(
        self, driver: PoolConnectionProxy, sql: str, args: Sequence[object], wanted: Answer, timeout_seconds: float | None
    ) -> Any:  # noqa: ANN401
        """Run a statement as the executor does, and keep its time."""
        begin = time.perf_counter()
        try:
            found = await answer(driver, sql, args, wanted, timeout_seconds)
        except BaseException:
            self.note(same_text(sql), time.perf_counter() - begin, failed=True)
            raise
        seconds = time.perf_counter() - begin
        rows = len(found) if wanted == "all" else found if wanted == "count" else int(found is not None)
        name = same_text(sql)
        slowest_ms = self._times[name].longest if name in self._times else 0.0
        self.note(name, seconds, rows=rows)
        if seconds * 1000 > max(self.slow_ms, slowest_ms) and self.explain and EXPLAINED.match(sql):
            self._of(name).plan = plan = await _plan(driver, sql, len(args))
            log.warning("database.slow_query_plan", statement=name, plan=plan)
        return found

    def note(self, name: str, seconds: float, *, rows: int = 0, failed: bool = False) -> None:
        """Count one run of a statement, or of anything else that has a name."""
        times = self._of(name)
        milliseconds = seconds * 1000
        times.count += 1
        times.errors += failed
        times.rows += rows
        times.total += milliseconds
        times.longest = max(times.longest, milliseconds)
        times.histogram[math.floor(math.log(max(milliseconds, 1e-3)) / STEP)] += 1
        if milliseconds > self.slow_ms:
            times.slow += 1
            log.warning("database.slow_query", statement=name, milliseconds=round(milliseconds, 1), rows=rows, failed=failed)

    def _of(self, name: str) -> _Times:
        if name not in self._times and len(self._times) >= self.max_statements:
            name = OTHERS
        return self._times.setdefault(name, _Times())

    def summary(self) -> list[StatementTimes]:
        """What was seen so far, the statement that took most time together first."""
        return sorted(
            (
                StatementTimes(
                    statement=name,
                    count=times.count,
                    errors=times.errors,
                    rows=times.rows,
                    total_ms=times.total,
                    mean_ms=times.total / times.count,
                    p50_ms=times.percentile(0.5),
                    p95_ms=times.percentile(0.95),
                    p99_ms=times.percentile(0.99),
                    max_ms=times.longest,
                    slow=times.slow,
                    plan=times.plan,
                )
                for name, times in self._times.items()
            ),
            key=lambda times: -times.total_ms,
        )

    def summary_text(self, *, limit: int = 20) -> str:
        """The first `limit` of the summary as a table in plain text."""
        lines = [f"{'count':>8} {'errors':>6} {'rows':>9} {'mean':>8} {'p50':>8} {'p95':>8} {'p99':>8} {'max':>8} ms  statement"]
        lines += [
            f"{row.count:>8} {row.errors:>6} {row.rows:>9} {row.mean_ms:>8.2f} {row.p50_ms:>8.2f} {row.p95_ms:>8.2f} {row.p99_ms:>8.2f}"
            f" {row.max_ms:>8.2f}     {row.statement[:100]}"
            for row in self.summary()[:limit]
        ]
        return "\n".join(lines)

    def forget(self) -> None:
        """Begin anew."""
        self._times.clear()


class time_query:  # noqa: N801  used as a function
    """Keep the time of anything in a logger: a `with` block, or a decorator of a function, plain or async. None keeps nothing.

    Examples
    --------
    >>> with time_query(logger, "import"):  # doctest: +SKIP
    ...     ...
    >>> @time_query(logger, "import")  # doctest: +SKIP
    ... async def import_workbook(): ...
    """

    def __init__(self, logger: QueryLogger | None, name: str) -> None:
        self._logger = logger
        self._name = name
        self._begin = 0.0

    def __enter__(self) -> None:
        self._begin = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        if self._logger is not None:
            self._logger.note(self._name, time.perf_counter() - self._begin, failed=exc is not None)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        if self._logger is None:
            return function
        if iscoroutinefunction(function):
            awaited = cast("Callable[P, Awaitable[Any]]", function)

            @wraps(function)
            async def timed(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401
                with time_query(self._logger, self._name):
                    return await awaited(*args, **kwargs)

            return cast("Callable[P, T]", timed)

        @wraps(function)
        def timed_plain(*args: P.args, **kwargs: P.kwargs) -> T:
            with time_query(self._logger, self._name):
                return function(*args, **kwargs)

        return timed_plain


async def _plan(driver: PoolConnectionProxy, sql: str, arguments: int) -> str | None:
    """The plan of a statement that ran a moment ago, without values; None when the server gives none."""
    begin, end = "begin", "rollback"
    if driver.is_in_transaction():  # what fails here must not end it
        begin, end = "savepoint greedy_plan", "rollback to savepoint greedy_plan; release savepoint greedy_plan"
    prepared = False
    try:
        await driver.execute(f"{begin}; set local plan_cache_mode = force_generic_plan")
        try:
            if arguments:
                # It had arguments, so it is one statement. Prepared, since the plan of one with arguments would show them.
                await driver.execute(f"prepare greedy_plan as {sql}")
                prepared = True
                sql = f"execute greedy_plan ({', '.join(['null'] * arguments)})"
            # Through `fetch`, which takes one statement only: what follows a semicolon would run.
            rows = await driver.fetch(f"explain {sql}")
        finally:
            await driver.execute(end)
            if prepared:
                await driver.execute("deallocate greedy_plan")
    except DRIVER_ERRORS as exc:
        log.debug("database.no_plan", error=type(exc).__name__)
        return None
    return re.sub(r"'(?:[^']|'')*'", "?", "\n".join(row[0] for row in rows))
