"""Logging: structlog events with fields, to stderr. Pretty on a terminal, JSON lines otherwise."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from types import TracebackType

import structlog

from greedy.loggable import Limits, loggable

# Libraries tell at INFO what this program tells at DEBUG; at DEBUG they show requests with their headers, which are nobody's business.
LIBRARY_LEVELS = {"DEBUG": logging.INFO, "INFO": logging.WARNING, "WARNING": logging.WARNING, "ERROR": logging.ERROR}

log = structlog.get_logger()

_everywhere: dict[str, object] = {}


def collected() -> bool:
    """Whether each line of stderr becomes an event in somebody's log: on Railway, but for a person at a terminal there."""
    return bool(os.environ.get("RAILWAY_ENVIRONMENT_ID")) and not sys.stderr.isatty()


def configure_logging(level: str) -> None:
    """Send events of at least `level` (DEBUG, INFO, WARNING, ERROR) to stderr. Fields bound in contextvars stand on every line of theirs.

    Where lines are collected, whatever else would be printed there becomes an event too: warnings and uncaught exceptions of Python.
    """
    first: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_what_is_everywhere,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*first, *_last()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    _take_in_libraries(first, LIBRARY_LEVELS[level])
    if collected():
        logging.captureWarnings(capture=True)
        sys.excepthook = _log_uncaught
        threading.excepthook = lambda what: _log_uncaught(what.exc_type, what.exc_value, what.exc_traceback)
        sys.unraisablehook = lambda what: _log_uncaught(what.exc_type, what.exc_value, what.exc_traceback)


def put_on_every_line(**fields: object) -> None:
    """Have these fields, and no earlier ones, on every line of this process, whichever thread or library it comes from."""
    _everywhere.clear()
    _everywhere.update(fields)


def line_of(event: str, **fields: object) -> bytes:
    """An event as the JSON line that it would be, for those who cannot log any more: a signal handler, a process that ends at once."""
    shown: structlog.typing.EventDict = {**_everywhere, "level": "error", **fields, "message": event}
    return json.dumps(without_secrets(None, "", shown)).encode() + b"\n"


def without_secrets(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Mask what the fields of an event hold of secrets, by their names and by their looks."""
    return {key: loggable(value, key, limits=Limits(characters=20_000, items=200, depth=8)) for key, value in event.items()}


def _add_what_is_everywhere(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {**_everywhere, **event}


def _last() -> list[structlog.typing.Processor]:
    """What every event goes through at the end, whoever logged it."""
    if sys.stderr.isatty():
        return [without_secrets, structlog.dev.ConsoleRenderer()]
    names: list[structlog.typing.Processor] = [structlog.processors.EventRenamer("message")] if collected() else []  # as Railway wants it
    return [without_secrets, *names, structlog.processors.JSONRenderer()]


def _take_in_libraries(first: list[structlog.typing.Processor], level: int) -> None:
    """Let what libraries log with the standard library come out as this program's own events do."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*first, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last()],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one.formatter, structlog.stdlib.ProcessorFormatter)] + [handler]
    root.setLevel(level)


def _log_uncaught(kind: type[BaseException], exc: BaseException | None, trace: TracebackType | None) -> None:
    log.error("uncaught exception", exc_info=(kind, exc, trace))
