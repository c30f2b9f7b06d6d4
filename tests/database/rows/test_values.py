"""Values of every kind, there and back; what does not fit is named with its table, column and row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from greedy.database.errors import QueryError
from greedy.database.rows import bulk
from greedy.database.rows.operator import DBOperator
from tests.database.rows.things import ID, MADE, NAIVE, Colour, Note, Size, count

VALUES: list[tuple[str, Any, Any]] = [
    ("id", str(ID), ID),
    ("id", ID, ID),
    ("name", 'it\'s "x" ; -- $1 \\ é𝒳', 'it\'s "x" ; -- $1 \\ é𝒳'),
    ("name", Colour.RED, "red"),
    ("count", 2**31 - 1, 2**31 - 1),
    ("big", -(2**63), -(2**63)),
    ("share", Decimal("12.34"), Decimal("12.34")),
    ("share", 0.1, Decimal("0.10")),
    ("ratio", 1, 1.0),
    ("ratio", Decimal("0.5"), 0.5),
    ("ratio", math.inf, math.inf),
    ("active", False, False),
    ("colour", Colour.RED, "red"),
    ("colours", [Colour.RED, "green"], ["red", "green"]),
    ("day", "2025-03-31", date(2025, 3, 31)),
    ("day", NAIVE, date(2025, 3, 31)),
    ("made_at", MADE.isoformat(), MADE),
    ("made_at", MADE, MADE),
    ("local_at", "2025-03-31T03:04", NAIVE.replace(hour=3, minute=4)),
    ("local_at", date(2025, 3, 31), NAIVE),
    ("opens", "07:30", time(7, 30)),
    ("lasts", timedelta(hours=36), timedelta(hours=36)),
    ("tags", ["a", None, 'b,"}'], ["a", None, 'b,"}']),
    ("tags", [], []),
    ("raw", b"\0\xff", b"\0\xff"),
    ("doc", {"a": [1, {"b": None}], "d": date(2025, 1, 1), "u": ID, "x": Decimal("1.50"), "c": Colour.RED}, None),
    ("doc", Note(text="é", on=date(2025, 1, 1)), None),
    ("doc", [Size(Decimal("1.5"))], None),
    ("doc_text", True, "true"),
    ("doc", '{"already": "json"}', '{"already": "json"}'),
    *[(column, None, None) for column in ("name", "share", "tags", "doc", "made_at")],
]
JSON_TEXT = {
    25: '{"a": [1, {"b": null}], "c": "red", "d": "2025-01-01", "u": "00000000-0000-0000-0000-000000000007", "x": "1.50"}',
    26: '{"on": "2025-01-01", "text": "é"}',
    27: '[{"width": "1.5"}]',
}


@pytest.mark.parametrize("rows", [1, 2, 30, 60], ids=["one", "arrays", "copied", "staged"])
async def test_values_come_back_as_what_they_are(op: DBOperator, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "STAGED_ROWS", 60)
    for place, (column, value, stored) in enumerate(VALUES):
        row = {column: value}
        if rows == 1:
            found: Sequence[Any] = [(await op.insert("things", row))[column]]
        elif column in ("id", "name") and value is not None:
            continue  # unique
        else:
            many = [row | {"id": uuid4()} for _ in range(rows)]
            if rows == 30:
                assert await op.insert("things", many) == rows
            else:
                assert len(await op.insert("things", many, returning=["id"])) == rows
            found = [each[column] for each in await op.fetch("things", columns=[column])]
        assert list(found) == [JSON_TEXT.get(place, stored)] * rows, column
        if column not in ("doc", "tags") and value is not None:
            assert len(await op.fetch("things", {column: value})) == rows, column
        await op.delete("things", all_rows=True)


WRONG: list[tuple[str, Any, str]] = [
    ("id", "not a uuid", "malformed text"),
    ("id", 5, "expected str, got int"),
    ("name", 5, "expected str, got int"),
    ("name", "a\0b", "NUL"),
    ("name", "a\ud800", "surrogate"),
    ("code", "abcdef", "6 characters in a column of 5"),
    ("count", "5", "expected int, got str"),
    ("count", 2.0, "float"),
    ("count", True, "got bool"),
    ("count", 2**31, "outside of the range of integer"),
    ("big", 2**63, "outside of the range of bigint"),
    ("ratio", math.nan, "NaN"),
    ("share", Decimal("NaN"), "NaN"),
    ("share", "1.0", "expected a number"),
    ("active", 1, "expected bool, got int"),
    ("colour", "blue", "not one of red, green"),
    ("amount", Decimal("999.995"), "outside of the range of numeric"),
    ("amount", 10**3, "outside of the range of numeric"),
    ("amount", Decimal("Infinity"), "outside of the range of numeric"),
    ("any_amount", Decimal("1e140000"), "outside of the range of numeric"),
    ("any_amount", -(10**131072), "outside of the range of numeric|malformed|int"),
    ("counts", [1, 2**31], "outside of the range of integer"),
    ("colours", ["red", "blue"], "not one of red, green"),
    ("tags", "abc", "expected a list, got str"),
    ("tags", ["a", 5], "expected str, got int"),
    ("tags", ["a\0"], "NUL"),
    ("day", "31-03-2025", "malformed text"),
    ("day", NAIVE.replace(hour=12), "time of day would be lost"),
    ("made_at", NAIVE, "no time zone"),
    ("made_at", "2025-01-01", "no time zone"),
    ("local_at", MADE, "time zone would be lost"),
    ("opens", "half past", "malformed text"),
    ("lasts", "1 day", "expected timedelta"),
    ("raw", "text", "expected bytes"),
    ("doc", {"a": math.nan}, "JSON has not"),
    ("doc", {"a": object()}, "object|dict"),
    ("doc", "{not json", "not JSON"),
    ("doc", {"a": "\0"}, "NUL"),
    ("doc", {"a": "\ud800"}, "dict"),
]


@pytest.mark.parametrize("rows", [1, 3, 30, 60], ids=["one", "arrays", "copied", "staged"])
async def test_what_does_not_fit_is_named_and_nothing_is_stored(op: DBOperator, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "STAGED_ROWS", 60)
    for column, value, why in WRONG:
        with pytest.raises(QueryError, match=why) as caught:
            if rows == 1:
                await op.insert("things", {column: value})
            else:
                many = [{column: None if column != "id" else uuid4()} for _ in range(rows)]
                many[-2] = {column: value}
                if column != "id":
                    many = [row | {"id": uuid4()} for row in many]
                await (op.insert("things", many) if rows == 30 else op.upsert("things", many))
        told = str(caught.value)
        assert f"column {column} " in told, told
        assert "things" in told
        assert (caught.value.table, caught.value.column) == ("things", column)
        if rows > 1:
            assert f"row {rows - 1} " in told
    assert await count(op) == 0
    assert await op.insert("things", {"name": "the pool is well"})


@pytest.mark.parametrize("way", ["insert", "upsert"])
@pytest.mark.parametrize(("row", "value"), [(1, 2**31), (500, 2**31), (501, "x"), (1_250, 2**31), (5_200, 2**31)])
async def test_the_row_that_does_not_fit_is_counted_over_all_batches(op: DBOperator, way: str, row: int, value: object) -> None:
    assert bulk.STAGED_ROWS < 5_200
    assert bulk.BATCH_ROWS == 500
    rows: list[dict[str, object]] = [{"id": uuid4(), "count": n} for n in range(5_200)]
    rows[row - 1]["count"] = value
    with pytest.raises(QueryError, match=rf"^column count of row {row} for table things"):
        await getattr(op, way)("things", rows)
    assert await count(op) == 0


@pytest.mark.parametrize("size", [3, 40], ids=["arrays", "copied"])
@pytest.mark.parametrize(("column", "fit", "unfit"), [("made_at", MADE, NAIVE), ("local_at", NAIVE, MADE)])
async def test_one_time_zone_missing_or_too_many_is_seen_among_others(
    op: DBOperator, size: int, column: str, fit: datetime, unfit: datetime
) -> None:
    rows: list[dict[str, object]] = [{column: fit} for _ in range(size)]
    rows[0][column] = None
    assert await op.insert("things", rows) == size
    rows[-1][column] = unfit
    with pytest.raises(QueryError, match=rf"^column {column} of row {size} for table things"):
        await op.insert("things", rows)
    assert await count(op) == size


async def test_conditions_check_their_values_too(op: DBOperator) -> None:
    for column, value, why in WRONG:
        if column in ("colours", "tags", "doc", "code", "amount", "counts"):
            continue
        with pytest.raises(QueryError, match=why):
            await op.fetch("things", {column: value})
        with pytest.raises(QueryError, match=why):
            await op.delete("things", {column: [value]})
