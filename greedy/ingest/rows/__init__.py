"""Rows of single sheets into a database: what is new, what is the same, what differs."""
