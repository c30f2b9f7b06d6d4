"""The score of what several systems say of one thing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greedy.ingest.records.quality import Quality, SourceFields, assess

HR = SourceFields("hr", {"id": "E1", "voornaam": "Anna", "team": "Groen", "email": "anna@x.nl"})


def quality(*records: SourceFields) -> Quality:
    return assess(records, expected_systems=("hr", "contacts"), key_fields=("voornaam", "email"), compared_fields=("email", "team"))


@pytest.mark.parametrize(
    ("records", "score", "flags"),
    [
        ([HR, SourceFields("contacts", {"email": "anna@x.nl"})], "1.00", ()),
        ([HR], "0.90", ("missing_source:contacts",)),
        ([HR, SourceFields("contacts", {"email": "an@x.nl"})], "0.95", ("mismatch:email",)),
        ([HR, SourceFields("contacts", {"email": " Anna@X.nl "})], "1.00", ()),
        ([HR, SourceFields("contacts", {"email": ""})], "1.00", ()),
        ([HR, SourceFields("contacts", {"team": "Oranje", "email": "a@b.nl"})], "0.90", ("mismatch:email", "mismatch:team")),
        ([SourceFields("contacts", {"email": "  "})], "0.80", ("missing_source:hr", "missing:voornaam", "missing:email")),
        ([], "0.70", ("missing_source:hr", "missing_source:contacts", "missing:voornaam", "missing:email")),
    ],
)
def test_each_shortcoming_has_its_price(records: list[SourceFields], score: str, flags: tuple[str, ...]) -> None:
    assert quality(*records) == Quality(Decimal(score), flags)


def test_values_of_other_kinds_are_compared_by_what_they_are() -> None:
    weekly = {"ma": ["O"], "wo": []}
    same = [SourceFields("a", {"week": weekly, "on": True}), SourceFields("b", {"week": {"wo": [], "ma": ["O"]}, "on": True})]
    other = [SourceFields("a", {"week": weekly, "on": False}), SourceFields("b", {"week": {}, "on": 0})]
    assert assess(same, compared_fields=("week", "on")).flags == ()
    assert assess(other, key_fields=("week", "on"), compared_fields=("week", "on")).flags == ("mismatch:on",)


def test_the_score_never_falls_under_zero() -> None:
    assert assess([], expected_systems=[f"s{n}" for n in range(12)]).score == Decimal("0.00")


FIELDS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", " ", "x", "X ", "y", None, 0, 1]))


@given(st.lists(st.builds(SourceFields, st.sampled_from(["hr", "contacts", "other"]), FIELDS)), st.randoms())
def test_the_order_of_the_records_does_not_matter_and_the_flags_explain_the_score(records: list[SourceFields], random: object) -> None:
    ask = {"expected_systems": ("hr", "contacts"), "key_fields": ("a", "b"), "compared_fields": ("b", "c")}
    found = assess(records, **ask)
    random.shuffle(records)
    assert assess(records, **ask) == found
    sources = sum(flag.startswith("missing_source:") for flag in found.flags)
    assert found.score == 1 - Decimal("0.10") * sources - Decimal("0.05") * (len(found.flags) - sources)
    assert len(set(found.flags)) == len(found.flags)
    for field in ("a", "b"):
        given_by_any = any(str(record.fields[field]).strip() for record in records if record.fields.get(field) is not None)
        assert (f"missing:{field}" in found.flags) != given_by_any
