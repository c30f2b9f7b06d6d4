"""Sentences that are kept can be said in every language later, whatever stands where they are kept."""

from __future__ import annotations

import datetime as dt
import json
from uuid import UUID

import pytest

from greedy.model.limits import Quantity
from greedy.model.message import Message, joined
from greedy.wording import words_of
from greedy.wording.kept import documents_of, messages_in

DUTCH = words_of("nl")


def through_a_database(said: dict[str, str]) -> dict[str, Message]:
    return messages_in(json.loads(json.dumps(documents_of(said))))


def test_a_message_is_read_back_as_it_was() -> None:
    work = Message("{who} {what} {when}", who="{A}", what=joined(["DIO", "DIA"]), when=dt.date(2025, 11, 24))
    others = {"fair": 1.5, "times": 3, "kind": Quantity.DAYS, "id": UUID(int=7)}
    message = Message("{work}: {fair}, {times}, {kind}, {id}", work=work, **others)
    back = through_a_database({message: message})[message]
    assert back == message
    assert DUTCH.say(back) == DUTCH.say(message) == f"{{A}} DIO en DIA ma 24-11-2025: 1,5, 3, dagen, {UUID(int=7)}"


def test_plain_texts_are_not_kept_and_another_message_can_stand_for_one() -> None:
    assert through_a_database({"a": "a", "b": Message("b {c}", c=1)}) == {"b": "b 1"}


@pytest.mark.parametrize(
    "document",
    [
        None, [], "x", {"a": 1}, {"a": {"template": "{b}"}}, {"a": {"template": "{b}", "fields": {}}},
        {"a": {"template": "{b.__class__}", "fields": {"b": 1}}}, {"a": {"template": "{b!r:>999999999}", "fields": {"b": 1}}},
        {"a": {"template": "{", "fields": {}}}, {"a": {"template": "{}", "fields": {"": 1}}}, {"a": {"date": "2025-11-24"}},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_message_is_passed_over(document: object) -> None:
    assert messages_in(document) == {}


def test_messages_that_double_with_each_end_at_some_length() -> None:
    kept: object = {"template": "{a}", "fields": {"a": "x"}}
    for _ in range(24):
        kept = {"template": "{a}{a}", "fields": {"a": kept}}
    assert messages_in({"a": kept}) == {} or len(messages_in({"a": kept})["a"]) < 1_000_000


def test_fields_may_be_called_as_the_places_of_a_function_are() -> None:
    names = {"cls": 1, "self": 2, "template": 3}
    assert messages_in({"a": {"template": "{cls} {self} {template}", "fields": names}}) == {"a": "1 2 3"}


def test_a_date_that_cannot_be_stays_a_text() -> None:
    kept = {"a": {"template": "{day}", "fields": {"day": {"date": "2025-02-30"}}}}
    assert messages_in(kept) == {"a": "2025-02-30"}
