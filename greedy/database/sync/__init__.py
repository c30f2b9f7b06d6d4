"""Dumps of a database and databases from dumps: `DatabaseSyncManager`."""

from greedy.database.sync.dump_file import DumpFile, Manifest, opened_dump
from greedy.database.sync.errors import DumpError, ProgramError, RemoteError, RepositoryError, RestoreError
from greedy.database.sync.manager import Committed, DatabaseSyncManager, Dump
from greedy.database.sync.remote import Remote
from greedy.database.sync.restoring import Confirm, Restored, RestorePlan
from greedy.database.sync.status import DatabaseStatus, KeptDatabase, TableRows

__all__ = [
    "Committed",
    "Confirm",
    "DatabaseStatus",
    "DatabaseSyncManager",
    "Dump",
    "DumpError",
    "DumpFile",
    "KeptDatabase",
    "Manifest",
    "ProgramError",
    "Remote",
    "RemoteError",
    "RepositoryError",
    "RestoreError",
    "RestorePlan",
    "Restored",
    "TableRows",
    "opened_dump",
]
