"""The work of each employee as a calendar (iCalendar, RFC 5545)."""

from greedy.report.calendar.events import ALL_FILE, calendar_file, render_calendar, render_calendars
from greedy.report.calendar.shifts import calendar_people

__all__ = ["ALL_FILE", "calendar_file", "calendar_people", "render_calendar", "render_calendars"]
