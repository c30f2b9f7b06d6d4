"""How long the phases of a run take, and which one is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from greedy.persist import OperationResult

log = structlog.get_logger()

OnPhase = Callable[[str], None]
PHASES = ("load", "solve", "pairing", "write", "verify", "report")


class Phases:
    """Times the phases of a run and tells which one begins."""

    def __init__(self, on_phase: OnPhase) -> None:
        self.milliseconds: dict[str, float] = {}
        self._on_phase = on_phase

    @contextmanager
    def phase(self, name: str, title: str) -> Iterator[None]:
        """Time what happens inside as phase `name`."""
        self._on_phase(title)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.milliseconds[name] = round((time.perf_counter() - started) * 1000, 2)
            log.info("phase.done", phase=name, milliseconds=self.milliseconds[name])

    def by_name(self, operation: OperationResult | None) -> dict[str, float]:
        """Milliseconds of the phases in their order; FASE 4 in its parts, write and verify, as `operation` tells them."""
        parts = dict(self.milliseconds)
        database = parts.pop("database", None)
        if database is not None and operation is not None:
            verify = operation["verification"]["duration_ms"] if operation["verification"] else 0.0
            parts |= {"write": round(operation["write_ms"], 2), "verify": round(verify, 2)}
        return {name: parts[name] for name in PHASES if name in parts}
