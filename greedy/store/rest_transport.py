"""The HTTP client under the REST store: what supabase-py loses of an answer leaves it as an error that has kept it.

Left to itself, supabase-py gives back a page of HTML, or half an answer, as data when its status is 200, and an empty list when the answer
is empty. It drops the status and headers of every refusal, and follows redirects, with the key in a header of its own, wherever they lead.
"""

from __future__ import annotations

import httpx
from pydantic_core import from_json


def rest_client(timeout: httpx.Timeout) -> httpx.AsyncClient:
    """A client whose answers are whole JSON documents.

    Any other answer is raised as `httpx.HTTPStatusError`, with all of it in `response`; one that only says that it is JSON, as ValueError.

    Over HTTP/1.1: one call follows the other, and the header compression of HTTP/2 would write the key into its debug log.
    """
    return httpx.AsyncClient(timeout=timeout, follow_redirects=False, event_hooks={"response": [_only_json]})


async def _only_json(response: httpx.Response) -> None:
    body = await response.aread()
    if response.is_success and is_json(response) and body:
        from_json(body)
        return
    raise httpx.HTTPStatusError(f"HTTP {response.status_code}", request=response.request, response=response)


def is_json(response: httpx.Response) -> bool:
    """Whether the answer says that it is JSON, of whatever kind (`application/vnd.pgrst.object+json`)."""
    kind = str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
    return kind.startswith("application/") and kind.endswith(("/json", "+json"))
