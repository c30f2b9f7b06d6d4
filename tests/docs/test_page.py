"""docs/page.md is true: what it names on the page is there, and every page, format, choice and number stands in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from greedy.report.rendering import BY_SUFFIX
from greedy.store.plans import LONGEST_PLANNING, PlanOptions
from greedy.web.routes import downloads
from greedy.web.uploads.kept import KEPT_SECONDS, MOST_BYTES
from greedy.web.views.plan_form import CHOICES
from tests.docs.test_readme import commands, options_of

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "page.md").read_text(encoding="utf-8")
TEMPLATES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "greedy" / "web" / "templates").glob("*.html")}
SAID = " ".join(re.findall(r'_\("([^"]+)"', " ".join(TEMPLATES.values())))


def rows(header: str) -> list[str]:
    """First cells of the table with this header."""
    table = DOCUMENT.split(f"| {header} |")[1].split("\n\n")[0]
    return re.findall(r"^\| (?!---)(.+?) \|", table, re.MULTILINE)


def test_the_pages_of_a_roster_are_these() -> None:
    assert rows("page") == re.findall(r'\("\w+", "[/\w]*", _\("([^"]+)"\)\)', TEMPLATES["roster_head.html"])


def test_what_stands_in_bold_can_be_read_on_the_page() -> None:
    bold = re.findall(r"\*\*([^*]+)\*\*", DOCUMENT)
    assert bold
    assert [text for text in bold if text.casefold() not in SAID.casefold()] == []


def test_the_choices_of_a_plan_are_told() -> None:
    choices = re.findall(r'name="keep".*?<span>\{\{ _\("([^"]+)"\)', TEMPLATES["plan_form.html"])
    assert rows("how much may change") == choices
    assert len(choices) == len(get_args(PlanOptions.model_fields["keep"].annotation))
    assert (min(CHOICES), max(CHOICES)) == (10, 3600)
    assert f"at most {LONGEST_PLANNING // 1024} kB" in DOCUMENT
    assert "10 seconds to an hour" in DOCUMENT


def test_every_file_to_download_is_told() -> None:
    told = set(re.findall(r"`([\w.]+)`", " ".join(rows("file"))))
    kinds = {f"roster.{kind}" for kind in get_args(downloads.Suffix)}
    assert set(get_args(downloads.Suffix)) == set(BY_SUFFIX)
    paths = {route.path.rpartition("/")[2] for route in downloads.router.routes}
    assert told == kinds | {path for path in paths if "." in path and "{" not in path}


def test_the_numbers_are_those_of_the_program() -> None:
    assert f"at most {MOST_BYTES // 1_000_000} MB" in DOCUMENT
    assert KEPT_SECONDS == 24 * 3600
    assert "kept for a day" in DOCUMENT


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)", DOCUMENT))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / "docs" / target).exists()


def test_every_command_and_option_exists() -> None:
    named = set(re.findall(r"`greedy ([a-z]+)", DOCUMENT))
    assert named <= {command.removeprefix("greedy ") for command in commands()}
    options = set().union(*(options_of(command) for command in named))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DOCUMENT)) <= options
