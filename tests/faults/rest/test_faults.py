"""Every way in which a project's REST can fail, at every step of a run: a named error, the right exit code, and the old roster or the new one."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.faults.rest import proxy as faults
from tests.faults.rest.conftest import ROSTER, Done, Eye, Greedy
from tests.faults.rest.proxy import Fault, Proxy, after_commit

RUN = ("run", ROSTER, "--solver", "greedy", "--json")
MIGRATIONS, LOAD, WRITE, VERIFY = "applied_migrations_v1", "load_roster_v1", "write_roster_v1", "verify_roster_v1"
MENDED_BY_CALLER, FAILED_OUTSIDE = 1, 2


class Case(NamedTuple):
    """A fault, and what it must come to."""

    name: str
    fault: Fault
    kind: str
    code: int
    what: str
    next_step: str
    tried: int = 1
    written: bool = False

    def __str__(self) -> str:
        return self.name


LOST, AUTHENTICATION, QUERY, SCHEMA = "ConnectionError", "AuthenticationError", "QueryError", "SchemaError"
CASES = [
    Case(
        "401 invalid key",
        faults.says(401, message="Invalid API key"),
        AUTHENTICATION,
        MENDED_BY_CALLER,
        "Invalid API key",
        "SUPABASE_KEY",
        1,
    ),
    Case("401 expired", faults.says(401, "PGRST303", "JWT expired"), AUTHENTICATION, MENDED_BY_CALLER, "JWT expired", "clock", 1),
    Case("402 quota", faults.says(402, message="exceed_egress_quota"), LOST, FAILED_OUTSIDE, "exceed_egress_quota", "dashboard", 1),
    Case(
        "403 anon key",
        faults.says(403, "42501", "permission denied"),
        AUTHENTICATION,
        MENDED_BY_CALLER,
        "permission denied",
        "SUPABASE_KEY",
        1,
    ),
    Case("403 page", faults.page(403, "Blocked"), AUTHENTICATION, MENDED_BY_CALLER, "Blocked", "network restrictions", 1),
    Case("404 page", faults.page(404, "Not found"), LOST, FAILED_OUTSIDE, "serves no Supabase project", "SUPABASE_URL", 1),
    Case("404 function", faults.says(404, "PGRST202", "no such function"), SCHEMA, MENDED_BY_CALLER, "not migrated", "supabase db push", 1),
    Case("406 schema", faults.says(406, "PGRST106", "Invalid schema"), SCHEMA, MENDED_BY_CALLER, "Invalid schema", "Exposed schemas", 1),
    Case("413", faults.page(413, "Too large"), QUERY, FAILED_OUTSIDE, "document of this size", "DATABASE_URL", 1),
    Case("429", faults.says(429, message="slow down", **{"retry-after": "0"}), LOST, FAILED_OUTSIDE, "asked too often", "try again", 2),
    Case("500 page", faults.page(500, "Oops"), LOST, FAILED_OUTSIDE, "failed inside", "try again", 2),
    Case("500 in a function", faults.says(500, "XX000", "cache lookup failed"), QUERY, FAILED_OUTSIDE, "cache lookup failed", "", 1),
    Case(
        "500 statement time-out", faults.says(500, "57014", "statement timeout"), QUERY, FAILED_OUTSIDE, "statement timeout", "try again", 2
    ),
    Case("500 deadlock", faults.says(500, "40P01", "deadlock detected"), QUERY, FAILED_OUTSIDE, "deadlock detected", "", 2),
    Case("502", faults.page(502, "Bad gateway"), LOST, FAILED_OUTSIDE, "Bad gateway", "try again", 2),
    Case("503 empty", faults.empty(503), LOST, FAILED_OUTSIDE, "is not available", "try again", 2),
    Case(
        "503 no database", faults.says(503, "PGRST001", "no connection"), LOST, FAILED_OUTSIDE, "cannot reach its database", "try again", 2
    ),
    Case("503 starting", faults.says(503, "57P03", "starting up"), LOST, FAILED_OUTSIDE, "starting up", "try again", 2),
    Case("504 no connection free", faults.says(504, "PGRST003", "pool"), LOST, FAILED_OUTSIDE, "free in time", "try again", 2),
    Case("504 after the commit", after_commit(faults.page(504, "Slow")), LOST, FAILED_OUTSIDE, "no answer in time", "try again", 2, True),
    Case("520", faults.page(520, "Unknown error"), LOST, FAILED_OUTSIDE, "Unknown error", "try again", 2),
    Case("522", faults.page(522, "Timed out"), LOST, FAILED_OUTSIDE, "Timed out", "try again", 2),
    Case("540 paused", faults.page(540, "Paused"), LOST, FAILED_OUTSIDE, "is paused", "restore the project", 1),
    Case("redirect", faults.redirect(302, "https://example.com/"), LOST, FAILED_OUTSIDE, "redirect", "SUPABASE_URL", 1),
    Case("200 page", faults.page(200, "Log in to the guest network"), LOST, FAILED_OUTSIDE, "guest network", "SUPABASE_URL", 1),
    Case(
        "200 page said to be JSON",
        faults.page(200, content_type="application/json"),
        LOST,
        FAILED_OUTSIDE,
        "cannot be read",
        "try again",
        2,
    ),
    Case("200 empty", faults.empty(200), LOST, FAILED_OUTSIDE, "an empty answer", "SUPABASE_URL", 1),
    Case("200 no text", faults.not_text, LOST, FAILED_OUTSIDE, "cannot be read", "try again", 2),
    Case("200 not compressed", faults.not_compressed, LOST, FAILED_OUTSIDE, "cannot be read", "try again", 2),
    Case("no HTTP", faults.not_http, LOST, FAILED_OUTSIDE, "lost in the middle", "try again", 2),
    Case("dropped", faults.dropped, LOST, FAILED_OUTSIDE, "lost in the middle", "try again", 2),
    Case("closed", faults.closed, LOST, FAILED_OUTSIDE, "lost in the middle", "try again", 2),
    Case("dropped after the commit", after_commit(faults.dropped), LOST, FAILED_OUTSIDE, "lost in the middle", "try again", 2, True),
    Case("closed after the commit", after_commit(faults.closed), LOST, FAILED_OUTSIDE, "lost in the middle", "try again", 2, True),
    Case("half an answer", faults.half, LOST, FAILED_OUTSIDE, "lost in the middle", "try again", 2, True),
    Case("half in chunks", faults.half_in_chunks, LOST, FAILED_OUTSIDE, "lost in the middle", "try again", 2, True),
    Case("half without a length", faults.half_unmarked, LOST, FAILED_OUTSIDE, "half of one", "try again", 2, True),
]
SLOW = [
    Case("hangs", faults.hangs, LOST, FAILED_OUTSIDE, "no answer in time", "try again", 2),
    Case("hangs after the commit", after_commit(faults.hangs), LOST, FAILED_OUTSIDE, "no answer in time", "try again", 2, True),
    Case("trickles", faults.trickles, LOST, FAILED_OUTSIDE, "no answer in time", "try again", 2),
    Case("trickles after the commit", after_commit(faults.trickles), LOST, FAILED_OUTSIDE, "no answer in time", "try again", 2, True),
]
PASSING = [case for case in CASES if case.tried > 1]


def test_nothing_is_spoilt(greedy: Greedy, proxy: Proxy, eye: Eye) -> None:
    done = greedy(*RUN)
    assert (done.code, proxy.calls, eye.writes()) == (0, [MIGRATIONS, LOAD, WRITE, VERIFY], 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_that_stays_is_named_and_leaves_one_roster_whole(greedy: Greedy, proxy: Proxy, eye: Eye, case: Case) -> None:
    _stays(greedy, proxy, eye, case)


@pytest.mark.usefixtures("impatient", "hasty")
@pytest.mark.parametrize("case", SLOW[::3], ids=str)
def test_silence_that_stays_is_named_and_leaves_one_roster_whole(greedy: Greedy, proxy: Proxy, eye: Eye, case: Case) -> None:
    _stays(greedy, proxy, eye, case)


def _stays(greedy: Greedy, proxy: Proxy, eye: Eye, case: Case) -> None:
    before = eye.state()
    for step in (MIGRATIONS, LOAD, WRITE):
        proxy.calls.clear()
        proxy.always(step, case.fault)
        _is_told(greedy(*RUN), case, step)
        proxy.always(step, faults.nothing_wrong)
        assert proxy.calls.count(step) == case.tried
        written = case.written and step == WRITE
        assert (eye.state() != before, eye.writes()) == (written, int(written))
    left = eye.state()
    proxy.always(VERIFY, case.fault)
    done = greedy(*RUN, "--fail-on", "verify")
    verification = done.document["verification"]
    assert (done.code, done.document["success"], verification["all_passed"]) == (4, True, False)
    assert case.what in verification["error"]
    assert (eye.writes(), not case.written or eye.state() == left) == (1 + case.written, True), "what was written was the whole roster"


def _is_told(done: Done, case: Case, step: str) -> None:
    error = done.document["error"]
    assert (done.code, error["kind"], done.document["success"]) == (case.code, case.kind, False)
    assert case.what in error["message"]
    assert step in error["message"]
    assert "127.0.0.1" in error["message"]
    assert len(error["message"].splitlines()) == 1
    assert case.next_step in (error["next_step"] or "")
    assert not case.next_step or f"next: {error['next_step']}" in done.err
    assert f"error: {error['message']}" in done.err
    retries = [event for event in done.events if event["event"] == "database.retry"]
    assert len(retries) == case.tried - 1, "each further attempt is logged"
    if step == WRITE and case.written:
        assert "nobody knows whether it was done" in error["message"]
    if step != WRITE:
        assert "nobody knows" not in error["message"]


@pytest.mark.parametrize("case", PASSING, ids=str)
def test_a_fault_that_passes_is_outlived_at_every_step(greedy: Greedy, proxy: Proxy, eye: Eye, case: Case) -> None:
    _passes(greedy, proxy, eye, case)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("case", SLOW[1:3], ids=str)
def test_silence_that_passes_is_outlived_at_every_step(greedy: Greedy, proxy: Proxy, eye: Eye, case: Case) -> None:
    _passes(greedy, proxy, eye, case)


def _passes(greedy: Greedy, proxy: Proxy, eye: Eye, case: Case) -> None:
    for step in (MIGRATIONS, LOAD, WRITE, VERIFY):
        proxy.plan(step, case.fault)
    done = greedy(*RUN)
    assert (done.code, done.document["verification"]["all_passed"]) == (0, True), done.err
    assert proxy.calls == [MIGRATIONS, MIGRATIONS, LOAD, LOAD, WRITE, WRITE, VERIFY, VERIFY]
    (wrote,) = [event for event in done.events if event["event"] == "write.done"]
    assert (wrote["repeated"], eye.writes()) == (case.written, 1), "the ledger answers for what was committed before"


def test_an_answer_of_another_shape_is_no_roster(greedy: Greedy, proxy: Proxy, eye: Eye) -> None:
    before = eye.state()
    for step, code in ((MIGRATIONS, FAILED_OUTSIDE), (LOAD, MENDED_BY_CALLER), (WRITE, FAILED_OUTSIDE)):
        proxy.plan(step, faults.another_shape)
        done = greedy(*RUN)
        assert (done.code, done.document["success"]) == (code, False)
    assert eye.state() == before


@pytest.mark.usefixtures("impatient")
def test_tracebacks_and_debug_logs_hold_no_key(greedy: Greedy, proxy: Proxy) -> None:
    for case in CASES:
        proxy.always(MIGRATIONS, case.fault)
        failed = greedy("rosters", "--debug")
        assert (failed.code, "Traceback" in failed.err) == (case.code, True)
