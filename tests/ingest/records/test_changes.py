"""What counts as a change, and what cannot be kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greedy.ingest.records.changes import content_hash, json_text

NESTED: list[Any] = []
for _ in range(100_000):
    NESTED = [NESTED]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.dictionaries(TEXT, st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
                                          lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=8))  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": {"x": 1, "y": [1, {"p": 0, "q": 0}]}}, {"a": {"y": [1.0, {"q": 0, "p": 0}], "x": 1.0}}),
        ({"n": 0}, {"n": -0.0}),
        ({"naam": "Zo\u00eb", "\u00e9": 1}, {"naam": "Zoe\u0308", "e\u0301": 1}),
    ],
)
def test_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert content_hash(one) == content_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ({"a": None}, {}),
        ({"a": "x"}, {"a": "X"}),
        ({"a": "x"}, {"a": "x "}),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}),
        ({"a": "x", "b": "y"}, {"a": 'x","b":"y'}),
        ({"a": 1.5}, {"a": 1.25}),
        ({"a": 2**60 + 1}, {"a": 2.0**60}),
        ({"a": {}}, {"a": []}),
        ({"a": ""}, {"a": None}),
    ],
)
def test_a_change(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert content_hash(one) != content_hash(other)


def test_only_significant_fields_count() -> None:
    assert content_hash({"a": 1, "b": 2}, ("a",)) == content_hash({"a": 1, "b": 3}, ("a",)) == content_hash({"a": 1}, ("a", "c"))
    assert content_hash({"a": 1, "c": None}, ("a", "c")) != content_hash({"a": 1}, ("a", "c"))


UNFIT = [float("nan"), float("inf"), "\0", "a\0b", {"\0": 1}, "\ud800", dt.date(2026, 1, 1), b"x", {1, 2}, NESTED, 10**5000]


@pytest.mark.parametrize("value", UNFIT, ids=range(len(UNFIT)))
def test_what_cannot_be_kept(value: object) -> None:
    for call in (content_hash, json_text):
        with pytest.raises(ValueError, match=".+"):
            call({"a": [value]})


def test_a_backslash_and_a_nul_are_two_things() -> None:
    assert json_text({"a": "\\u0000"}) == '{"a":"\\\\u0000"}'


@given(JSON)
def test_it_does_not_depend_on_the_order_of_fields(data: dict[str, Any]) -> None:
    assert content_hash(data) == content_hash(dict(reversed(data.items())))
    assert len(content_hash(data)) == 32
