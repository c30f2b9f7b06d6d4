"""Which names a project schema may have."""

from __future__ import annotations

import unicodedata

from greedy.database.errors import QueryError, SchemaError
from greedy.database.identifiers import quoted

PUBLIC = "public"
SHARED = ("bronze", "meta")  # of source records: one of each in a database, whatever practices it has
# Schemas that Supabase makes and keeps itself in every project.
SUPABASE = (
    *("_analytics", "_realtime", "_supavisor", "auth", "cron", "extensions", "graphql", "graphql_public", "net", "pgbouncer", "pgmq"),
    *("pgsodium", "pgsodium_masks", "realtime", "storage", "supabase_functions", "vault"),
)
RESERVED = {
    PUBLIC: "it is the schema that greedy db migrate makes",
    "information_schema": "it belongs to PostgreSQL",
    **dict.fromkeys(
        (*SUPABASE, "pgmq_public", "pgtle", "repack", "supabase_migrations", "tiger", "tiger_data", "topology"),
        "it belongs to Supabase or to one of its extensions",
    ),
    **dict.fromkeys((*SHARED, "silver", "gold"), "this program keeps it for its own imports"),
}
# What would mean something else where a migration has the name in a string, a pattern or a dollar-quoted body; "$user" on a search path.
SPECIAL = "\"'\\$%"


def check_project_schema(name: str) -> str:
    """`name`, when it may be the schema of a practice: any text of 1 to 63 bytes that can be read and told from other names.

    Raises
    ------
    SchemaError
        It may not; the message says why.
    """
    if why := _objection(name):
        raise SchemaError(f"{name!r:.80} cannot be the schema of a practice: {why}", next_step="choose another name, as in praktijk_zuid")
    return name


def _objection(name: str) -> str | None:
    try:
        quoted(name)
    except QueryError as exc:
        return exc.message
    if why := RESERVED.get(name.casefold()):
        return why
    if name.casefold().startswith("pg_"):
        return "names that begin with pg_ belong to PostgreSQL"
    if not name.isprintable() or name != name.strip():
        return "it has invisible characters or spaces around it"
    if found := set(name) & set(SPECIAL):
        return f"{' '.join(sorted(found))} may not be in it"
    if not unicodedata.is_normalized("NFC", name):
        return "its accents are characters of their own (write it in normal form C)"
    return None
