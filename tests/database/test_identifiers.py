"""Whatever a name holds, it is read as that name by the server, or refused."""

from __future__ import annotations

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greedy.database.errors import QueryError
from greedy.database.identifiers import NAME_BYTES, qualified, quoted
from tests.database.attacks import ATTACKS


async def test_the_server_reads_a_quoted_name_as_that_name_and_nothing_else(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    names: list[str] = []

    @settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.one_of(ATTACKS, st.text(min_size=1, max_size=30)))
    def collect(name: str) -> None:
        try:
            quoted(name)
        except QueryError:
            assert len(name.encode(errors="surrogatepass")) > NAME_BYTES or "\0" in name or "\ud800" in name
        else:
            names.append(name)

    collect()
    assert len(names) > 100
    for name in names:
        row = await connection.fetchrow(f"select 1 as {quoted(name)}, 2 as other")
        assert row is not None
        assert list(row.keys()) == [name, "other"]
    await connection.close()


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "\ud800", "x" * 64, "é" * 32, None, 5, b"id", ["id"]])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(QueryError):
        quoted(name)


def test_names_of_63_bytes_and_keywords_pass() -> None:
    assert quoted("x" * 63) == '"' + "x" * 63 + '"'
    assert quoted("é" * 31) == '"' + "é" * 31 + '"'
    assert qualified('sel"ect', "ta.ble") == '"ta.ble"."sel""ect"'
    assert qualified("t") == '"t"'
