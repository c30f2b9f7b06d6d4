"""Sentences that are kept, as beside the result of a plan, so that whoever reads them later reads her own language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from string import Formatter
from typing import Any

from greedy.model.message import Message

TEMPLATE, FIELDS, DATE = "template", "fields", "date"
LONGEST = 100_000  # characters; messages within messages could double with each


def documents_of(said: Mapping[str, str]) -> dict[str, Any]:
    """The messages by which some texts are to be said, as a document. Texts that are to be said as they are, are left out."""
    return {str(text): _document(message) for text, message in said.items() if isinstance(message, Message)}


def messages_in(document: object) -> dict[str, Message]:
    """The messages of such a document, by the texts that they say; what is no message in it is passed over."""
    if not isinstance(document, Mapping):
        return {}
    found = {text: _value(kept) for text, kept in document.items()}
    return {text: message for text, message in found.items() if isinstance(message, Message)}


def _document(value: object) -> object:
    match value:
        case Message():
            return {TEMPLATE: value.template, FIELDS: {name: _document(field) for name, field in value.fields.items()}}
        case StrEnum():
            return {TEMPLATE: str(value), FIELDS: {}}
        case dt.date():
            return {DATE: value.isoformat()}
        case int() | float():
            return value
        case _:
            return str(value)


def _has_plain_places(template: str, fields: Mapping[str, object]) -> bool:
    """Whether each place is one of the fields and nothing else: a template that asks for more was not made by this program."""
    try:
        places = [(name, form, conversion) for _, name, form, conversion in Formatter().parse(template) if name is not None]
    except ValueError:
        return False
    return all(name in fields and name.isidentifier() and not form and not conversion for name, form, conversion in places)


def _value(kept: object) -> object:
    match kept:
        case {"template": str(template), "fields": dict(fields)} if _has_plain_places(template, fields):
            values = {name: _value(field) for name, field in fields.items()}
            length = sum(len(str(values[name])) for _, name, _, _ in Formatter().parse(template) if name)
            return Message(template, **values) if length <= LONGEST else kept
        case {"date": str(day)}:
            try:
                return dt.date.fromisoformat(day[:10])
            except ValueError:
                return day
        case _:
            return kept
