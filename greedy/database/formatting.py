"""Values for logs (`format_for_log`) and for the database (`format_for_storage`)."""

from greedy.database.storage import format_for_storage
from greedy.loggable import format_for_log

__all__ = ["format_for_log", "format_for_storage"]
