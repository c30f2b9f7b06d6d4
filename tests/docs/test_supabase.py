"""The README's Supabase section is true: what the doctor says of a project is real output."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from greedy.sample import SAMPLE_DIR
from tests.cli.test_cli import ROSTER, Greedy
from tests.supabase_project import Project

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_doctor_says_what_the_readme_says(tmp_path: Path, project: Project) -> None:
    greedy = Greedy(tmp_path, SUPABASE_URL=project.url, SUPABASE_KEY=project.secret_key, ROOSTER_ID=ROSTER)
    assert greedy("load", str(SAMPLE_DIR)).returncode == 0
    assert greedy("run", "--time-limit", "2").returncode == 0
    shown = greedy("doctor").stdout.replace(urlsplit(project.url).netloc, "<project>.supabase.co")
    told = re.search(r"<!-- doctor -->\n```\n(.*?)```\n<!-- /doctor -->", README, re.DOTALL)
    assert told is not None

    def timeless(text: str) -> list[str]:
        lines = [re.sub(r"\d+ ms|\d+ slots|PostgreSQL [\d.]+", "n", line) for line in text.splitlines()]
        return [line for line in lines if not line.startswith(("ok     python", "ok     solver"))]

    assert timeless(shown) == timeless(told[1])
