"""What the page takes from others is as they published it."""

from __future__ import annotations

import json
from pathlib import Path

from tests import node_programs

VENDOR = Path(__file__).parents[2] / "greedy" / "web" / "static" / "vendor"


def test_htmx_is_the_published_one_and_says_which() -> None:
    package = node_programs.installed() / "htmx.org"
    assert (VENDOR / "htmx.min.js").read_bytes() == (package / "dist" / "htmx.min.js").read_bytes()
    told = (VENDOR / "htmx.txt").read_text(encoding="utf-8")
    assert f"htmx.org {json.loads((package / 'package.json').read_text())['version']}," in told
    assert (package / "LICENSE").read_text(encoding="utf-8") in told
    assert {path.name for path in VENDOR.iterdir()} == {"htmx.min.js", "htmx.txt"}
