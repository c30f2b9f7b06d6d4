"""How long statements take: counts, percentiles, and slow ones with their plan."""

from __future__ import annotations

from greedy.database.connector import DBConnector
from greedy.database.examples import Say
from greedy.database.query_log import QueryLogger, time_query


async def main(db: DBConnector, url: str, say: Say) -> None:
    """Log a fast statement and a slow one."""
    queries = QueryLogger(slow_ms=50, explain=True)
    async with DBConnector(url, min_size=1, schema=db.schema, query_log=queries) as logged:
        for _ in range(20):
            await logged.execute("select count(*) from employees", fetch_val=True)
        await logged.execute("select pg_sleep(0.06)")
        with time_query(queries, "planning"):
            await logged.execute("select count(*) from rosters", fetch_val=True)
    for times in sorted(queries.summary(), key=lambda times: times.statement):
        say(f"{times.count:2} x {times.statement}: {times.errors} errors, slow {times.slow} times")
