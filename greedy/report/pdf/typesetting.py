"""Sets a PDF. Run as a program of its own: typst keeps what its last ten documents were made of, which can be more than a gigabyte.

Reads `{"data": ..., "timestamp": seconds, "tags": true}` as JSON, and writes the PDF. Nothing else of the project is needed for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FONTS = b'#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"))\n'
TEMPLATE = Path(__file__).parent / "sheet.typ"


def main() -> None:
    """Read what is to be set, set it, write the PDF; what typst says against it goes to stderr, and the exit code is 1."""
    import typst

    asked, fonts = json.load(sys.stdin.buffer), typst.Fonts()

    def can_be_set(name: str) -> bool:
        """Whether there is a font for each of its letters: this kind of PDF wants to know."""
        lines = {"main.typ": FONTS + b'#json("name.json")', "name.json": json.dumps(name).encode()}
        try:
            typst.compile(lines, format="pdf", font_paths=fonts, pdf_standards="a-2u")  # type: ignore[call-overload]
        except typst.TypstError:
            return False
        return True

    longest_first = sorted(asked["data"]["instead"].items(), key=lambda one: -len(one[0]))  # a name can be part of another
    instead = {name: number for name, number in longest_first if not can_be_set(name)}
    content = json.dumps(_replaced(asked["data"], instead))
    files = {"main.typ": FONTS + TEMPLATE.read_bytes(), "data.json": content.encode()}
    try:
        document = typst.compile(  # type: ignore[call-overload]
            files, format="pdf", font_paths=fonts, timestamp=asked["timestamp"], pdf_tags=asked["tags"]
        )
    except typst.TypstError as exc:
        sys.exit(exc.message)
    sys.stdout.buffer.write(document)


def _replaced(content: Any, instead: Mapping[str, str]) -> Any:  # noqa: ANN401  # whatever JSON holds
    """Content in which other words stand in place of some: boxes, as of letters that no font has, say nothing."""
    if not instead:
        return content
    if isinstance(content, str):
        for name, number in instead.items():
            content = content.replace(name, number)
        return content
    if isinstance(content, list):
        return [_replaced(one, instead) for one in content]
    if isinstance(content, dict):
        return {key: _replaced(one, instead) for key, one in content.items()}
    return content


if __name__ == "__main__":
    main()
