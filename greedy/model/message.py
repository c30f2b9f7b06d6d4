"""A sentence that can be said in another language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum


class Message(str):
    """English text that knows the template it was made of, so that a catalogue can say it in another language.

    It is a `str`, and reads as the template with its fields filled in. A field may be a Message itself, a member of an enumeration of
    texts, a date or a broken number: these are said in the other language too. A field that is plain text, as a name, stays as it is.

    Parameters
    ----------
    template
        English text with named places: `{who} works {what} {times} times, at most {most} allowed`. It is the key of the catalogues.
    fields
        What comes in those places.
    """

    __slots__ = ("fields", "template")
    template: str
    fields: dict[str, object]

    def __new__(cls, template: str, /, **fields: object) -> Message:
        """Fill in the template."""
        message = super().__new__(cls, template.format(**fields))
        message.template, message.fields = template, fields
        return message

    def with_fields(self, **fields: object) -> Message:
        """The same with other words in some places."""
        return Message(self.template, **(self.fields | fields))

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the template on the way between processes."""
        return _message, (self.template, self.fields)


def listed(parts: Iterable[object]) -> Message:
    """`DIO, DIA, OSP`; an empty message when there are none."""
    found: Message | None = None
    for part in parts:
        found = Message("{one}", one=part) if found is None else Message("{some}, {one}", some=found, one=part)
    return found or Message("")


def joined(parts: Iterable[object]) -> Message:
    """`DIO and DIA`; an empty message when there are none."""
    found: Message | None = None
    for part in parts:
        found = Message("{one}", one=part) if found is None else Message("{some} and {one}", some=found, one=part)
    return found or Message("")


def either(parts: Iterable[object]) -> Message:
    """`DIO or DIA`; an empty message when there are none."""
    found: Message | None = None
    for part in parts:
        found = Message("{one}", one=part) if found is None else Message("{some} or {one}", some=found, one=part)
    return found or Message("")


def reworded(text: str, change: Callable[[str], str]) -> str:
    """A text in which the names have been changed: of a Message the plain texts in its places, of another text the whole."""
    if not isinstance(text, Message):
        return change(text)
    plain = {name: str(value) if hasattr(value, "__fspath__") else value for name, value in text.fields.items()}
    named = {name: value for name, value in plain.items() if isinstance(value, str) and not isinstance(value, StrEnum)}
    return text.with_fields(**{name: reworded(value, change) for name, value in named.items()})


def _message(template: str, fields: dict[str, object]) -> Message:
    return Message(template, **fields)
