"""What a hosted Supabase project is to the program: its roles and default privileges in a database, and a REST server over it."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from greedy.database.embedded.server import EmbeddedServer
from tests import node_programs
from tests.timing import PATIENCE_SECONDS

ROLES = ("anon", "authenticated", "service_role")


@dataclass(frozen=True)
class Project:
    """A database behind a REST server, and the keys to it."""

    url: str
    database_url: str
    secret_key: str
    publishable_key: str
    jwt_secret: str


async def make_roles(server: EmbeddedServer) -> None:
    """The roles of a hosted project. `authenticator`, which the REST server signs in as, owns nothing and may become each of the others.

    Unlike the hosted one it inherits their rights, as the server of the tests sees no more of a schema than its role may use.
    """
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute(
        "create role anon nologin; create role authenticated nologin; create role service_role nologin bypassrls;"
        "create role authenticator login; grant anon, authenticated, service_role to authenticator with inherit true"
    )
    rules = server.cluster / "pg_hba.conf"
    rules.write_text(f"local all authenticator trust\n{rules.read_text()}")
    await connection.execute("select pg_reload_conf()")
    await connection.close()


async def make_default_privileges(connection: asyncpg.Connection) -> None:
    """In this database, give the roles every right to all that is made from now on in `public`, as a hosted project does."""
    names = ", ".join(ROLES)
    await connection.execute(f"grant usage on schema public to {names}")
    for things in ("tables", "sequences", "functions"):
        await connection.execute(f"alter default privileges in schema public grant all on {things} to {names}")


class RestServer:
    """One process that serves the databases of a PostgreSQL server, each on a port of its own."""

    def __init__(self, server: EmbeddedServer, log_file: Path) -> None:
        self._server = server
        program = [node_programs.node(), node_programs.FOLDER / "rest_server.mjs", server.cluster]
        node_programs.installed()
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(
                program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=node_programs.environment()
            )

    async def open(self, database: str, schemas: list[str] | None = None) -> Project:
        """Serve a database, whose schema is read now, with keys of its own."""
        keys = {
            "publishable_key": f"sb_publishable_{secrets.token_urlsafe(16)}",
            "secret_key": f"sb_secret_{secrets.token_urlsafe(24)}",
            "jwt_secret": secrets.token_hex(32),
        }
        answer = await self._ask({"database": database, "schemas": schemas or ["public"], **keys})
        return Project(url=f"http://127.0.0.1:{answer['port']}", database_url=self._server.url(database), **keys)

    async def open_again(self, project: Project) -> str:
        """Serve a database that another process serves too, under the same keys, and return the URL."""
        names = ("publishable_key", "secret_key", "jwt_secret")
        asked = {
            "database": urlsplit(project.database_url).path.lstrip("/"),
            "schemas": ["public"],
            **{name: getattr(project, name) for name in names},
        }
        return f"http://127.0.0.1:{(await self._ask(asked))['port']}"

    async def close(self, database: str) -> None:
        """Serve a database no longer."""
        await self._ask({"database": database, "close": True})

    def stop(self) -> None:
        """End the process."""
        self._process.communicate(timeout=PATIENCE_SECONDS)

    def kill(self) -> None:
        """End the process as a crash does."""
        self._process.kill()
        self._process.communicate(timeout=PATIENCE_SECONDS)

    async def _ask(self, line: dict[str, object]) -> dict[str, int]:
        def exchange() -> str:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()
            return self._process.stdout.readline()

        answer = await asyncio.wait_for(asyncio.to_thread(exchange), PATIENCE_SECONDS)
        assert answer, "the REST server has ended; its log says why"
        return json.loads(answer)
