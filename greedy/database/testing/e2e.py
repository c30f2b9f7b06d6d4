"""A registry of end-to-end tests, which pytest, a script or a job can run against a database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

import structlog

from greedy.database.errors import SchemaError
from greedy.database.executor import Executor
from greedy.database.schema.registry import SchemaRegistry
from greedy.database.testing.modes import TestMode, TestSession, test_session
from greedy.database.testing.protected import ProtectedRows
from greedy.errors import InputError

log = structlog.get_logger()

E2EFunction = Callable[[TestSession], Awaitable[None]]
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class E2ETest:
    """A test by name: the modes that it can run in, and the tables that it needs."""

    name: str
    modes: tuple[TestMode, ...]
    requires: tuple[str, ...]
    timeout_seconds: float
    function: E2EFunction


@dataclass(frozen=True)
class E2EResult:
    """How one test went. `error` is None when it passed."""

    name: str
    mode: TestMode
    seconds: float
    error: str | None

    @property
    def passed(self) -> bool:
        """Whether it did what it should."""
        return self.error is None


@dataclass(frozen=True)
class E2ESummary:
    """How a run went; its text is one line a test and one in all."""

    results: tuple[E2EResult, ...]
    seconds: float

    @property
    def passed(self) -> int:
        """Tests that passed."""
        return sum(result.passed for result in self.results)

    @property
    def failed(self) -> int:
        """Tests that did not."""
        return len(self.results) - self.passed

    def __str__(self) -> str:
        lines = [
            f"{'passed' if one.passed else 'FAILED'}  {one.name} ({one.mode}, {one.seconds:.2f} s)"
            + ("" if one.passed else f": {one.error}")
            for one in self.results
        ]
        return "\n".join([*lines, f"{self.passed} passed, {self.failed} failed in {self.seconds:.2f} s"])


@dataclass
class E2ERegistry:
    """End-to-end tests by name, in the order in which they were registered."""

    tests: dict[str, E2ETest] = field(default_factory=dict)

    def __iter__(self) -> Iterator[E2ETest]:
        return iter(self.tests.values())

    def add(
        self,
        *,
        name: str | None = None,
        modes: Iterable[TestMode] = (TestMode.E2E, TestMode.MOCK),
        requires: Collection[str] = (),
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Callable[[E2EFunction], E2EFunction]:
        """Register the decorated function, an async one that takes a `TestSession` and fails by any exception.

        Raises
        ------
        InputError
            Another test has this name, or it names no mode.
        """

        def register(function: E2EFunction) -> E2EFunction:
            own = name or function.__name__
            if own in self.tests:
                raise InputError(f"there is an end-to-end test {own!r} already", next_step="give this one another name")
            if not tuple(modes):
                raise InputError(f"the end-to-end test {own!r} has no mode to run in")
            self.tests[own] = E2ETest(own, tuple(modes), tuple(requires), timeout_seconds, function)
            return function

        return register

    def select(self, *, names: Collection[str] | None = None, mode: TestMode | None = None) -> list[E2ETest]:
        """Those of these names, all without, that can run in a mode.

        Raises
        ------
        InputError
            No test has such a name.
        """
        unknown = [name for name in names or () if name not in self.tests]
        if unknown:
            raise InputError(f"there is no end-to-end test {', '.join(unknown)}", next_step=f"there are: {', '.join(self.tests) or 'none'}")
        return [test for test in self if (names is None or test.name in names) and (mode is None or mode in test.modes)]

    async def run(
        self,
        db: Executor,
        mode: TestMode | None = None,
        *,
        names: Collection[str] | None = None,
        protected: ProtectedRows | None = None,
        seed: int = 0,
    ) -> E2ESummary:
        """Run the tests that a mode allows one after another, each in a session of its own, and tell of all of them.

        Parameters
        ----------
        db
            Connector to a migrated database.
        mode
            Without it, that of the environment.
        names
            Only these.
        protected, seed
            As for `test_session`.
        """
        mode = mode or TestMode.from_environment()
        started = time.perf_counter()
        results = [await _run(test, db, mode, protected, seed) for test in self.select(names=names, mode=mode)]
        return E2ESummary(tuple(results), time.perf_counter() - started)


e2e_tests = E2ERegistry()
"""The registry of `e2e_test`."""

e2e_test = e2e_tests.add


async def _run(test: E2ETest, db: Executor, mode: TestMode, protected: ProtectedRows | None, seed: int) -> E2EResult:
    started = time.perf_counter()
    error = None
    try:
        registry = SchemaRegistry(db)
        for table in test.requires:
            await registry.table(table)
        async with asyncio.timeout(test.timeout_seconds), test_session(db, mode, seed=seed, protected=protected) as session:
            await test.function(session)
    except SchemaError as exc:
        error = f"{exc}; {exc.next_step}" if exc.next_step else str(exc)
    except TimeoutError:
        error = f"it took longer than {test.timeout_seconds:g} s"
    except Exception as exc:  # noqa: BLE001  a test fails by whatever it raises; the next ones run all the same
        error = f"{type(exc).__name__}: {exc}".splitlines()[0]
    seconds = time.perf_counter() - started
    log.info("e2e.done", test=test.name, mode=str(mode), passed=error is None, seconds=round(seconds, 3))
    return E2EResult(test.name, mode, seconds, error)
