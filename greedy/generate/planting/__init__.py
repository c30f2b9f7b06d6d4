"""Rosters around a solution that is known."""
