"""TriggerVerifier: FASE 4C. Does the database hold what was predicted, and do its triggers do what the rules say?

It looks at effects: the triggers on that table and whether they are enabled, what they make of duties in a transaction that is rolled
back, and the rows read back. 4B writes the blocked rows itself, so their presence alone would prove nothing about the triggers.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, TypedDict, cast
from uuid import UUID

import structlog

from greedy.errors import GreedyError
from greedy.formats.tables import PROGRAM_SOURCE
from greedy.model.problem import Slot
from greedy.store.base import BlockedSlotDocument, ProbeFact, SlotDocument, Store, TriggerFact, VerificationFacts

if TYPE_CHECKING:
    from greedy.workspace import Workspace

log = structlog.get_logger()

# (table, trigger) -> the function that it must call
TRIGGERS = {
    ("roster_assignments", "keep_blocking_true_after_insert"): "keep_blocking_true",
    ("roster_assignments", "keep_blocking_true_after_update"): "keep_blocking_true",
    ("roster_assignments", "keep_blocking_true_after_delete"): "keep_blocking_true",
    ("roster_assignments", "lock_roster_before_insert"): "lock_roster_of_new_slot",
    ("roster_assignments", "date_in_roster_after_insert"): "refuse_dates_outside_roster",
    ("roster_assignments", "date_in_roster_after_update"): "refuse_dates_outside_roster",
    ("roster_period_staffing_dagdelen", "date_in_roster_after_insert"): "refuse_dates_outside_roster",
    ("roster_period_staffing_dagdelen", "date_in_roster_after_update"): "refuse_dates_outside_roster",
    ("roster_period_staffing_dagdelen", "dagdeel_of_service_after_insert"): "refuse_demand_in_other_dagdeel",
    ("roster_period_staffing_dagdelen", "dagdeel_of_service_after_update"): "refuse_demand_in_other_dagdeel",
    ("rosters", "keep_rows_in_roster"): "keep_rows_in_roster",
    ("service_blocking_rules", "refresh_blocking_after_insert"): "refresh_blocking_of_rules",
    ("service_blocking_rules", "refresh_blocking_after_update"): "refresh_blocking_of_rules",
    ("service_blocking_rules", "refresh_blocking_after_delete"): "refresh_blocking_of_rules",
    ("employees", "refresh_blocking_after_update"): "refresh_blocking_of_absence",
}
SHOWN = 5  # divergences that a message names

Key = tuple[str, str, str]  # employee id, date, dagdeel


class BlockingRecordsCheck(TypedDict):
    """The BLOCKED rows are exactly those predicted."""

    passed: bool
    blocking_records_count: int
    message: str


class DutyBlockingCheck(TypedDict):
    """Around every DIO and DDO (every service with blocking rules) the slots are blocked, worked or unavailable."""

    passed: bool
    dio_ddo_count: int
    verified_count: int
    message: str


class TriggerConsistencyCheck(TypedDict):
    """The triggers are there, enabled and do their work; the ACTIVE rows are exactly the workspace's, the program's own as its own."""

    passed: bool
    active_count: int
    blocked_count: int
    total_count: int
    message: str


class EdgeCasesCheck(TypedDict):
    """No slot twice, no row outside the roster's dates, no blocked slot without its duty."""

    passed: bool
    duplicates_found: int
    message: str


class Checks(TypedDict):
    """The four checks by name."""

    blocking_records: BlockingRecordsCheck
    dio_ddo_blocking: DutyBlockingCheck
    trigger_consistency: TriggerConsistencyCheck
    edge_cases: EdgeCasesCheck


class VerificationResult(TypedDict):
    """All checks; `checks` is empty when the database could not be asked, and `error` says why."""

    all_passed: bool
    checks: Checks | dict[str, object]
    duration_ms: float
    error: str | None


