"""Migrations for another schema than public: every mention of public is known, or refused."""

from __future__ import annotations

import re

import pytest

from greedy.database.errors import SchemaError
from greedy.database.schema.migrations import Migration, migrations
from greedy.database.schema.names import SHARED
from greedy.database.schema.rendering import rendered

NAME = 'Zuid "é"'
QUOTED = '"Zuid ""é"""'


@pytest.mark.parametrize("migration", migrations(), ids=lambda migration: migration.name)
def test_every_migration_can_be_made_for_a_project_schema(migration: Migration) -> None:
    assert rendered(migration.sql, "public") == migration.sql
    text = rendered(migration.sql, "praktijk_zuid")
    # What is left of public is the role of everybody.
    assert re.findall(r"\S+\s+\S*\bpublic\b\S*", text) == re.findall(r"(?:from|to)\s+public\b[;']\S*", migration.sql)
    assert text.replace('"praktijk_zuid"', "public") == migration.sql
    # Nothing outside of the schema, but one that is gone again at the end of the file, and two that practices share.
    outside = re.findall(r"\b(?:create|alter|drop)\s+(?:extension|role|database|schema|publication|event)\b.*", text, re.IGNORECASE)
    shared = {f"create schema if not exists {name};" for name in SHARED}
    assert set(outside) <= {"create schema greedy_set_aside;", "drop schema greedy_set_aside;", *shared}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from public.rosters", f"select * from {QUOTED}.rosters"),
        ('select * from PUBLIC . "Rosters"', f'select * from {QUOTED} . "Rosters"'),
        ("set search_path = public, pg_temp as", f"set search_path = {QUOTED}, pg_temp as"),
        ("SET search_path=public,pg_temp", f"SET search_path = {QUOTED}, pg_temp"),
        ("set search_path = pg_catalog, pg_temp", "set search_path = pg_catalog, pg_temp"),
        ("revoke all on public.f from public;", f"revoke all on {QUOTED}.f from public;"),
        ("create policy p on public.t to public using (true)", f"create policy p on {QUOTED}.t to public using (true)"),
        ("grant usage on schema public to public", f"grant usage on schema {QUOTED} to public"),
        ("do $$ begin perform public.f(); end $$", f"do $$ begin perform {QUOTED}.f(); end $$"),
        ("$body$ select 'public.t'::regclass, $$public.x$$ $body$", f"$body$ select '{QUOTED}.t'::regclass, $${QUOTED}.x$$ $body$"),
        ("select 'it''s public.t', E'\\'public.t'", f"select 'it''s {QUOTED}.t', E'\\'{QUOTED}.t'"),
        ("execute format('revoke all on %s from public', 'public.t')", f"execute format('revoke all on %s from public', '{QUOTED}.t')"),
        ("-- for the public, search_path\nselect 1", "-- for the public, search_path\nselect 1"),
        ("/* 'public is\n quoted */ select public.x", f"/* 'public is\n quoted */ select {QUOTED}.x"),
        ("select publication, my_public, public_id, $1 from t", "select publication, my_public, public_id, $1 from t"),
        ("select '--', public.x -- '", f"select '--', {QUOTED}.x -- '"),
        ('select "a--b", public.x', f'select "a--b", {QUOTED}.x'),
    ],
)
def test_known_forms(sql: str, expected: str) -> None:
    assert rendered(sql, NAME) == expected
    assert rendered(sql, "public") == sql


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("set search_path to public", "search_path"),
        ("set search_path = public", "search_path"),
        ("set search_path = public, extensions, pg_temp", "search_path"),
        ("set search_path = public, pg_temp, extensions", "search_path"),
        ("set search_path = extensions, public", "search_path"),
        ("select set_config('search_path', 'public', true)", "search_path"),
        ("select * from pg_tables where schemaname = 'public'", "public"),
        ("create schema if not exists public", "public"),
        ('select * from "public".t', '"public"'),
        ("select other.public.t", "public"),
        ("revoke all on t from anna, public", "public"),
        ("comment on table public.t is 'open to the public. Really'", "public"),
        ("do $$ begin execute format('%I.t', 'public'); end $$", "public"),
        ("select 'public.t", "a quote that does not end"),
        ("select $$ public.t", "a quote that does not end"),
        ("select /* public.t", "a quote that does not end"),
    ],
)
def test_other_mentions_are_refused_with_their_line(sql: str, what: str) -> None:
    with pytest.raises(SchemaError, match=f"{re.escape(repr(what))} in line 2: ") as caught:
        rendered("select 1;\n" + sql, "zuid")
    assert caught.value.next_step
    assert rendered(sql, "public") == sql
