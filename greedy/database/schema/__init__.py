"""Schemas: what the database says of its tables, migrations, schemas for practices, and whether all is as it should be."""
