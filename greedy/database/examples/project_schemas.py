"""A schema for each practice: made from the migrations, verified, and every divergence told."""

from __future__ import annotations

from greedy.database.connector import DBConnector
from greedy.database.examples import Say
from greedy.database.identifiers import quoted
from greedy.database.schema.setup import SchemaSetup


async def main(db: DBConnector, _url: str, say: Say) -> None:
    """Break this example's own schema in two places and see both."""
    setup = SchemaSetup(db)
    say(f"as it was made: {len((await setup.verify_schema(db.schema)).divergences)} divergences")
    await db.execute(f"alter table {quoted(db.schema)}.roster_assignments disable trigger keep_blocking_true_after_delete")
    await db.execute(f"alter table {quoted(db.schema)}.employees alter column voornaam type varchar(40)")
    for divergence in (await setup.verify_schema(db.schema)).divergences:
        say(str(divergence))
