"""Attempts at a call that may be repeated without harm."""

from __future__ import annotations

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential

from greedy.errors import GreedyError

log = structlog.get_logger()

RETRY_SECONDS = 10.0


def retrying(seconds: float = RETRY_SECONDS) -> AsyncRetrying:
    """Attempts until one succeeds, fails with an error that is not `retryable`, or `seconds` have passed; two at least.

    The second one is for a call that took all the time there was before it failed.

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
        wait=wait_random_exponential(multiplier=0.1, max=2),
        before_sleep=_log_retry,
        reraise=True,
    )


def _log_retry(state: RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    log.warning("database.retry", attempt=state.attempt_number, error=str(failure))
