"""Rows without SQL: insert, upsert, fetch, update and delete by table and column names, which may be spelled loosely."""

from __future__ import annotations

from greedy.database.connector import DBConnector
from greedy.database.errors import ColumnMatchError, QueryError
from greedy.database.examples import Say
from greedy.database.rows.operator import DBOperator


async def main(db: DBConnector, _url: str, say: Say) -> None:
    """Keep a small team."""
    rows = DBOperator(db)
    anna = await rows.insert("employees", {"id": "EMP001", "voornaam": "Anna", "team": "Groen", "structureel_nbh": {"wo": ["O"]}})
    say(f"stored with its defaults: actief={anna['actief']}, structureel_nbh={anna['structureel_nbh']}")
    team = [{"id": f"EMP{number:03}", "voornaam": name, "team": "Oranje"} for number, name in ((1, "Anna"), (2, "Bas"), (3, "Chris"))]
    say(f"upserted in one statement: {await rows.upsert('employees', team, on=['id'])}")
    found = await rows.fetch("employees", {"Team": "Oranje", "id": ["EMP001", "EMP003"]}, columns=["voornaam"], order_by=["-voornaam"])
    say(f"found: {[row['voornaam'] for row in found]}")
    try:
        await rows.fetch("employees", {"vornaam": "Anna"})
    except ColumnMatchError as exc:
        say(exc.message)
    try:
        await rows.delete("employees")
    except QueryError as exc:
        say(exc.message)
    say(f"updated: {await rows.update('employees', {'actief': False}, {'id': 'EMP002'})}")
    say(f"deleted: {await rows.delete('employees', {'actief': False})}")
