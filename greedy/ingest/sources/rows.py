"""What a row of a file is, whatever its format, and what its columns are called by us."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from greedy.errors import InputError


@dataclass(frozen=True)
class FoundRow:
    """A row: where it stands, and its fields. A field that is empty is left out.

    With a `fault` it cannot be used, and its fields, as far as they are known, only tell which one it is.
    """

    place: str
    fields: dict[str, Any]
    fault: str | None = None


class Naming(Protocol):
    """What the fields of a file are called by us."""

    def of_header(self, header: Sequence[str], file: str) -> Sequence[str]:
        """Our name for each column. Raises InputError when that is not clear, or one that must be there is missing."""
        ...

    def of_object(self, keys: Sequence[str], file: str) -> Sequence[str]:
        """Our name for each key of one object. Raises InputError when that is not clear."""
        ...


def is_empty(value: object) -> bool:
    """Whether a cell holds nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def named_columns(header: Sequence[str], naming: Naming, file: str) -> list[str]:
    """Our name for each column of a header; empty for one without a name.

    Raises
    ------
    InputError
        Two columns have one name, or what they mean is not clear.
    """
    stripped = [name.strip() for name in header]
    named = [name for name in stripped if name]
    repeated = [name for name, times in Counter(named).items() if times > 1]
    if repeated:
        raise InputError(f"{file}: the header has several columns of one name: {', '.join(repeated)}", next_step="give each its own name")
    if any("\0" in name for name in named):
        raise InputError(f"{file}: the header holds a NUL character", next_step="export it again as text")
    ours = iter(naming.of_header(named, file))
    return [next(ours) if name else "" for name in stripped]
