"""A key is masked in every form in which an HTTP client could show it."""

from __future__ import annotations

import httpx
import pytest

from greedy.loggable import format_for_log, masked

RANDOM = "f3Yk-9qTz_W1mB7xLr0aHc5N"
SECRET = f"sb_secret_{RANDOM}"
TOKEN = f"eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.{RANDOM}"
FORMS = [
    "apikey: {}",
    "('apikey', '{}')",
    "(b'apikey', b'{}')",
    "Adding (b'apikey', b'{}') to the header table, sensitive:False",
    "Authorization: Bearer {}",
    "Bearer%20{}",
    "https://abc.supabase.co/rest/v1/rpc/load_roster_v1?apikey={}&select=*",
    "SUPABASE_KEY={}",
    '{{"apikey":"{}"}}',
    "Illegal header value b'{}\\n'",
    "postgresql://postgres:{}@host/postgres",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", [SECRET, TOKEN], ids=["secret key", "legacy key"])
def test_in_a_text(form: str, key: str) -> None:
    shown = masked(form.format(key))
    assert RANDOM not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "form", ["x-api-key: {}", "apikey={}&select=*", "SUPABASE_KEY={}", "supabase_key: {}", "(b'apikey', b'{}')", "sbp_{}"]
)
def test_where_the_name_alone_gives_it_away(form: str) -> None:
    assert RANDOM not in masked(form.format(RANDOM))


@pytest.mark.parametrize("key", [SECRET, TOKEN], ids=["secret key", "legacy key"])
def test_in_a_value(key: str) -> None:
    for value in (
        {"apikey": key},
        {"headers": {"Authorization": f"Bearer {key}"}},
        {"headers": [("apikey", key)]},
        {"SUPABASE_KEY": key},
        httpx.Headers({"apikey": key}),
        httpx.URL("https://abc.supabase.co", params={"apikey": key}),
        ValueError(key),
    ):
        assert RANDOM not in format_for_log(value)


@pytest.mark.parametrize("text", ["heyJude.example.nl wrote", "primary key: id", "the key of the roster", "sbp is an abbreviation"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert masked(text) == text
