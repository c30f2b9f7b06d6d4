"""Whatever the program says to a planner can be said in Dutch: the catalogues are complete, true to the places, and hold nothing else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import read_po

from greedy.model.limits import Quantity
from greedy.model.result import Obstacle, SolveStatus
from greedy.model.rules import MEANING
from greedy.model.wishes import WishKind
from greedy.model.working_time import LAW
from greedy.report.counts import FairnessKind
from greedy.report.model import SummaryStatus
from tests.wording.texts import GREEDY, Text, Unreadable, all_texts, texts_of_python, texts_of_template

CATALOGUES = sorted((GREEDY / "wording" / "locale" / "nl").glob("*.po"))
# Texts that are said by a variable: keys that are the same in every language, the rules by name and in words, and the terms of the costs.
BY_VARIABLE = [
    *map(str, (*Obstacle, *Quantity, *WishKind, *SolveStatus, *MEANING, *MEANING.values(), *(rule.__name__ for rule in LAW))),
    *(*get_args(SummaryStatus), *get_args(FairnessKind), "demand", "request"),
]
# Where a Message is made of a variable: when it is unpickled or read from where it was kept, of a rule's own words, and for `say` of the text report, whose texts are read.
MADE_HERE = {"model/message.py", "model/rules.py", "report/text/report.py", "wording/kept.py"}


def entries(path: Path) -> list[Entry]:
    with path.open("rb") as lines:
        return [entry for entry in read_po(lines, locale="nl") if entry.id]


def needs_no_translation(text: str) -> bool:
    """Nothing stands in it but places and signs."""
    return not re.search(r"[^\W\d_]", re.sub(r"\{[^}]*\}", "", text))


def places(text: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def said() -> dict[str | tuple[str, str], str]:
    """Every text that needs a translation -> where it stands."""
    found: dict[str | tuple[str, str], str] = dict.fromkeys(BY_VARIABLE, "by a variable")
    for text in all_texts():
        if isinstance(text, Text) and not needs_no_translation(text.one):
            found[text.one if text.many is None else (text.one, text.many)] = text.place
    return found


def key(entry: Entry) -> str | tuple[str, str]:
    return entry.id if isinstance(entry.id, str) else (entry.id[0], entry.id[1])


def test_every_text_can_be_said_in_dutch() -> None:
    told = {key(entry) for path in CATALOGUES for entry in entries(path)}
    assert {text: place for text, place in said().items() if text not in told} == {}


def test_no_catalogue_holds_what_nobody_says() -> None:
    asked = said()
    assert [(path.name, key(entry)) for path in CATALOGUES for entry in entries(path) if key(entry) not in asked] == []


def test_nothing_is_translated_twice() -> None:
    singulars = Counter(entry.id if isinstance(entry.id, str) else entry.id[0] for path in CATALOGUES for entry in entries(path))
    assert {text: times for text, times in singulars.items() if times > 1} == {}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_every_translation_is_there_and_has_the_same_places(path: Path) -> None:
    for entry in entries(path):
        originals = [entry.id] if isinstance(entry.id, str) else list(entry.id)
        translations = [entry.string] if isinstance(entry.string, str) else list(entry.string)
        assert len(originals) == len(translations)
        assert not entry.fuzzy
        for original, translation in zip(originals, translations, strict=True):
            assert translation.strip(), original
            assert set(places(translation)) == set(places(original)), original


def test_no_text_is_hidden_from_the_catalogues() -> None:
    hidden = [text for text in all_texts() if isinstance(text, Unreadable)]
    assert [text for text in hidden if text.place.partition(":")[0] not in MADE_HERE] == []


def test_texts_are_found_in_source_and_templates() -> None:
    source = 'a = Message("one {x}", x=1)\nwords.say("two")\nwords.count("{number} of", "{number} all", n)\n_("three")\n"a".count("b", 0)\nMessage(f"{a}")'
    found = sorted(texts_of_python(source, "m.py"), key=lambda text: text.place)
    assert [text[:2] if isinstance(text, Text) else text.place for text in found] == [
        ("one {x}", None), ("two", None), ("{number} of", "{number} all"), ("three", None), "m.py:6",
    ]  # fmt: skip
    template = '<p title="{{ _("one") }}">{% if a %}{{ ngettext("{number} of", "{number} all", n) }}{% endif %}{{ _("a" ~ b) }}</p>'
    assert [text[:2] if isinstance(text, Text) else text.place for text in texts_of_template(template, "t.html")] == [
        ("one", None), ("{number} of", "{number} all"), "t.html:1",
    ]  # fmt: skip
