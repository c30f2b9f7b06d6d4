"""What the fields of a source are called by us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from greedy.database.columns import SAMENESS
from greedy.errors import InputError

MOST_FIELDS = 500
LONGEST_NAME = 64  # a longer one is left as it is called


def parse_mapping(text: str) -> dict[str, str]:
    """`Persnr=id; Naam=achternaam`: their name and ours; nothing after the sign leaves a field as it is called.

    Raises
    ------
    InputError
        A part has no equals sign, or a field of theirs stands there twice.
    """
    mapping: dict[str, str] = {}
    for pair in filter(str.strip, text.split(";")):
        theirs, sign, ours = (part.strip() for part in pair.rpartition("="))
        if not sign or not theirs or theirs in mapping:
            fault = "stands there twice" if theirs in mapping else "is not theirs=ours"
            raise InputError(f"columns: {pair.strip()!r:.80} {fault}", next_step="give them as 'Persnr=id; Naam=achternaam'")
        mapping[theirs] = ours
    return mapping


class Names:
    """Finds our name for each field of a source: as it is told, else by our labels, however they are written.

    Parameters
    ----------
    fields
        Our fields, each with the names that people give it.
    mapping
        What is told: their name to ours; an empty one leaves a field as it is called.
    required
        Fields without which no record can be used.
    """

    def __init__(
        self, fields: Mapping[str, Sequence[str]], *, mapping: Mapping[str, str] | None = None, required: Sequence[str] = ()
    ) -> None:
        self._labels = {name: (name, *labels) for name, labels in fields.items()}
        self._mapping = dict(mapping or {})
        self._required = required
        self._known: dict[str, str] = {}
        unknown = [ours for ours in self._mapping.values() if ours and ours not in fields]
        if unknown:
            raise InputError(f"columns: there is no field {', '.join(unknown)}", next_step=f"the fields are {', '.join(fields)}")

    def of_header(self, header: Sequence[str], file: str) -> Sequence[str]:
        """Our name for each column of a file.

        Raises
        ------
        InputError
            Several columns mean one field, or one column several; or a required field has none, or what is told names no column.
        """
        absent = [theirs for theirs in self._mapping if theirs not in header]
        if absent:
            raise InputError(
                f"columns: {file} has no column {', '.join(absent)}",
                next_step=f"its columns are {', '.join(header)}; write them as they are",
            )
        names = self.of_object(header, file)
        missing = [field for field in self._required if field not in names]
        if missing:
            called = [f"{field} ({', '.join(self._labels[field][1:4])})" for field in missing]
            raise InputError(
                f"{file} has no column for {' and '.join(called)}; its columns are {', '.join(header)}",
                next_step=f"say which it is among the columns, as 'THEIRS={missing[0]}'",
            )
        return names

    def of_object(self, keys: Sequence[str], file: str) -> Sequence[str]:
        """Our name for each field of one record; a field that is none of ours keeps its name.

        Raises
        ------
        InputError
            Several fields mean one of ours, or one means several.
        """
        names = [self._known[key] if key in self._known else self._find(key, file) for key in keys]
        if len(set(names)) < len(names):
            several = next(name for name in names if names.count(name) > 1)
            theirs = [key for key, name in zip(keys, names, strict=True) if name == several]
            raise InputError(
                f"{file}: {' and '.join(theirs)} may each be {several}",
                next_step=f"say among the columns which it is, and leave the other as it is called: '{theirs[0]}={several}; {theirs[1]}='",
            )
        return names

    def _find(self, theirs: str, file: str) -> str:
        if len(self._known) >= MOST_FIELDS:
            raise InputError(f"{file} has more than {MOST_FIELDS} different fields", next_step="see whether this is a list of records")
        self._known[theirs] = found = self._mapping[theirs] or theirs if theirs in self._mapping else self._by_label(theirs, file)
        return found

    def _by_label(self, theirs: str, file: str) -> str:
        if len(theirs) > LONGEST_NAME:
            return theirs
        told = set(self._mapping.values())  # a field that somebody has told is not looked for any more
        for same in SAMENESS:
            found = [name for name, labels in self._labels.items() if name not in told and any(same(theirs, label) for label in labels)]
            if len(found) == 1:
                return found[0]
            if found:
                raise InputError(
                    f"{file}: {theirs} may be {' or '.join(found)}",
                    next_step=f"say among the columns which it is, as '{theirs}={found[0]}'",
                )
        return theirs
