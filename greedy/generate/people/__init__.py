"""Regions, practices, and the people who work there."""
