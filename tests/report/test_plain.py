"""Text of others as one plain line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greedy.report.plain import one_line


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Anna de Vries", "Anna de Vries"),
        (" a\r\nb\tc\x00\x07\x1b[31m\x85d\u2028e ", "a b c [31m d e"),
        ("\u202etxt.exe\u2066", "txt.exe"),
        ("שרה لوي 👩‍⚕️ é", "שרה لوي 👩‍⚕️ é"),
        ("half \ud83d", "half \N{REPLACEMENT CHARACTER}"),
        ("", ""),
    ],
)
def test_one_line(text: str, plain: str) -> None:
    assert one_line(text) == plain


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_a_line_that_files_can_hold(text: str) -> None:
    plain = one_line(text)
    assert len(plain.splitlines()) <= 1
    assert plain.encode() == one_line(plain).encode()
    assert all(character.isprintable() or ord(character) > 127 for character in plain)
