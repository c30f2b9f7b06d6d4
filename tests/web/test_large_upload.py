"""A workbook of 100 MB, sent to a real server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psutil

from tests.timing import PATIENCE_SECONDS
from tests.web.conftest import PageServer
from tests.web.strangers import csrf_in

MEGABYTE = 1024 * 1024


def test_it_is_refused_in_words_and_nothing_of_it_is_kept(page_server: PageServer) -> None:
    with httpx.Client(base_url=page_server.url, timeout=PATIENCE_SECONDS, follow_redirects=True) as planner:
        csrf = csrf_in(planner.get(page_server.first_url).text)
        head = (
            b'--x\r\nContent-Disposition: form-data; name="workbook"; filename="large.xlsx"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n"
        )
        tail = b"\r\n--x--\r\n"

        def body() -> Iterator[bytes]:
            yield head
            for _ in range(100):
                yield bytes(MEGABYTE)
            yield tail

        length = {"Content-Length": str(len(head) + 100 * MEGABYTE + len(tail))}
        memory = psutil.Process().memory_info().rss
        for told in (length, {}):  # with its size told beforehand, and without
            headers = {"Content-Type": "multipart/form-data; boundary=x", "X-CSRF-Token": csrf, **told}
            answer = planner.post("/imports", content=body(), headers=headers)
            assert answer.status_code == 413
            assert "at most 20 MB can be sent at once" in answer.text
        assert psutil.Process().memory_info().rss < memory + 60 * MEGABYTE
        assert planner.get("/imports").status_code == 200
