"""How a roster stands to the rules: the check without a solver, and the law of working time where it is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from greedy.model.law import ATW
from greedy.model.message import Message
from greedy.model.problem import Problem
from greedy.model.rules import MEANING, Violation
from greedy.model.working_time import LAW, Finding
from greedy.report.model import LawLine, RuleLine, ViolationLine, WorkingTimeLine
from greedy.wording import Words


def rule_lines(violations: Sequence[Violation], words: Words) -> list[RuleLine]:
    """Every hard rule, in the order in which they are checked."""
    broken, pinned = Counter(v.rule for v in violations), Counter(v.rule for v in violations if v.pinned)
    return [RuleLine(rule=rule, meaning=words.say(meaning), broken=broken[rule], pinned=pinned[rule]) for rule, meaning in MEANING.items()]


def violation_lines(violations: Iterable[Violation], words: Words) -> list[ViolationLine]:
    """Every place where a rule is broken."""
    return [ViolationLine(rule=one.rule, message=words.say(one.message), pinned=one.pinned) for one in violations]


def law_lines(problem: Problem, findings: Sequence[Finding], words: Words) -> list[LawLine] | None:
    """Every rule of the law of working time; None where it is not looked at."""
    law = problem.working_time
    if law is None:
        return None
    found = Counter(one.rule for one in findings)
    return [
        LawLine(
            rule=name,
            meaning=words.say(Message("{norm} {unit}", norm=law.norm(name), unit=ATW[name].unit)),
            norm=law.norm(name),
            source=ATW[name].source,
            enforced=law.enforce,
            findings=found[name],
        )
        for name in (rule.__name__ for rule in LAW)
    ]


def working_time_lines(findings: Iterable[Finding], words: Words) -> list[WorkingTimeLine]:
    """Every place where the law of working time does not allow what is worked."""
    return [WorkingTimeLine(rule=one.rule, message=words.say(one.message), source=one.source, enforced=one.enforced) for one in findings]
