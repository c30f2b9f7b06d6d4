"""Tests of the search by schedules."""
