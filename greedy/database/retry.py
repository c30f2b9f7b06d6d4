"""Attempts at a call that may be repeated without harm."""

from __future__ import annotations

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential

from greedy.database.errors import DatabaseError
from greedy.errors import GreedyError

log = structlog.get_logger()

RETRY_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 30.0  # whatever a server asks for

backoff = wait_random_exponential(multiplier=0.3, max=4)


def retrying(seconds: float = RETRY_SECONDS) -> AsyncRetrying:
    """Attempts until one succeeds, fails with an error that is not `retryable`, or `seconds` have passed; two at least.

    The second one is for a call that took all the time there was before it failed. Between two of them some time passes, as long as the
    server asked for, if it did.

    Only for what may be done twice: after a lost connection nobody knows whether the last attempt was committed. A read, an upsert, or a
    write that puts the unique id of its run into a ledger in the same transaction.

    Examples
    --------
    >>> async for attempt in retrying():  # doctest: +SKIP
    ...     with attempt:
    ...         rows = await db.execute("select ...", fetch_all=True)
    """
    return AsyncRetrying(
        retry=retry_if_exception(lambda exc: isinstance(exc, GreedyError) and exc.retryable),
        stop=stop_after_delay(seconds) & stop_after_attempt(2),
        wait=_wait,
        before_sleep=_log_retry,
        reraise=True,
    )


def _wait(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    asked = failure.retry_after_seconds if isinstance(failure, DatabaseError) else None
    return max(backoff(state), min(asked or 0.0, LONGEST_WAIT_SECONDS))


def _log_retry(state: RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    log.warning("database.retry", attempt=state.attempt_number, wait_seconds=round(state.upcoming_sleep, 2), error=str(failure))
