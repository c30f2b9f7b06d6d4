"""Synthetic practices of any size, with rosters whose best coverage is known: to SQLite, CSV and PostgreSQL."""
