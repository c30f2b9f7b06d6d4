"""How good the records of one thing are, taken together: a score, and flags that say why it is not 1."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

MISSING_SOURCE = Decimal("0.10")
MISSING_FIELD = Decimal("0.05")
MISMATCH = Decimal("0.05")
BEST = Decimal("1.00")
WORST = Decimal("0.00")


@dataclass(frozen=True)
class Quality:
    """A score from 0.00 to 1.00, and why: `missing_source:contacts`, `missing:email`, `mismatch:team`."""

    score: Decimal
    flags: tuple[str, ...]


@dataclass(frozen=True)
class SourceFields:
    """What one source system says of a thing, by field."""

    system: str
    fields: Mapping[str, object]


def assess(
    records: Sequence[SourceFields],
    *,
    expected_systems: Sequence[str] = (),
    key_fields: Sequence[str] = (),
    compared_fields: Sequence[str] = (),
) -> Quality:
    """The quality of a thing of which several systems speak.

    Parameters
    ----------
    records
        What is known of it.
    expected_systems
        Systems that should know it: 0.10 less for each that does not.
    key_fields
        Fields that one of them at least should give: 0.05 less for each that none gives. A blank is no value.
    compared_fields
        Fields in which the systems should agree: 0.05 less for each in which they do not. Case and spaces do not count; a system that
        says nothing contradicts nobody.
    """
    known = {record.system for record in records}
    said = {field: {text for record in records if (text := _text(record.fields.get(field)))} for field in {*key_fields, *compared_fields}}
    lost = {f"missing_source:{system}": MISSING_SOURCE for system in expected_systems if system not in known}
    lost |= {f"missing:{field}": MISSING_FIELD for field in key_fields if not said[field]}
    lost |= {f"mismatch:{field}": MISMATCH for field in compared_fields if len(said[field]) > 1}
    return Quality(max(WORST, BEST - sum(lost.values(), WORST)), tuple(lost))


def _text(value: object) -> str:
    """A value as it is compared; empty when it says nothing."""
    if value is None or value in ({}, []):
        return ""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return " ".join(text.split()).casefold()
