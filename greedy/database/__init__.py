"""ROOM 3: the database service on asyncpg. Knows PostgreSQL and no rosters."""