class TriggerVerifier:
    """Compares a workspace with what the store holds. Changes nothing."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self.error: GreedyError | None = None
        """Why the database could not be asked, with its details and next step."""
        self._workspace = workspace
        self._store = store

    async def verify_all_triggers(self) -> VerificationResult:
        """All four checks from one round trip. An unreachable database is a result with `error`, as verification warns and never undoes."""
        started = time.perf_counter()
        self.error = None
        checks: Checks | dict[str, object] = {}
        passed = False
        try:
            facts = await self._facts()
        except GreedyError as exc:
            self.error = exc
        else:
            checks = Checks(
                blocking_records=self._blocking_records(facts),
                dio_ddo_blocking=self._dio_ddo_blocking(facts),
                trigger_consistency=self._trigger_consistency(facts),
                edge_cases=self._edge_cases(facts),
            )
            failed = {name: check["message"] for name, check in cast("dict[str, Any]", checks).items() if not check["passed"]}
            passed = not failed
            for name, message in failed.items():
                log.warning("verify.failed", check=name, fault=message)
        return VerificationResult(
            all_passed=passed,
            checks=checks,
            duration_ms=(time.perf_counter() - started) * 1000,
            error=self.error.message if self.error else None,
        )

    async def verify_blocking_records(self) -> BlockingRecordsCheck:
        """The first check alone."""
        return self._blocking_records(await self._facts())

    async def verify_dio_ddo_blocking(self) -> DutyBlockingCheck:
        """The second check alone."""
        return self._dio_ddo_blocking(await self._facts())

    async def verify_trigger_consistency(self) -> TriggerConsistencyCheck:
        """The third check alone."""
        return self._trigger_consistency(await self._facts())

    async def verify_edge_cases(self) -> EdgeCasesCheck:
        """The fourth check alone."""
        return self._edge_cases(await self._facts())

    async def _facts(self) -> VerificationFacts:
        return await self._store.verify(UUID(self._workspace.roster_id))

    def _blocking_records(self, facts: VerificationFacts) -> BlockingRecordsCheck:
        predicted = {self._key(block.slot) for block in self._workspace.predicted_blocks()}
        predicted |= {self._key(slot) for slot in self._workspace.problem.blocked}
        found = {_key_of(slot) for slot in facts.blocked}
        faults = [*_listed("not blocked", predicted - found), *_listed("blocked without being predicted", found - predicted)]
        return BlockingRecordsCheck(
            passed=not faults,
            blocking_records_count=len(found),
            message="; ".join(faults) or f"the database holds exactly the {len(predicted)} predicted blocked slots",
        )

    def _dio_ddo_blocking(self, facts: VerificationFacts) -> DutyBlockingCheck:
        problem = self._workspace.problem
        worked = {_key_of(slot) for slot in facts.active}
        blocked = {_key_of(slot) for slot in facts.blocked}
        kept_free = worked | blocked | {self._key(slot) for slot in problem.unavailable}
        duties = [
            a for a in self._workspace.freeze().assignments if a.service in problem.rules_of and self._key(problem.slot_of(a)) in worked
        ]
        unblocked = {
            f"{problem.describe(duty)} does not block {day} {dagdeel}"
            for duty in duties
            for employee, day, dagdeel in {self._key(slot) for slot in problem.blocked_by(duty)} - kept_free
        }
        wrong = {problem.describe(duty) for duty in duties if {self._key(slot) for slot in problem.blocked_by(duty)} - kept_free}
        return DutyBlockingCheck(
            passed=not wrong,
            dio_ddo_count=len(duties),
            verified_count=len(duties) - len(wrong),
            message="; ".join(_listed("", unblocked)) or f"all {len(duties)} duties block what the rules say",
        )

    def _trigger_consistency(self, facts: VerificationFacts) -> TriggerConsistencyCheck:
        problem = self._workspace.problem
        faults = [*trigger_faults(facts.triggers), *_probe_faults(facts.probe)]
        own = set(self._workspace.planned())
        planned = {(self._key(problem.slot_of(a)), problem.services[a.service].id, a in own) for a in self._workspace.freeze().assignments}
        found = {(_key_of(slot), str(slot.service_id), slot.source == PROGRAM_SOURCE) for slot in facts.active}
        faults += _listed("not in the database", {key for key, *_ in planned - found}) + _listed(
            "not planned", {key for key, *_ in found - planned}
        )
        return TriggerConsistencyCheck(
            passed=not faults,
            active_count=len(facts.active),
            blocked_count=len(facts.blocked),
            total_count=len(facts.active) + len(facts.blocked),
            message="; ".join(faults)
            or f"{len(TRIGGERS)} triggers are enabled and a probe of {facts.probe.ran} slots did what the rules say",
        )

    def _edge_cases(self, facts: VerificationFacts) -> EdgeCasesCheck:
        faults = []
        if facts.duplicates:
            faults.append(f"{facts.duplicates} slots stand more than once")
        if facts.outside_dates:
            faults.append(f"{facts.outside_dates} rows lie outside the dates of the roster")
        faults += _listed("blocked without a duty that blocks them", {_key_of(slot) for slot in self._orphans(facts)})
        return EdgeCasesCheck(
            passed=not faults,
            duplicates_found=facts.duplicates,
            message="; ".join(faults) or "no duplicates, no rows outside the roster, no blocked slot without its duty",
        )

    def _orphans(self, facts: VerificationFacts) -> Iterable[BlockedSlotDocument]:
        """Blocked slots whose duty is not there, or has no rule for them; rest from outside the roster left aside."""
        problem = self._workspace.problem
        from_outside = {self._key(slot) for slot in problem.blocked}
        duties = {(*_key_of(slot), str(slot.service_id)) for slot in facts.active}
        ruled = {(problem.services[r.service].id, r.day_offset, problem.dayparts[r.daypart]) for r in problem.blocking_rules}
        for slot in facts.blocked:
            service = str(slot.blocked_by_service_id)
            duty = (slot.employee_id, slot.blocked_by_date.isoformat(), slot.blocked_by_dagdeel, service)
            reason = (service, (slot.date - slot.blocked_by_date).days, slot.dagdeel)
            if _key_of(slot) not in from_outside and (duty not in duties or reason not in ruled):
                yield slot

    def _key(self, slot: Slot) -> Key:
        problem = self._workspace.problem
        return (problem.employees[slot.employee].id, problem.date_of(slot.day).isoformat(), problem.dayparts[slot.daypart])


def trigger_faults(triggers: Collection[TriggerFact]) -> list[str]:
    """The triggers that are missing, call another function, or are disabled, by name."""
    there = {(trigger.table, trigger.name): trigger for trigger in triggers}
    faults = []
    for (table, name), function in TRIGGERS.items():
        trigger = there.get((table, name))
        if trigger is None:
            faults.append(f"trigger {name} is missing on {table}")
        elif trigger.function != function:
            faults.append(f"trigger {name} on {table} calls {trigger.function} instead of {function}")
        elif not trigger.enabled:
            faults.append(f"trigger {name} on {table} is disabled")
    return faults


def _probe_faults(probe: ProbeFact) -> list[str]:
    faults = [
        *_listed("the triggers do not block", probe.missing),
        *_listed("the triggers block against the rules", probe.unexpected),
        *_listed("the triggers overwrite", probe.overwritten),
    ]
    if probe.not_freed:
        faults.append(f"the triggers do not free {probe.not_freed} slots when a duty goes")
    if not probe.outside_refused:
        faults.append("the triggers let in a row outside the dates of its roster")
    return faults


def _key_of(slot: SlotDocument) -> Key:
    return (slot.employee_id, slot.date.isoformat(), slot.dagdeel)


def _listed(what: str, things: Collection[Key | str]) -> list[str]:
    """One line that names the first few things; no line when there are none."""
    if not things:
        return []
    names = sorted({thing if isinstance(thing, str) else " ".join(thing) for thing in things})
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [f"{what}{': ' if what else ''}{', '.join(names[:SHOWN])}{more}"]
