"""Large data in and out: COPY of a generator, a stream in bounded memory, COPY of a query to a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from greedy.database.connector import DBConnector
from greedy.database.examples import Say

PEOPLE = 20_000


async def main(db: DBConnector, _url: str, say: Say) -> None:
    """Twenty thousand employees there and back."""
    people = ((f"E{number}", f"Name {number}", "Overig") for number in range(PEOPLE))
    say(f"copied in: {await db.copy_in('employees', people, columns=['id', 'voornaam', 'team'])}")
    letters = 0
    async for row in db.stream("select voornaam from employees", prefetch=1000):
        letters += len(row["voornaam"])
    say(f"letters in their names: {letters}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "employees.csv"
        copied = await db.copy_out("select id, voornaam from employees where id like $1", path, args=["E1999%"], format="csv")
        say(f"copied out: {copied}, the first line: {path.read_text(encoding='utf-8').splitlines()[0]}")
