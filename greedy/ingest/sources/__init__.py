"""Where source records come from: files of HR systems, calendars."""
