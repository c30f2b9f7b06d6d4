"""ROOM 2: problem -> result. Knows no database."""
