"""What every part of the report is."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, ValidatorFunctionWrapHandler, WrapValidator

from greedy.model.message import Message


def _kept(value: object, check: ValidatorFunctionWrapHandler) -> str:
    return value if isinstance(value, Message) else check(value)


Sentence = Annotated[str, WrapValidator(_kept)]  # a message stays one, and can still be said in another language


class Document(BaseModel):
    """A part of the report as a document: what it holds is there, always, and does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")
