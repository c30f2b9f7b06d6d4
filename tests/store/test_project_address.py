"""An address or a key that cannot work is refused before anything is sent, with the next step and without the key."""

from __future__ import annotations

from datetime import UTC, datetime

import jwt
import pytest
from structlog.testing import capture_logs

from greedy.errors import SettingsError
from greedy.store.project_address import check_project

REF, OTHER_REF = "abcdefghijklmnopqrst", "zyxwvutsrqponmlkjihg"
URL = f"https://{REF}.supabase.co"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
RANDOM = "f3Yk-9qTz_W1mB7xLr0aHc5NpE2vKd8s"  # made up
SECRET = f"sb_secret_{RANDOM}"


def legacy_key(**claims: object) -> str:
    """A key as projects had until 2025: a JSON web token, signed with a secret that only the project knows."""
    said = {"iss": "supabase", "ref": REF, "role": "service_role", "iat": 1_700_000_000, "exp": 2_000_000_000, **claims}
    return jwt.encode({name: value for name, value in said.items() if value is not None}, RANDOM * 2)


@pytest.mark.parametrize(
    ("url", "used"),
    [
        (URL, URL),
        (f"  {URL}/\n", URL),
        (f"{URL}//", URL),
        ("https://api.praktijk.nl", "https://api.praktijk.nl"),
        ("https://api.praktijk.nl:8443", "https://api.praktijk.nl:8443"),
        ("http://127.0.0.1:54321", "http://127.0.0.1:54321"),
        ("http://127.0.0.2:54321", "http://127.0.0.2:54321"),
        ("http://[::1]:54321", "http://[::1]:54321"),
        ("http://localhost:54321/", "http://localhost:54321"),
        (f"HTTPS://{REF}.supabase.co", URL),
    ],
)
def test_addresses_that_can_work_pass_without_what_surrounds_them(url: str, used: str) -> None:
    address = check_project(url, f" {SECRET}\n", now=NOW)
    assert (address.url, address.key) == (used, SECRET)
    assert RANDOM not in repr(address)


