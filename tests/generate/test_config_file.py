"""What is to be generated, as a file and options say it: options go first, and every fault is told at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from greedy.errors import InputError
from greedy.generate.config import GeneratorConfig
from greedy.generate.config_file import read_config


def said(path: Path, text: str | bytes, **options: object) -> list[str]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as caught:
        read_config(path, options)
    assert caught.value.next_step
    return [caught.value.message, *caught.value.details]


def test_options_go_before_the_file_and_the_usual_values_come_last(tmp_path: Path) -> None:
    path = tmp_path / "generate.toml"
    path.write_text("\ufeffpractices = 3\nweeks = 6  # a comment\nfirst_day = 2026-03-02\ntightness = 1\nleave = 0.5\n", encoding="utf-8")
    config = read_config(path, {"weeks": 4, "seed": None, "demand": 0.9})
    assert config == GeneratorConfig(
        practices=3, employees=42, weeks=4, first_day=dt.date(2026, 3, 2), tightness=1.0, leave=0.5, demand=0.9
    )
    assert read_config() == read_config(None, {"practices": None}) == GeneratorConfig()


def test_every_fault_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "generate.toml"
    text = 'weekz = 5\nemployees = "many"\ndemand = true\nleave = 1.5\nfirst_day = "2026-01-05"\n[wishes]\nshare = 1\n'
    message, *faults = said(path, text, practices=0, tightness=float("nan"))
    assert message == "this cannot be generated"
    assert faults == [
        "--practices: Input should be greater than or equal to 1, not 0",
        f"{path}: employees: Input should be a valid integer, not 'many'",
        f"{path}: first_day: Input should be a valid date, not '2026-01-05'",
        f"{path}: demand: Input should be a valid number, not True",
        "--tightness: Input should be less than or equal to 1, not nan",
        f"{path}: wishes: Input should be a valid number, not {{'share': 1}}",
        f"{path}: leave: Input should be less than or equal to 1, not 1.5",
        f"{path}: weekz: there is no key 'weekz'; did you mean weeks?",
    ]


def test_faults_of_dates_and_of_several_values_read_well(tmp_path: Path) -> None:
    path = tmp_path / "generate.toml"
    assert said(path, "first_day = 2026-01-06\n")[1:] == [
        f"{path}: first_day: 2026-01-06 is a Tuesday; the Monday of that week is 2026-01-05"
    ]
    assert said(path, "first_day = 1999-01-04\n")[1].endswith("greater than or equal to 2000-01-03, not 1999-01-04")
    (fault,) = said(path, "practices = 1\n", employees=10_000)[1:]
    assert fault.startswith("10000 employees in 1 practices")


def test_an_option_in_place_of_a_faulty_value_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "generate.toml"
    path.write_text("weeks = 0\n")
    assert read_config(path, {"weeks": 2}).weeks == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"weeks = \n", r"generate.toml is not TOML: Invalid value \(at line 1, column 9\)"),
        (b"[" * 100_000, "generate.toml is not TOML"),
        (b"# \xff\n", "generate.toml is not UTF-8 text at byte 2"),
    ],
)
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "generate.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_config(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read .*none.toml: No such file"):
        read_config(tmp_path / "none.toml")
    with pytest.raises(InputError, match="cannot read .*: Is a directory"):
        read_config(tmp_path)
