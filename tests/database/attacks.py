"""Texts that end a name, a literal or a statement early where somebody put SQL together by hand."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = [
    *"\"'`;\\/*$%:.,()[]{}?!=-+\n\r\t ab1é𝒳\u202e\ufeff\u00a0\0\ud800",
    *("--", "/*", "*/", "$1", "$$", "U&'", "E'", "''", '""', "\\'", "::text", "null", "select", "user", "public", "pg_temp"),
    *(
        "'; drop table canary; --",
        '"; drop table canary; --',
        ") returning (delete from canary)",
        "'||(select 1)||'",
        "%s",
        "{0}",
        "é" * 31,
    ),
    "x" * 63,
    "x" * 64,
]
ATTACKS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
