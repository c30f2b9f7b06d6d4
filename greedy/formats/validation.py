"""What pydantic has against a value, as a message: its own English, which a catalogue can say in another language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

from greedy.model.message import Message, either

# By the type of the error, where nothing in the words changes.
PLAIN = {
    "missing": Message("Field required"),
    "int_parsing": Message("Input should be a valid integer, unable to parse string as an integer"),
    "int_type": Message("Input should be a valid integer"),
    "int_from_float": Message("Input should be a valid integer, got a number with a fractional part"),
    "float_parsing": Message("Input should be a valid number, unable to parse string as a number"),
    "float_type": Message("Input should be a valid number"),
    "finite_number": Message("Input should be a finite number"),
    "bool_parsing": Message("Input should be a valid boolean, unable to interpret input"),
    "bool_type": Message("Input should be a valid boolean"),
    "string_type": Message("Input should be a valid string"),
    "date_type": Message("Input should be a valid date"),
    "date_from_datetime_inexact": Message("Datetimes provided to dates should have zero time - e.g. be exact dates"),
    "time_type": Message("Input should be a valid time"),
    "list_type": Message("Input should be a valid list"),
    "dict_type": Message("Input should be a valid dictionary"),
}
WHY = {
    str(why): why
    for why in (
        Message("input is too short"),
        Message("invalid character in year"),
        Message("month value is outside expected range of 1-12"),
        Message("day value is outside expected range"),
        Message("invalid date separator, expected `-`"),
        Message("hour value is outside expected range of 0-23"),
        Message("minute value is outside expected range of 0-59"),
        Message("invalid time separator, expected `:`"),
    )
}


def in_words(error: ErrorDetails) -> Message:
    """A message for an error that pydantic found; what the program's own validators find is said as they say it."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error" and context["error"].args and isinstance(own := context["error"].args[0], Message):
        return own
    found = PLAIN.get(kind) or _out_of_bounds(kind, context) or _of_text(kind, context)
    return found or Message("{said}", said=error["msg"].removeprefix("Value error, "))


def _out_of_bounds(kind: str, context: Mapping[str, Any]) -> Message | None:
    match kind:
        case "greater_than_equal":
            return Message("Input should be greater than or equal to {least}", least=context["ge"])
        case "greater_than":
            return Message("Input should be greater than {bound}", bound=context["gt"])
        case "less_than_equal":
            return Message("Input should be less than or equal to {most}", most=context["le"])
        case "less_than":
            return Message("Input should be less than {bound}", bound=context["lt"])
        case "string_too_long" if context["max_length"] != 1:
            return Message("String should have at most {most} characters", most=context["max_length"])
        case "string_too_short" if context["min_length"] == 1:
            return Message("String should have at least 1 character")
        case "too_short" if context["field_type"] == "List" and context["min_length"] == 1:
            return Message("List should have at least 1 item after validation, not 0")
        case _:
            return None


def _of_text(kind: str, context: Mapping[str, Any]) -> Message | None:
    match kind:
        case "literal_error" | "enum":
            return Message("Input should be {choices}", choices=_choices(str(context["expected"])))
        case "date_from_datetime_parsing":
            return Message("Input should be a valid date or datetime, {why}", why=_why(context))
        case "time_parsing":
            return Message("Input should be in a valid time format, {why}", why=_why(context))
        case "uuid_parsing":
            return Message("Input should be a valid UUID, {why}", why=context["error"])
        case "string_pattern_mismatch":
            return Message("String should match pattern '{pattern}'", pattern=context["pattern"])
        case _:
            return None


def _why(context: Mapping[str, Any]) -> str:
    return WHY.get(str(context["error"]), str(context["error"]))


def _choices(expected: str) -> Message:
    """`'a', 'b' or 'c'`, whose last word is one of ours."""
    others, _, last = expected.rpartition(" or ")
    return either([others, last] if others else [last])
