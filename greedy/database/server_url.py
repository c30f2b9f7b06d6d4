"""What a database URL says, and what of it may be shown."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

from greedy.errors import SettingsError

TRANSACTION_POOLER_PORT = 6543  # Supavisor in transaction mode


def describe_server(url: str) -> str:
    """`user@host:port/database`, or the socket's folder: what a message may show of a database URL. Never the password.

    Raises
    ------
    SettingsError
        The URL is not one of PostgreSQL.
    """
    if not isinstance(url, str):
        raise SettingsError(f"the database URL is not text, but {type(url).__name__}", next_step="set DATABASE_URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if "@" in parts.path + parts.query + parts.fragment:
        # The user and password did not end where they should, and would be shown as something else.
        raise SettingsError(
            "the database URL has a password with special characters in it",
            next_step="percent-encode them: / is %2F, ? is %3F, # is %23, @ is %40",
        )
    if parts.scheme not in ("postgresql", "postgres"):
        raise SettingsError(
            "the database URL is not one of PostgreSQL", next_step="write it as postgresql://user:password@host:port/database"
        )
    folder = parse_qs(parts.query).get("host")
    if folder and not parts.hostname:
        return f"database {unquote(parts.path)[1:]} in {folder[0]}"
    host = parts.hostname or "localhost"
    user = f"{unquote(parts.username)}@" if parts.username else ""
    return f"{user}{host}{f':{port}' if port else ''}{unquote(parts.path)}"


def is_transaction_pooler(url: str) -> bool:
    """Whether the URL's port is that of a pooler which gives each transaction another connection."""
    return urlsplit(url).port == TRANSACTION_POOLER_PORT
