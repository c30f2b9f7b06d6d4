"""The embedded database: its server, and who runs it."""
