"""ROOM 3: the database service on asyncpg. Knows PostgreSQL and no rosters; docs/database.md shows it at work.

From the ground up: the connection (modules of this package), `schema` (what the database says of itself, migrations, schemas for
practices), `rows` (rows by table and column names), `sync` (dumps), `testing` (for tests and development), `examples`. `embedded` is the
database that comes with the program.
"""

from greedy.database.columns import match_column
from greedy.database.connection import DBConnection
from greedy.database.connector import DBConnector
from greedy.database.errors import (
    AuthenticationError,
    ColumnMatchError,
    ConnectionError,  # noqa: A004  the public name of this error
    DatabaseError,
    QueryError,
    SchemaError,
)
from greedy.database.executor import Executor, Record
from greedy.database.identifiers import qualified, quoted
from greedy.database.injection import INJECTED, with_db_connection
from greedy.database.query_log import QueryLogger, StatementTimes, time_query
from greedy.database.retry import retrying
from greedy.database.rows.clone import clone_roster, clone_row
from greedy.database.rows.operator import DBOperator
from greedy.database.rows.storage import format_for_storage
from greedy.database.schema.migrations import MigrationStatus, migrate, migration_status, require_migrated
from greedy.database.schema.registry import Check, Column, ForeignKey, SchemaRegistry, Table, TableName, Unique
from greedy.database.schema.report import Divergence, SchemaReport
from greedy.database.schema.setup import ProjectSchema, SchemaSetup
from greedy.loggable import format_for_log

__all__ = [
    "INJECTED",
    "AuthenticationError",
    "Check",
    "Column",
    "ColumnMatchError",
    "ConnectionError",
    "DBConnection",
    "DBConnector",
    "DBOperator",
    "DatabaseError",
    "Divergence",
    "Executor",
    "ForeignKey",
    "MigrationStatus",
    "ProjectSchema",
    "QueryError",
    "QueryLogger",
    "Record",
    "SchemaError",
    "SchemaRegistry",
    "SchemaReport",
    "SchemaSetup",
    "StatementTimes",
    "Table",
    "TableName",
    "Unique",
    "clone_roster",
    "clone_row",
    "format_for_log",
    "format_for_storage",
    "match_column",
    "migrate",
    "migration_status",
    "qualified",
    "quoted",
    "require_migrated",
    "retrying",
    "time_query",
    "with_db_connection",
]
