"""The form that asks for a plan: how it begins, what was sent with it, and what of that has to be mended, beside its field."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID

from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from greedy.errors import InputError
from greedy.model.message import Message
from greedy.store.functions import FunctionStore
from greedy.store.plans import LONGEST_PLANNING, PlanDocument, PlanOptions

Keep = Literal["nothing", "standing", "publication"]
FILE = "planning_file"
CHOICES = (10, 60, 300, 900, 3600)
USUAL = PlanOptions(wishes=True)
_MENDED = {
    "time_limit_seconds": InputError(Message("Choose a time of 1 second to 1 hour.")),
    "seed": InputError(Message("A seed is a whole number from 0 to 2147483647.")),
    "keep": InputError(Message("Choose one of these.")),
    "solver": InputError(Message("Choose one of these.")),
}
_OTHER = InputError(Message("What was sent cannot be used."))


@dataclass(frozen=True)
class PlanForm:
    """The form as a planner sees it.

    `options`: what its fields hold; of one that cannot be used, what it held at first. `faults`: by field. `as_before`: its planning
    settings are those of an earlier plan.
    """

    options: PlanOptions
    faults: dict[str, InputError] = field(default_factory=dict)
    as_before: bool = False

    @property
    def seconds(self) -> list[int]:
        """The times to choose from, the one that is chosen among them."""
        return sorted({*CHOICES, round(self.options.time_limit_seconds)})

    @property
    def is_unusual(self) -> bool:
        """Whether a choice that is rarely needed was made, or has to be mended."""
        return bool(self.faults.keys() & {"solver", "seed"}) or (self.options.solver, self.options.seed) != (USUAL.solver, USUAL.seed)

    def keeping(self, keep: Keep) -> PlanForm:
        """The form with another choice of how much may change."""
        return replace(self, options=self.options.model_copy(update={"keep": keep}))

    def with_fault(self, fault: InputError) -> PlanForm:
        """The form with planning settings that do not fit the roster."""
        return replace(self, faults=self.faults | {"planning": fault})


async def form_as_before(store: FunctionStore, original: UUID | None, plans: Collection[PlanDocument]) -> PlanForm:
    """The form as it begins: as usual, with the planning settings of the last plan; of a copy without any, of its original's."""
    if not plans and original is not None:
        plans = await store.plans.list(original, limit=1)
    last = next(iter(plans), None)
    text = None if last is None else last.options.planning
    return PlanForm(USUAL.model_copy(update={"planning": text}), as_before=text is not None)


async def sent_form(data: FormData) -> PlanForm:
    """The form as it was sent."""
    texts = {name: value for name, value in data.items() if isinstance(value, str)}
    faults: dict[str, InputError] = {}
    try:
        planning = await _planning(data)
    except InputError as exc:
        faults["planning"], planning = exc, _lines(texts.get("planning", ""))[:LONGEST_PLANNING] or None
    given: dict[str, object] = {name: texts[name] for name in _MENDED if name in texts}
    given |= {name: texts.get(name) == "true" for name in ("wishes", "limit_worked_days")}  # a box that is not ticked is not sent
    while True:
        try:
            return PlanForm(PlanOptions.model_validate({**given, "planning": planning}), faults)
        except ValidationError as exc:
            for name in {str(error["loc"][0]) for error in exc.errors()}:
                faults[name] = _MENDED.get(name, _OTHER)
                given.pop(name, None)
                planning = None if name == "planning" else planning


async def _planning(data: FormData) -> str | None:
    """The planning settings: of the file, when one was chosen, else of the text; None when there are none."""
    file, content = data.get(FILE), str(data.get("planning", "")).encode()
    if isinstance(file, UploadFile) and file.filename:
        content = await file.read(4 * LONGEST_PLANNING + 1)
    try:
        text = _lines(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _no_text() from None
    if "\x00" in text:
        raise _no_text()
    if len(text) > LONGEST_PLANNING:
        raise InputError(Message("These settings have more than {most} kB.", most=LONGEST_PLANNING // 1024))
    return text if text.strip() else None


def _no_text() -> InputError:
    return InputError(Message("This file is no text (UTF-8)."), next_step=Message("Choose a planning file, which ends in .toml."))


def _lines(text: str) -> str:
    """With the ends of lines of a planning file, not those of a form."""
    return text.replace("\r\n", "\n")
