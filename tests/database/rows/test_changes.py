"""Rows that an operator inserts, upserts, updates and deletes."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import DatabaseError, QueryError, SchemaError
from greedy.database.rows import bulk
from greedy.database.rows.operator import DBOperator
from tests.database.rows.things import ID, count, filled


async def test_one_row_comes_back_as_it_was_stored(op: DBOperator) -> None:
    row = await op.insert("things", {"name": "a"})
    assert isinstance(row["id"], UUID)
    assert row["number"] == 1
    assert await op.fetch_one("things", {"id": row["id"]}) == row
    assert dict(await op.insert("things", {"name": "b"}, returning=["Name", "number"])) == {"name": "b", "number": 2}
    assert (await op.insert("things", {}))["name"] is None


@pytest.mark.parametrize("size", [1, 19, 20, 21, 2_500, 6_000])
async def test_many_rows_come_back_in_the_order_given(op: DBOperator, size: int) -> None:
    rows = [{"name": str(n), "count": n} for n in range(size)]
    back = await op.insert("things", rows, returning=["count", "number"])
    assert [row["count"] for row in back] == list(range(size))
    assert [row["number"] for row in back] == sorted(row["number"] for row in back)
    assert await op.upsert("things", [row | {"count": -1} for row in rows], on=["name"]) == size
    assert {row["count"] for row in await op.fetch("things")} == {-1}
    assert await count(op) == size


async def test_no_rows_are_no_work(op: DBOperator) -> None:
    assert await op.insert("things", []) == 0
    assert await op.insert("things", (), returning=["id"]) == []
    assert await op.upsert("things", [], on=["name"]) == 0
    with pytest.raises(SchemaError):
        await op.insert("nothing", [])


@pytest.mark.parametrize("size", [3, 40, 5_000])
async def test_rows_with_other_keys_are_named(op: DBOperator, size: int) -> None:
    for odd in ({"name": "x"}, {"name": "x", "count": 1, "big": 1}, {"name": "x", "big": 1}, ["name", "count"], "nm", None):
        rows: list[Any] = [{"name": str(n), "count": n} for n in range(size)]
        rows[-1] = odd
        with pytest.raises(QueryError, match=rf"row {size} for table things"):
            await op.insert("things", rows)
    assert await count(op) == 0


async def test_rows_may_have_their_keys_in_another_order(op: DBOperator) -> None:
    await op.insert("things", [{"name": "a", "count": 1}, {"count": 2, "name": "b"}])
    assert {row["name"]: row["count"] for row in await op.fetch("things")} == {"a": 1, "b": 2}


async def test_records_go_back_in(op: DBOperator) -> None:
    await filled(op)
    records = await op.fetch("things", columns=["id", "name", "tags", "doc", "made_at"])
    assert await op.upsert("things", records) == 4  # type: ignore[arg-type]  a Record is a mapping in all but name


async def test_upsert_overwrites_what_is_there(op: DBOperator) -> None:
    first = await op.upsert("things", {"id": ID, "name": "a", "count": 1})
    second = await op.upsert("things", {"id": ID, "name": "b", "count": 2}, update=["count"])
    assert (second["name"], second["count"], second["number"]) == ("a", 2, first["number"])
    third = await op.upsert("things", {"id": ID, "name": "c"}, update=[])
    assert (third["name"], third["count"]) == ("a", 2)
    assert dict(await op.upsert("things", {"id": ID}, returning=["name"])) == {"name": "a"}
    assert await op.upsert("things", [{"id": ID, "count": 3}, {"id": uuid4(), "count": 4}], update=[]) == 1
    await op.upsert("parts", [{"thing_id": ID, "place": 1, "what": "x"}, {"thing_id": ID, "place": 2, "what": "y"}])
    await op.upsert("parts", [{"thing_id": ID, "place": 1, "what": "z"}], on=["place", "thing_id"])
    assert [row["what"] for row in await op.fetch("parts", order_by="place")] == ["z", "y"]


@pytest.mark.parametrize("size", [4, 6_000])
async def test_the_same_key_twice_in_one_upsert_is_named(op: DBOperator, size: int) -> None:
    rows: list[dict[str, object]] = [{"id": uuid4(), "name": str(n)} for n in range(size)]
    rows[-1]["id"] = str(rows[1]["id"]).upper()
    with pytest.raises(QueryError, match=rf"same key \(id\): rows 2, {size}"):
        await op.upsert("things", rows)
    assert await count(op) == 0


async def test_an_upsert_needs_a_unique_key(op: DBOperator) -> None:
    with pytest.raises(SchemaError, match=r"no unique key on \(count\)") as caught:
        await op.upsert("things", {"count": 1}, on=["count"])
    assert "id; name" in str(caught.value.details)
    with pytest.raises(QueryError, match="column id of the key of table things is not in the rows"):
        await op.upsert("things", {"name": "a"})
    with pytest.raises(QueryError, match="column count of table things is to be overwritten"):
        await op.upsert("things", {"id": ID}, update=["count"])


async def test_all_or_nothing(op: DBOperator) -> None:
    for size in (3, 40, 5_000):
        rows: list[dict[str, object]] = [{"name": str(n)} for n in range(size)]
        rows[-1] = {"name": "0"}
        with pytest.raises(QueryError) as caught:
            await op.insert("things", rows)
        assert (caught.value.sqlstate, caught.value.constraint) == ("23505", "things_name_key")
    assert await count(op) == 0


async def test_columns_of_the_server_and_columns_twice_are_refused(op: DBOperator) -> None:
    with pytest.raises(QueryError, match="column number of table things is always generated"):
        await op.insert("things", [{"number": 1}] * 30)
    with pytest.raises(QueryError, match="column name of table things is given twice"):
        await op.insert("things", {"name": "a", "Name": "b"})
    with pytest.raises(QueryError, match="given twice"):
        await op.fetch("things", {"name": "a", "names": "b"})


async def test_a_large_text_takes_the_way_without_a_limit(op: DBOperator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "STAGED_CHARACTERS", 1_000)
    seen: list[str] = []
    monkeypatch.setattr(bulk, "_copied", lambda *given, copied=bulk._copied: (seen.append(given[1]), copied(*given))[1])
    back = await op.insert("things", [{"name": "x" * 600}, {"name": "y" * 600}], returning=["name"])
    assert [row["name"][0] for row in back] == ["x", "y"]
    assert seen == [bulk.STAGE]


async def test_a_view_rules_and_row_security_are_heeded(op: DBOperator, db: DBConnector) -> None:
    red = [{"id": uuid4(), "name": str(n), "colour": "red"} for n in range(40)]
    assert await op.insert("red_things", red) == 40
    with pytest.raises(QueryError):
        await op.insert("red_things", [row | {"id": uuid4(), "name": None, "colour": "green"} for row in red])
    await db.execute("create role clerk; grant all on parts to clerk; alter table parts enable row level security")
    await db.execute("create policy low on parts to clerk using (true) with check (place < 100)")
    rows = [{"thing_id": red[0]["id"], "place": n} for n in range(40)]
    try:
        async with db.transaction() as connection:
            await connection.execute("set local role clerk")
            theirs = DBOperator(connection)
            assert await theirs.insert("parts", rows) == 40
            with pytest.raises(DatabaseError) as caught:
                async with connection.transaction():
                    await theirs.insert("parts", [row | {"place": n + 90} for n, row in enumerate(rows)])
            assert caught.value.sqlstate == "42501"
        assert await count(op, "parts") == 40
    finally:
        await db.execute("drop policy low on parts; drop owned by clerk; drop role clerk")
    await db.execute("create rule nothing as on insert to things do instead nothing")
    op.registry.forget()
    assert await op.insert("things", [{"name": f"kept out {n}"} for n in range(40)]) == 0


async def test_a_trigger_that_keeps_rows_out_is_told_of_one_row_and_counted_of_many(op: DBOperator, db: DBConnector) -> None:
    await db.execute("create function no() returns trigger language plpgsql as $$ begin return null; end $$")
    await db.execute("create trigger no before insert on things for each row when (new.count > 1) execute function no()")
    with pytest.raises(QueryError, match="row for table things was not stored: a trigger or rule"):
        await op.insert("things", {"count": 2})
    for size in (4, 40, 6_000):
        rows = [{"count": n % 4} for n in range(size)]
        assert await op.insert("things", rows) == size / 2
        assert [row["count"] for row in await op.insert("things", rows, returning=["count"])] == [0, 1] * (size // 4)


async def test_update_and_delete_touch_what_fits(op: DBOperator) -> None:
    await filled(op)
    assert await op.update("things", {"count": 9, "Tag": []}, {"name": ["a", None]}) == 2
    assert len(await op.fetch("things", {"count": 9, "tags": []})) == 2
    assert await op.delete("things", {"name": []}) == 0
    assert await op.delete("things", {"count": 9}) == 2
    assert await op.update("things", {"count": 0}, all_rows=True) == 2
    assert await op.delete("things", all_rows=True) == 2


async def test_without_conditions_nothing_is_touched(op: DBOperator) -> None:
    await filled(op)
    for where in (None, {}):
        with pytest.raises(QueryError, match="without conditions would touch every row"):
            await op.update("things", {"count": 5}, where)
        with pytest.raises(QueryError, match="without conditions would touch every row"):
            await op.delete("things", where)
        with pytest.raises(QueryError):
            await op.delete("things", where, all_rows="yes")  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="no values"):
        await op.update("things", {}, {"name": "a"})
    with pytest.raises(QueryError, match="mapping of columns to values"):
        await op.delete("things", "name = 'a'")  # type: ignore[arg-type]
    assert len(await op.fetch("things", {"count": [0, 1]})) == 4
