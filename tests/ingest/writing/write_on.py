"""Writes rows in one transaction without end, until it is killed.

python write_on.py DATABASE_URL
"""

from __future__ import annotations

import asyncio
import sys

from greedy.database.connector import DBConnector
from greedy.ingest.writing.entities import EntityType, EntityTypes
from greedy.ingest.writing.sessions import open_session
from greedy.ingest.writing.writer import DatabaseWriter


async def write_on(url: str) -> None:
    database = url if url.startswith("sqlite") else DBConnector(url, min_size=0)
    async with open_session(database) as session:
        writer = DatabaseWriter(session, EntityTypes([EntityType("things", "things", id_prefix="t")]))
        number = 0
        while True:
            await writer.batch_insert_entities("things", [{"name": f"{number + n}"} for n in range(1000)])
            if not number:
                print("writing", flush=True)
            number += 1000


asyncio.run(write_on(sys.argv[1]))
