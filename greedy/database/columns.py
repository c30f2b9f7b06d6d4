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
        found = [column for column in columns if same(wanted, column)]
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


def _same_words(one: str, other: str) -> bool:
    return _words(one) == _words(other)


def _same_number(one: str, other: str) -> bool:
    """The same words, each in the English singular or plural."""
    return inflection.singularize(_words(one)) == inflection.singularize(_words(other))


def _same_dutch_number(one: str, other: str) -> bool:
    """The plural in -en and its singular. The plural doubles a consonant or halves a vowel (bed, bedden; week, weken)."""
    singular, plural = sorted((_words(one), _words(other)), key=lambda words: words.endswith("en"))
    return plural.endswith("en") and not singular.endswith("en") and _undoubled(plural.removesuffix("en")) == _undoubled(singular)


def _undoubled(text: str) -> str:
    return re.sub(r"(.)\1", r"\1", text)


def _same_but_for_case(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


SAMENESS: tuple[Callable[[str, str], bool], ...] = (_same_but_for_case, _same_words, _same_number, _same_dutch_number)
