"""Values in logs: short, without secrets, whatever they are. Values for storage: by column type."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from greedy.database.connector import DBConnector
from greedy.database.rows.storage import format_for_storage
from greedy.log import configure_logging
from greedy.loggable import format_for_log
from tests.timing import cpu_seconds_below


class Colour(Enum):
    RED = "red"


class Account(BaseModel):
    name: str = "anna"
    api_key: str = "hush-hush"
    pin: SecretStr = SecretStr("hush-hush")


@dataclass
class Login:
    user: str = "anna"
    passPhrase: str = "hush-hush"  # noqa: N815, S105
    seed: str = field(default="hush-hush", repr=False)


class Evil:
    def __repr__(self) -> str:
        raise RuntimeError("hush-hush")

    __str__ = __repr__

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("hush-hush")


class EvilMapping(Mapping[str, object]):
    def __getitem__(self, key: str) -> object:
        raise RuntimeError("hush-hush")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("hush-hush")

    def __len__(self) -> int:
        return 10**12


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("short", "short"),
        ("x" * 5_000, "x" * 200 + "... (5,000 characters)"),
        (b"\0" * 12, "<12 bytes>"),
        (None, "null"),
        (True, "true"),
        (2**10_000, "<int of 10001 bits>"),
        (float("nan"), "nan"),
        (date(2025, 1, 2), "2025-01-02"),
        (datetime(2025, 1, 2, 3, tzinfo=UTC), "2025-01-02T03:00:00+00:00"),
        (timedelta(hours=1), "1:00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.50"), "1.50"),
        (Colour.RED, "red"),
        (Path("/a/b"), "/a/b"),
        (ValueError("no"), "ValueError: no"),
        ({"a": [1, {"b": date(2025, 1, 1)}], 5: None}, '{"a":[1,{"b":"2025-01-01"}],"5":null}'),
        (list(range(1000)), '[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,"... 980 more"]'),
        ([[[[[1]]]]], '[[[["<list of 1>"]]]]'),
        (Account(), '{"name":"anna","api_key":"***","pin":"<SecretStr>"}'),
        (Login(), '{"user":"anna","passPhrase":"***","seed":"***"}'),
        (object, "<type>"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_values_are_shown_short_and_readable(value: object, shown: str) -> None:
    assert format_for_log(value) == shown


def test_what_fails_when_it_is_looked_at_is_shown_by_its_type() -> None:
    assert format_for_log(Evil()) == "<Evil>"
    assert format_for_log(EvilMapping()) == "<EvilMapping>"
    assert format_for_log({"a": 1, "b": Evil()}) == '{"a":1,"b":"<Evil>"}'
    for column_type in ("jsonb", "integer", "text", "numeric", "date[]"):
        with pytest.raises(ValueError, match=r"^(?!.*hush)"):
            format_for_storage(Evil(), column_type)


HUSH = "hush-hush"


@pytest.mark.parametrize(
    "value",
    [
        {"password": HUSH},
        {"DB_PASSWORD": HUSH},
        {"accessToken": HUSH},
        {"x": [{"Authorization": HUSH}]},
        {"supabase_key": HUSH, "key": HUSH},
        {"dsn": HUSH, "cookie": [HUSH], "wachtwoord": {"a": HUSH}},
        {"pin_token": 12345} | {"password": HUSH.encode()},
        f"postgresql://anna:{HUSH}@db/x",
        f"postgresql://anna:a@b/{HUSH}@db/x and more",
        f"redis://:{HUSH}@db",
        {"url": f"could not reach postgres://anna:{HUSH}@db:5432/x?sslmode=on"},
        f"password={HUSH} host=db",
        f"PGPASSWORD='{HUSH}' psql",
        json.dumps({"api_key": f'a"{HUSH}', "x": 1}),
        f"token: {HUSH}",
        f"Authorization: Bearer {HUSH}xxxx",
        "eyJhbGciOiJIUzI1NiJ9.eyJodXNoIjoiaHVzaC1odXNoIn0." + HUSH,
        f"key is sb_secret_{HUSH}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{HUSH}\n-----END RSA PRIVATE KEY-----",
        "x" * 190 + f"postgresql://anna:{HUSH}@db/x",
        "x" * 190 + " postgresql://anna:" + HUSH * 100 + "@db/x",
        RuntimeError(f"secret={HUSH}"),
    ],
)
def test_secrets_are_masked(value: object) -> None:
    shown = format_for_log(value)
    assert "hush" not in shown
    assert "***" in shown or "..." in shown


def test_what_is_no_secret_stays() -> None:
    for text in ("Key (id)=(5) already exists", "http://host:8080/x mail a@b.nl", "password authentication failed", "the monkey: x"):
        assert format_for_log(text) == text
    plain = {"primary_key": "id", "keys": 1, "monkey": "x", "password": None, "has_token": True}
    assert json.loads(format_for_log(plain)) == plain | {"keys": "***"}


@given(
    st.recursive(
        st.one_of(st.none(), st.text(), st.binary(), st.floats(), st.integers(), st.datetimes()),
        lambda x: st.lists(x) | st.dictionaries(st.one_of(st.text(), st.integers()), x),
    )
)
def test_everything_has_a_bounded_line(value: object) -> None:
    shown = format_for_log(value)
    assert len(shown) <= 5_000
    shown.encode()


@pytest.mark.parametrize(
    "value",
    [
        "a://b:" * 500_000,
        "password=" * 500_000,
        "eyJ" * 1_000_000,
        "-----BEGIN PRIVATE KEY-----" * 100_000,
        "bearer " * 500_000,
        "a_" * 1_000_000,
        "'" * 1_000_000,
        {str(number): "x" * 1_000 for number in range(100_000)},
        [list(range(1_000)) for _ in range(1_000)],
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_huge_value_takes_no_time(value: object) -> None:
    with cpu_seconds_below(5):  # at most 0.4 s, for a hundred thousand keys; a pattern that goes back and forth never ends
        format_for_log(value)


def test_a_value_within_itself_ends() -> None:
    value: dict[str, object] = {}
    value["me"] = value
    assert format_for_log(value) == '{"me":{"me":{"me":{"me":"<dict of 1>"}}}}'


async def test_records_are_shown_with_their_columns(db: DBConnector) -> None:
    row = await db.execute("select 1 as id, 'hush-hush' as password", fetch_row=True)
    assert format_for_log(row) == '{"id":1,"password":"***"}'


def test_the_log_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    try:
        try:
            raise RuntimeError("cannot reach postgresql://anna:hush-hush@db/x")  # noqa: TRY301
        except RuntimeError:
            structlog.get_logger().exception("failed", url="postgresql://anna:hush-hush@db/x", token=HUSH, count=5, at={"key": "hush-hush"})
    finally:
        structlog.reset_defaults()
    line = capsys.readouterr().err
    assert "hush" not in line
    told = json.loads(line)
    assert (told["event"], told["count"], told["at"], told["token"]) == ("failed", 5, {"key": "***"}, "***")
    assert "RuntimeError: cannot reach postgresql://anna:***@db/x" in told["exception"]


@pytest.mark.parametrize(
    ("value", "column_type", "stored"),
    [
        ("2025-01-02", "date", date(2025, 1, 2)),
        ("2025-01-02T03:00:00Z", "timestamp(3) with time zone", datetime(2025, 1, 2, 3, tzinfo=UTC)),
        (str(UUID(int=1)), "uuid", UUID(int=1)),
        (0.1, "numeric(10,2)", Decimal("0.1")),
        ({"at": date(2025, 1, 2), "n": Decimal("1.10")}, "jsonb", '{"at":"2025-01-02","n":"1.10"}'),
        ([["2025-01-02"], []], "date[]", [[date(2025, 1, 2)], []]),
        (Colour.RED, "public.colour", "red"),
        (None, "anything", None),
        ("text", "character varying(20)", "text"),
    ],
)
def test_values_for_storage(value: object, column_type: str, stored: object) -> None:
    assert format_for_storage(value, column_type) == stored


@pytest.mark.parametrize(
    ("value", "column_type"),
    [("hush-hush", "date"), ("hush-hush", "uuid"), ("hush-hush", "integer"), ({"a": float("nan")}, "json"), ("hush-hush", "text[]")],
)  # fmt: skip
def test_what_does_not_fit_is_not_shown(value: object, column_type: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is below
        format_for_storage(value, column_type)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
