"""Parts of the day as people write them."""

from __future__ import annotations

import re

from greedy.ingest.workbook.layout import DAGDELEN

CODES = {label.casefold(): str(choice.value) for choice in DAGDELEN for label in choice.labels}
ORDER = [str(choice.value) for choice in DAGDELEN]
WHOLE_DAY = ("hele dag", "all day", "dag", "day")
NONE = ("-",)


def dagdelen_of(value: object) -> list[str]:
    """The dagdelen of `O M`, `OM`, `ochtend, middag` or a list of such, in their order; `-` is none of them.

    Raises
    ------
    ValueError
        A part of it is no dagdeel.
    """
    parts = [str(part) for part in value] if isinstance(value, list) else re.split(r"[\s,;/+&]+", str(value).strip())
    text = " ".join(parts).casefold()
    if text in NONE or not text:
        return []
    if text in WHOLE_DAY:
        return ORDER
    words = [word.casefold() for word in parts if word]
    if len(words) == 1 and words[0] not in CODES and set(words[0].upper()) <= set(ORDER):
        words = list(words[0])
    unknown = [word for word in words if word not in CODES]
    if unknown:
        raise ValueError(f"{' '.join(unknown)!r:.40} is none of {', '.join(ORDER)} (ochtend, middag, avond)")
    return sorted({CODES[word] for word in words}, key=ORDER.index)
