"""The report in a real browser, as a file on disk: no server, no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.conftest import axe, browser, new_window, screenshot

__all__ = ["axe", "browser", "new_window", "screenshot"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a browser run in the event loop that it lives in."""
    for item in items:
        if item.path == Path(__file__).parent / "test_in_a_browser.py":
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
