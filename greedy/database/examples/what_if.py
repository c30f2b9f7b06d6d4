"""A copy of a roster to try something on, with rows made up from the schema; and a transaction that leaves nothing behind."""

from __future__ import annotations

from greedy.database.connector import DBConnector
from greedy.database.examples import Say
from greedy.database.rows.clone import clone_roster
from greedy.database.rows.operator import DBOperator
from greedy.database.testing import MockDataGenerator, TestTransactionManager


async def main(db: DBConnector, _url: str, say: Say) -> None:
    """Clone a made-up roster, empty the copy, and undo that."""
    made_up = await MockDataGenerator(db, seed=7).insert_related_rows("rosters", children={"roster_period_staffing_dagdelen": 5})
    (roster,) = made_up["rosters"]
    copy = await clone_roster(db, roster["id"], changes={"naam": "what if"})
    demand = "roster_period_staffing_dagdelen"
    rows = DBOperator(db)
    say(f"demand of the original: {len(await rows.fetch(demand, {'roster_id': roster['id']}))}")
    say(f"demand of the copy: {len(await rows.fetch(demand, {'roster_id': copy}))}")
    async with TestTransactionManager(db) as trial:
        await DBOperator(trial.connection).delete(demand, {"roster_id": copy})
        say(f"in the trial: {len(await DBOperator(trial.connection).fetch(demand, {'roster_id': copy}))}")
    say(f"after the trial: {len(await rows.fetch(demand, {'roster_id': copy}))}")
