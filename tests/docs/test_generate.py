"""docs/generate.md is true: its examples are real output, and every option, key and table stands in it."""

from __future__ import annotations

import ast
import re
import types
from pathlib import Path

import pytest

from greedy.generate.config import GeneratorConfig
from greedy.generate.config_file import read_config
from greedy.generate.summary import GenerationSummary, SinkSummary
from greedy.generate.tables import TABLES
from tests.cli.test_generate import Here, greedy, make_greedy  # noqa: F401  fixtures
from tests.docs.test_readme import commands, options_of

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "generate.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^ {4}\$ greedy (generate.*)\n((?:    .*\n)+)", DOCUMENT, re.MULTILINE)


def without_numbers(text: str) -> str:
    """Times, counts and ids follow from lists of names and from chance; what is said of them is what counts."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d[\d,.]*", "n", text)


@pytest.mark.parametrize(("command", "said"), EXAMPLES)
def test_examples_are_real_output(greedy: Here, command: str, said: str) -> None:  # noqa: F811
    done = greedy(*command.split())
    assert without_numbers(done.stdout + done.stderr) == without_numbers(re.sub("^    ", "", said, flags=re.MULTILINE))


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("option", [*options_of("generate"), "--database", "--schema"])
def test_every_option_is_told(option: str) -> None:
    assert f"`{option}" in DOCUMENT or f"`{option.removeprefix('--')}`" in DOCUMENT


def test_no_option_or_command_is_told_that_does_not_exist() -> None:
    known = {"--database", "--schema", "--limit-days", "--planning", "--target"}.union(
        *map(options_of, ("generate", "load", "solve", "check"))
    )
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DOCUMENT)) <= known
    assert set(re.findall(r"(?:`|^ {4,}\$? ?)(greedy (?:db (?:schema )?)?[a-z]+)", DOCUMENT, re.MULTILINE)) <= set(commands())


def test_every_key_is_told_as_it_is_and_the_example_has_them_all(tmp_path: Path) -> None:
    for name, info in GeneratorConfig.model_fields.items():
        line = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| `{name}` |"))
        description = str(info.description).partition(";")[0].rstrip(".")
        assert (description[0].lower() + description[1:])[:40] in line
        bounds = [getattr(limit, which) for limit in info.metadata for which in ("ge", "gt", "le") if hasattr(limit, which)]
        if name not in ("seed", "first_day"):
            assert [bound for bound in bounds if f"{bound:,}" not in line.split("|")[3]] == []
        if info.default_factory is None:
            assert line.endswith(f"| {info.default} |")
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
    path = tmp_path / "generate.toml"
    path.write_text(example, encoding="utf-8")
    assert read_config(path).model_fields_set == set(GeneratorConfig.model_fields)


def test_every_table_is_told() -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| `") and ("README.md" in line or line.count("|") == 4)]
    assert set(TABLES) <= set(re.findall(r"`(\w+)`", "\n".join(rows)))


def test_every_key_of_the_document_is_told() -> None:
    for name in [*GenerationSummary.model_fields, *SinkSummary.model_fields, "success", "config"]:
        assert f"`{name}`" in DOCUMENT


async def test_the_example_of_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    names: dict[str, object] = {}
    await types.FunctionType(compile(code, "generate.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)()
    assert {path.name for path in tmp_path.iterdir()} == {"practices.db", "practices"}
    assert names["tables"].roster.naam == "Rooster 2026-W02 t/m 2026-W06, praktijk 2"  # type: ignore[attr-defined]
