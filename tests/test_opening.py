"""Which database a command gets, and that it is exactly this program's."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import SchemaError
from greedy.errors import SettingsError
from greedy.opening import open_database, open_store, over_rest
from greedy.settings import Settings, load_settings
from greedy.store.postgres import PostgresStore
from greedy.store.supabase import SupabaseStore
from tests.supabase_project import Project, RestServer

KEY = "sb_secret_abcdefghijklmnop"


def settings(**values: Any) -> Settings:
    return load_settings().model_copy(update=Settings.model_validate(values).model_dump(exclude_unset=True))


def of(project: Project, **values: Any) -> Settings:
    return settings(supabase_url=project.url, supabase_key=project.secret_key, **values)


async def test_a_project_alone_is_reached_over_rest_and_a_database_url_comes_first(project: Project, database_url: str) -> None:
    async with open_store(of(project)) as store:
        assert isinstance(store, SupabaseStore)
        assert await store.list_rosters() == []
    async with open_store(of(project, database_url=database_url)) as store:
        assert isinstance(store, PostgresStore)
    async with open_store(of(project), database_url) as store:
        assert isinstance(store, PostgresStore)


async def test_a_blank_setting_is_not_set(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DATABASE_URL": " ", "LOG_LEVEL": "\t", "SUPABASE_URL": project.url, "SUPABASE_KEY": project.secret_key}.items():
        monkeypatch.setenv(name, value)
    async with open_store(load_settings()) as store:
        assert isinstance(store, SupabaseStore)
    for name in ("SUPABASE_URL", "SUPABASE_KEY"):
        monkeypatch.setenv(name, " ")
    assert not over_rest(load_settings())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"supabase_url": "https://x.supabase.co"}, "SUPABASE_KEY is not"),
        ({"supabase_key": KEY}, "SUPABASE_URL is not"),
        ({"supabase_url": "https://x.supabase.co", "supabase_key": "sb_publishable_x"}, "publishable"),
        ({"RAILWAY_ENVIRONMENT_ID": "production"}, "on Railway"),
    ],
)
async def test_settings_that_cannot_be(values: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        async with open_store(settings(**values)):
            pass


async def test_a_command_that_connects_itself_says_what_works_over_rest(project: Project) -> None:
    with pytest.raises(SettingsError, match="run, load, import, export, rosters, verify, report and doctor") as caught:
        async with open_database(of(project)):
            pass
    assert "session pooler" in (caught.value.next_step or "")


async def test_migrations_that_are_pending_or_unknown_are_told(project: Project, db: DBConnector) -> None:
    history = "supabase_migrations.schema_migrations"
    await db.execute(f"delete from {history} where version = (select max(version) from {history})")
    with pytest.raises(SchemaError, match=r"127.0.0.1:\d+ is not migrated: 1 migrations are pending") as caught:
        async with open_store(of(project)):
            pass
    assert caught.value.next_step == "supabase db push --remote URL, or greedy db migrate --database URL"
    await db.execute(f"insert into {history} (version, name) values ('29990101000000', 'greedy_future')")
    with pytest.raises(SchemaError, match="newer version of greedy: 29990101000000"):
        async with open_store(of(project)):
            pass


def test_what_is_heavy_is_loaded_when_it_is_needed() -> None:
    """The clients of REST take half a second of every command's start, and what makes pictures and pages as much."""
    asked = "import sys, greedy.cli.main; print(*{'supabase', 'postgrest', 'httpx', 'babel', 'jinja2', 'typst', 'icalendar', 'fastapi', 'ortools'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


async def test_a_project_without_our_functions_is_not_migrated(rest_server: RestServer) -> None:
    project = await rest_server.open("postgres")
    with pytest.raises(SchemaError, match="is not migrated") as caught:
        async with open_store(of(project)):
            pass
    assert "supabase db push" in (caught.value.next_step or "")
    await rest_server.close("postgres")
