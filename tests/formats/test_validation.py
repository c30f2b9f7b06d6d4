"""What pydantic finds is said in its own English, and in Dutch."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from greedy.formats.validation import in_words
from greedy.model.message import Message
from greedy.wording import words_of


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int = 1


WRONG: list[tuple[Any, object]] = [
    (int, "x"), (int, None), (int, 1.5), (float, "x"), (float, None), (bool, "x"), (bool, None), (str, 1),
    (dt.date, "x"), (dt.date, []), (dt.date, dt.datetime(2025, 1, 1, 3)), (dt.time, "x"), (dt.time, []),  # noqa: DTZ001
    (list[int], 1), (dict[str, int], 1), (UUID, "x"), (Literal["a", "b", "c"], "d"), (Literal["a"], "d"),
    (Annotated[int, Field(ge=1)], 0), (Annotated[int, Field(gt=1)], 0), (Annotated[int, Field(le=1)], 2), (Annotated[int, Field(lt=1)], 2),
    (Annotated[str, Field(max_length=2)], "abc"), (Annotated[str, Field(min_length=1)], ""), (Annotated[str, Field(pattern="^a$")], "b"),
    (dt.time, "24:00"), (dt.time, "09:60"), (dt.time, "09.00"), (Annotated[list[int], Field(min_length=1)], []),
    (Annotated[float, Field(allow_inf_nan=False)], float("inf")),
]  # fmt: skip


def error_of(kind: Any, value: object) -> ErrorDetails:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return caught.value.errors(include_url=False)[0]


@pytest.mark.parametrize(("kind", "value"), WRONG, ids=repr)
def test_a_fault_is_said_as_pydantic_says_it_and_in_dutch(kind: Any, value: object) -> None:
    error = error_of(kind, value)
    said = in_words(error)
    assert said == error["msg"]
    assert "nput" not in words_of("nl").say(said)
    assert "String" not in words_of("nl").say(said)
    assert "List" not in words_of("nl").say(said)
    assert "value" not in words_of("nl").say(said)
    assert "separator" not in words_of("nl").say(said)


def test_a_fault_that_it_has_no_words_for_is_told_as_it_is() -> None:
    assert in_words(error_of(Closed, {"y": 1})) == "Extra inputs are not permitted"


def test_a_fault_of_our_own_keeps_its_message() -> None:
    def refuse(_: object) -> object:
        raise ValueError(Message("{what} lies before {first}", what="a", first="b"))

    said = in_words(error_of(Annotated[int, PlainValidator(refuse)], 1))
    assert said.template == "{what} lies before {first}"
