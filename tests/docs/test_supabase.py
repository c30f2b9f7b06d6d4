"""The README's Supabase section is true: what the doctor says of a project is real output."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from greedy.sample import SAMPLE_DIR
from tests.cli.test_cli import ROSTER, Greedy
from tests.supabase_project import Project

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "docs/supabase.md", "docs/deploy.md"])
def test_a_push_names_its_target(name: str) -> None:
    """Without one the Supabase CLI takes the database of a local stack."""
    text = (ROOT / name).read_text(encoding="utf-8")
    commands = re.findall(r"^ {4,}.*supabase db push.*$", text, re.MULTILINE)
    assert all("supabase db push --remote 'postgresql://" in command for command in commands)


def test_every_function_and_table_that_is_named_is_there() -> None:
    text = (ROOT / "docs" / "supabase.md").read_text(encoding="utf-8")
    schema = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "supabase" / "migrations").glob("*.sql"))
    named = set(re.findall(r"`(roster_[a-z]+|\w+_v1)\b", text))
    assert "roster_changes" in named
    made = set(re.findall(r"^create (?:or replace )?(?:function|table) public\.(\w+)", schema, re.MULTILINE))
    assert named - made == set()


def test_the_doctor_says_what_the_readme_says(tmp_path: Path, project: Project) -> None:
    greedy = Greedy(tmp_path, SUPABASE_URL=project.url, SUPABASE_KEY=project.secret_key, ROOSTER_ID=ROSTER)
    assert greedy("load", str(SAMPLE_DIR)).returncode == 0
    assert greedy("run", "--time-limit", "100").returncode == 0
    shown = greedy("doctor").stdout.replace(urlsplit(project.url).netloc, "<project>.supabase.co")
    told = re.search(r"<!-- doctor -->\n```\n(.*?)```\n<!-- /doctor -->", README, re.DOTALL)
    assert told is not None

    def timeless(text: str) -> list[str]:
        lines = [re.sub(r"\d+ ms|\d+ slots|PostgreSQL [\d.]+", "n", line) for line in text.splitlines()]
        return [line for line in lines if not line.startswith(("ok     python", "ok     solver"))]

    assert timeless(shown) == timeless(told[1])
