"""Names that are nearly right: `UserId` for `user_id`, `employee` for `employees`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches

import inflection

from greedy.database.errors import ColumnMatchError


def likely(wanted: str, names: Iterable[str]) -> list[str]:
    """The names that come nearest to `wanted`, best first, at most three."""
    by_key = {_words(name): name for name in names}
    return [by_key[key] for key in get_close_matches(_words(wanted), by_key, n=3, cutoff=0.6)]


def match_column(wanted: str, columns: Collection[str], *, table: str) -> str:
    """The column of a table that a name means.

    The first of these that finds exactly one: the same name, the same but for case, the same words (`userId`, `User-ID`, `user id` and
    `user_id` are one), the same words in the singular or plural (English, and Dutch -en: `dienst` for `diensten`).

    Parameters
    ----------
    wanted
        The name, however it is written.
    columns
        Columns of the table; a dict of them makes an exact hit cost one look-up.
    table
        What the message calls the table.

    Raises
    ------
    ColumnMatchError
        No column fits, or several do. The message names the nearest.
    """
    if wanted in columns:
        return wanted
    if not isinstance(wanted, str):
        raise ColumnMatchError(f"{wanted!r:.80} is not the name of a column of table {table}", table=table, wanted="", columns=[*columns])
    for same in SAMENESS:
        key = same(wanted)
        found = [column for column in columns if same(column) == key]
        if len(found) == 1:
            return found[0]
        if found:
            raise ColumnMatchError(
                f"column {wanted!r:.80} of table {table} is ambiguous: {', '.join(found)}",
                table=table,
                wanted=wanted,
                columns=[*columns],
                nearest=found,
            )
    near = likely(wanted, columns)
    raise ColumnMatchError(
        f"table {table} has no column {wanted if wanted.isidentifier() else repr(wanted):.80}"
        + (f". Did you mean: {', '.join(near)}?" if near else f"; it has {', '.join(columns)}"),
        table=table,
        wanted=wanted,
        columns=[*columns],
        nearest=near,
    )


def _words(name: str) -> str:
    """`name` in snake case: words apart by one underscore, without case."""
    return "_".join(re.findall(r"[^\W_]+", inflection.underscore(name[:200]))).casefold()


def _singular(name: str) -> str:
    first, _, last = _words(name).rpartition("_")
    return f"{first}_{inflection.singularize(last)}"


def _dutch_singular(name: str) -> str:
    # The plural in -en doubles a consonant or halves a vowel (bed, bedden; week, weken): without doubles both are the same.
    return re.sub(r"(.)\1", r"\1", re.sub("en$", "", _words(name)))


SAMENESS: tuple[Callable[[str], str], ...] = (str.casefold, _words, _singular, _dutch_singular)
