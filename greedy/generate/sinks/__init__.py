"""Where generated rows go: SQLite, CSV files, PostgreSQL."""