@pytest.mark.parametrize(
    ("url", "what", "next_step"),
    [
        (None, "SUPABASE_KEY is set, and SUPABASE_URL is not", "set SUPABASE_URL to https://<project>.supabase.co"),
        (" ", "SUPABASE_KEY is set, and SUPABASE_URL is not", "set SUPABASE_URL to https://<project>.supabase.co"),
        (f"{REF}.supabase.co", "no https:// before it", f"set SUPABASE_URL to {URL}"),
        (REF, "no https:// before it", f"set SUPABASE_URL to {URL}"),
        (RANDOM, "no https:// before it", "https://<project>.supabase.co"),
        (f"postgresql://postgres:{RANDOM}@db.{REF}.supabase.co:5432/postgres", "holds a database URL", "DATABASE_URL"),
        (f"postgres://postgres:{RANDOM}@aws-0-eu.pooler.supabase.com:6543/postgres", "holds a database URL", "DATABASE_URL"),
        (f"'postgres://postgres:{RANDOM}@host/postgres", "holds a database URL", "DATABASE_URL"),
        (f"https://db.{REF}.supabase.co", "address of the project's database", f"set SUPABASE_URL to {URL}"),
        ("https://aws-0-eu-central-1.pooler.supabase.com", "address of the project's database", "https://<project>.supabase.co"),
        (f"https://supabase.com/dashboard/project/{REF}", "page of the dashboard", f"set SUPABASE_URL to {URL}"),
        (f"https://supabase.com/dashboard/project/{REF}/settings/api-keys", "page of the dashboard", f"set SUPABASE_URL to {URL}"),
        (f"supabase.com/dashboard/project/{REF}", "page of the dashboard", f"set SUPABASE_URL to {URL}"),
        ("https://supabase.com/dashboard/org/abc", "page of the dashboard", "https://<project>.supabase.co"),
        (f"{URL}/rest/v1", "more behind its host", f"set SUPABASE_URL to {URL}"),
        (f"{URL}/?apikey={SECRET}", "more behind its host", f"set SUPABASE_URL to {URL}"),
        (f"{URL}?apikey={RANDOM}", "more behind its host", f"set SUPABASE_URL to {URL}"),
        (f"{URL}#top", "more behind its host", f"set SUPABASE_URL to {URL}"),
        (f"https://service_role:{RANDOM}@{REF}.supabase.co", "a user or a password before its host", "what stands before the @"),
        (f"http://{REF}.supabase.co", "for all to read", f"set SUPABASE_URL to {URL}"),
        ("http://192.168.1.20:8000", "for all to read", "set SUPABASE_URL to https://192.168.1.20:8000"),
        ("http://localhost.example.com", "for all to read", "set SUPABASE_URL to https://localhost.example.com"),
        (f'"{URL}"', "quotation marks", "take them away"),
        (f"“{URL}”", "quotation marks", "take them away"),
        (f"https://{REF} .supabase.co", "a blank", "https://<project>.supabase.co"),
        (f"https://{REF}\n.supabase.co", "a blank", "https://<project>.supabase.co"),
        (f"https://{REF}\u200b.supabase.co", "not ASCII", "https://<project>.supabase.co"),
        ("https://<project>.supabase.co", "no host, or one that cannot be", "https://<project>.supabase.co"),
        ("https://", "no host, or one that cannot be", "https://<project>.supabase.co"),
        (f"https://{REF}.supabase.co:x{RANDOM}", "no host, or a port that cannot be", "https://<project>.supabase.co"),
        (f"https://{REF}.supabase.co:99999", "no host, or a port that cannot be", "https://<project>.supabase.co"),
        ("https://[::1", "no host, or a port that cannot be", "https://<project>.supabase.co"),
        (f"ftp://{REF}.supabase.co", "begins with ftp://", "https://<project>.supabase.co"),
        (f"wss://{REF}.supabase.co", "begins with wss://", "https://<project>.supabase.co"),
        (SECRET, "holds a key instead of an address", "https://<project>.supabase.co"),
        (f'"{SECRET}"', "holds a key instead of an address", "https://<project>.supabase.co"),
        (legacy_key(), "holds a key instead of an address", "https://<project>.supabase.co"),
    ],
)
def test_addresses_that_cannot_work_are_refused(url: str | None, what: str, next_step: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check_project(url, SECRET, now=NOW)
    assert what in refused.value.message
    assert next_step in (refused.value.next_step or "")
    _tells_nothing(refused.value, RANDOM, legacy_key().split(".")[0])


@pytest.mark.parametrize(
    ("key", "what"),
    [
        (None, "SUPABASE_URL is set, and SUPABASE_KEY is not"),
        ("\n", "SUPABASE_URL is set, and SUPABASE_KEY is not"),
        (f'"{SECRET}"', "quotation marks"),
        (f"'{SECRET}", "quotation marks"),
        (f"Bearer {SECRET}", "begins with the word Bearer"),
        (f"{SECRET[:20]} {SECRET[20:]}", "a blank or a line break"),
        (f"{SECRET[:20]}\n{SECRET[20:]}", "a blank or a line break"),
        (f"{SECRET[:20]}\x00", "a blank or a line break"),
        (f"{SECRET[:14]}••••••••", "signs that no key has"),
        (f"{SECRET}\u200b", "signs that no key has"),
        (f"{SECRET[:14]}...", "cut off or hidden"),
        (f"{SECRET[:14]}********", "cut off or hidden"),
        ("sb_secret_", "cut off or hidden"),
        (f"sb_publishable_{RANDOM}", "publishable key (anon)"),
        (f"sbp_{RANDOM}", "access token of an account"),
        (RANDOM, "no key of a Supabase project"),
        (f"SUPABASE_KEY={SECRET}", "no key of a Supabase project"),
        (f"postgresql://postgres:{RANDOM}@host/postgres", "an address instead of a key"),
        (URL, "an address instead of a key"),
        (legacy_key(role="anon"), "key of the role anon"),
        (legacy_key(role="authenticated"), "key of the role authenticated"),
        (legacy_key(ref=OTHER_REF), f"belongs to the project {OTHER_REF}, and SUPABASE_URL to {REF}"),
        (legacy_key(exp=1_784_000_000), "has expired since 2026-07-14"),
        (legacy_key(exp=0), "has expired"),
        (legacy_key(exp=-1e300), "has expired"),
        (legacy_key().rpartition(".")[0], "damaged or cut off"),
        (legacy_key()[:60], "damaged or cut off"),
        ("eyJ", "damaged or cut off"),
        ("eyJhbGciOiJIUzI1NiJ9.W10.c2lnbmF0dXJl", "damaged or cut off"),  # a list of claims
        ("eyJhbGciOiJIUzI1NiJ9." + "W1tbW1tb" * 50_000 + ".c2lnbmF0dXJl", "damaged or cut off"),  # very deep
    ],
)
def test_keys_that_cannot_work_are_refused(key: str | None, what: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check_project(URL, key, now=NOW)
    assert what in refused.value.message
    assert refused.value.next_step
    _tells_nothing(refused.value, RANDOM, SECRET[10:18], *(key or "").strip().split(".")[-2:] if (key or "").startswith("eyJ") else ())


def test_neither_is_set() -> None:
    with pytest.raises(SettingsError, match="SUPABASE_URL is not set"):
        check_project(None, None)


@pytest.mark.parametrize(
    ("url", "claims"),
    [
        (URL, {}),
        (URL, {"exp": None}),
        (URL, {"ref": None, "iss": "self-hosted"}),
        ("https://api.praktijk.nl", {"ref": OTHER_REF}),  # a domain of the project's own says not which project it is
        ("http://127.0.0.1:54321", {"ref": OTHER_REF}),
    ],
)
def test_a_legacy_service_role_key_passes_with_a_warning(url: str, claims: dict[str, object]) -> None:
    key = legacy_key(**claims)
    with capture_logs() as events:
        assert check_project(url, key, now=NOW).key == key
    assert [(event["event"], event["log_level"]) for event in events] == [("settings.legacy_key", "warning")]
    assert key not in str(events)


def test_a_key_expires_by_the_present_clock() -> None:
    with pytest.raises(SettingsError, match="has expired"):
        check_project(URL, legacy_key(exp=int(datetime.now(UTC).timestamp()) - 1))


def _tells_nothing(error: SettingsError, *secret: str) -> None:
    told = f"{error!r} {error.message} {error.next_step} {error.details} {error.__cause__} {error.__context__ if not error.__suppress_context__ else ''}"
    for part in secret:
        assert not part or part not in told
