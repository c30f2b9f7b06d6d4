"""A roster in and out of a database."""
