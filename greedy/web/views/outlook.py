"""What a change would do, as its dialog tells it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from greedy.desk.opened import OpenRoster
from greedy.desk.outlook import Outlook
from greedy.formats.practice import DAGDELEN
from greedy.model.message import Message
from greedy.model.problem import Slot
from greedy.web.views.cell_form import fingerprint
from greedy.web.views.change_words import DAYPART_NAMES, content_said
from greedy.wording import Words

SLOTS_TOLD = 6


class OutlookView(NamedTuple):
    """An outlook in sentences. `although`: names what it breaks; empty when it breaks nothing."""

    impossible: list[str]
    broken: list[str]
    findings: list[tuple[str, str]]
    mended: list[str]
    coverage: list[str]
    along: list[str]
    blocked: str
    freed: str
    open_before: int
    open_after: int
    although: str

    @property
    def breaks(self) -> int:
        """How many rules it breaks, those of the law included."""
        return len(self.broken) + len(self.findings)


def outlook_view(opened: OpenRoster, outlook: Outlook, words: Words) -> OutlookView:
    """Tell an outlook. `changes` beyond the first are those that go along with it, as the other half of a pair does."""
    problem = opened.problem
    return OutlookView(
        impossible=list(outlook.impossible),
        broken=[one.message for one in outlook.broken],
        findings=[(one.message, one.source) for one in outlook.findings],
        mended=[one.message for one in outlook.mended],
        coverage=[
            Message(
                "{service} on {day}: {before} of {required} before, {after} after",
                service=problem.services[line.service].code,
                day=words.short_day(problem.date_of(line.day)),
                before=line.before,
                after=line.after,
                required=line.required,
            )
            for line in outlook.coverage
        ],
        along=[
            Message(
                "{day}, {dagdeel}: {before} → {after}",
                day=words.short_day(one.date),
                dagdeel=DAYPART_NAMES[one.dagdeel],
                before=content_said(opened, one.before),
                after=content_said(opened, one.after),
            )
            for one in outlook.changes
        ],
        blocked=_listed(opened, outlook.blocked, words),
        freed=_listed(opened, outlook.freed, words),
        open_before=outlook.required - outlook.covered_before,
        open_after=outlook.required - outlook.covered_after,
        although="" if outlook.is_clean or outlook.impossible else fingerprint(outlook),
    )


def _listed(opened: OpenRoster, slots: Iterable[Slot], words: Words) -> str:
    """`Tue 25 Nov morning, Tue 25 Nov afternoon`, and how many more."""
    told = list(slots)
    said = [
        f"{words.short_day(opened.problem.date_of(slot.day))} {words.say(DAYPART_NAMES[DAGDELEN[slot.daypart]])}"
        for slot in told[:SLOTS_TOLD]
    ]
    more = len(told) - SLOTS_TOLD
    return ", ".join(said) + (f" … +{more}" if more > 0 else "")
