"""Reads HTML as a browser does, as far as the tests need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

EMPTY = {"meta", "link", "br", "img", "input", "rect", "line", "circle"}


@dataclass
class Element:
    """An element with its attributes, elements and text."""

    tag: str
    attributes: dict[str, str]
    parts: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def all(self, tag: str | None = None, **wanted: str) -> list[Element]:
        """Elements in it, by tag, attributes, and `klass`, one of the classes."""
        found = []
        for part in self.parts:
            if isinstance(part, Element):
                attributes = {name: part.attributes.get(name) for name in wanted if name != "klass"}
                if (
                    (tag is None or part.tag == tag)
                    and attributes == {name: value for name, value in wanted.items() if name != "klass"}
                    and ("klass" not in wanted or wanted["klass"] in part.classes)
                ):
                    found.append(part)
                found += part.all(tag, **wanted)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].parts.append(element)
        if tag not in EMPTY:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].parts.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while len(self.open) > 1 and self.open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)


def read(html: str) -> Element:
    """The document."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.open[0]
