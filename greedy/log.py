"""Logging: structlog events with fields, to stderr. Pretty on a terminal, JSON lines otherwise."""

from __future__ import annotations

import logging
import sys

import structlog

from greedy.loggable import Limits, loggable


def configure_logging(level: str) -> None:
    """Send events of at least `level` (DEBUG, INFO, WARNING, ERROR) to stderr. Fields bound in contextvars stand on every line."""
    terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def without_secrets(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Mask what the fields of an event hold of secrets, by their names and by their looks."""
    return {key: loggable(value, key, limits=Limits(characters=20_000, items=200, depth=8)) for key, value in event.items()}
