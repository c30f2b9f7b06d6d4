"""Words: what is said to people, in their language."""

from __future__ import annotations

import datetime as dt
import gettext
import io
from enum import StrEnum
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Literal, get_args

from greedy.model.message import Message

if TYPE_CHECKING:
    from babel import Locale

Language = Literal["en", "nl"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Words:
    """A language: its words, and how it writes dates and numbers.

    Parameters
    ----------
    language
        `en` or `nl`. The English words stand in the program; the others in `locale/<language>/*.po`.
    """

    def __init__(self, language: Language) -> None:
        self.language = language

    @cached_property
    def locale(self) -> Locale:
        """How the language writes dates and numbers; weeks begin on Monday in all of them."""
        from babel import Locale  # babel takes a tenth of a second, which a command that says nothing does not pay

        return Locale.parse("en_GB" if self.language == "en" else "nl_NL")

    @cached_property
    def _catalogue(self) -> gettext.NullTranslations:
        return _catalogue(self.language)

    def say(self, text: str) -> str:
        """A message, or a text of the program, in this language; in English where the catalogue does not have it.

        Messages, enumerations, dates and broken numbers in the places of a message are said in this language too; names are not.
        """
        if self.language == "en":
            return text  # as it stands in the program: a message stays one, and can still be said in another language
        if not text:
            return ""  # the catalogue keeps its head under no text
        if not isinstance(text, Message):
            return self._catalogue.gettext(text)
        return self._catalogue.gettext(text.template).format(**{name: self._said(value) for name, value in text.fields.items()})

    def _said(self, value: object) -> object:
        match value:
            case Message() | StrEnum():
                return self.say(value)
            case dt.date():
                return self.short_date(value)
            case float():
                return self.number(value)
            case _:
                return value

    def count(self, one: str, many: str, number: int) -> str:
        """`1 shift`, `3 shifts`: both templates have the place `{number}`."""
        return self._catalogue.ngettext(one, many, number).format(number=number)

    def day(self, date: dt.date) -> str:
        """`Monday 24 November 2025`, `maandag 24 november 2025`."""
        return self._date(date, "EEEE d MMMM y")

    def short_date(self, date: dt.date) -> str:
        """`Mon 24-11-2025`, `ma 24-11-2025`: short, and true in every year."""
        return self._date(date, "EEE dd-MM-y")

    def short_day(self, date: dt.date) -> str:
        """`Mon 24 Nov`, `ma 24 nov`."""
        return self._date(date, "EEE d MMM")

    def month(self, date: dt.date) -> str:
        """`November 2025`, `november 2025`."""
        return self._date(date, "MMMM y")

    def weekday(self, date: dt.date) -> str:
        """`Mon`, `ma`."""
        return self._date(date, "EEE")

    def moment(self, when: dt.datetime) -> str:
        """`24 Nov 2025 14:05`, in the time zone that `when` has."""
        from babel.dates import format_datetime

        return format_datetime(when, "d MMM y HH:mm", locale=self.locale)

    def clock(self, when: dt.time) -> str:
        """`14:05`."""
        from babel.dates import format_time

        return format_time(when, "HH:mm", locale=self.locale)

    def number(self, value: float) -> str:
        """`94.3`, `94,3`."""
        from babel.numbers import format_decimal

        return format_decimal(value, locale=self.locale)

    def _date(self, date: dt.date, pattern: str) -> str:
        from babel.dates import format_date

        return format_date(date, pattern, locale=self.locale)


@cache
def words_of(language: Language) -> Words:
    """The words of a language, read once."""
    return Words(language)


def _catalogue(language: Language) -> gettext.NullTranslations:
    """All catalogues of a language: one for each room that speaks to people."""
    if language == "en":
        return gettext.NullTranslations()
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    words = Catalog(locale=language)
    for source in resources.files("greedy.wording").joinpath("locale", language).iterdir():
        with source.open("rb") as lines:
            for entry in read_po(lines, locale=language):
                words[entry.id] = entry
    compiled = io.BytesIO()
    write_mo(compiled, words)  # in milliseconds; so no compiled file has to be kept beside its source
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


ENGLISH = words_of("en")
