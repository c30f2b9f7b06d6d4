"""The page as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.staticfiles import StaticFiles

from greedy import __version__
from greedy.desk import Desk
from greedy.opening import open_store
from greedy.report.html import ASSETS
from greedy.web import api
from greedy.web.failures import answer_failures, failed, refused
from greedy.web.pages import compile_templates
from greedy.web.routes import access as access_routes
from greedy.web.routes import cells, copies, downloads, health, history, imports, plans, publishing, rosters
from greedy.web.security.access import COOKIE_SECONDS, Access
from greedy.web.security.csrf import require_own_form
from greedy.web.security.door import Door
from greedy.web.security.ended import EndedSessions
from greedy.web.security.limits import Limits
from greedy.web.security.sessions import session_key
from greedy.web.security.shield import Shield

if TYPE_CHECKING:
    from greedy.settings import Settings

STATIC = Path(__file__).parent / "static"
ROUTERS = (
    access_routes.router,
    api.router,
    health.router,
    rosters.router,
    cells.router,
    plans.router,
    copies.router,
    publishing.router,
    downloads.router,
    imports.router,
    history.router,
)


def create_app(
    settings: Settings,
    *,
    access: Access,
    database: str | None = None,
    schema: str | None = None,
    hosts: Collection[str] = (),
    https: bool = False,
    cookie: str = "greedy",
) -> FastAPI:
    """The page over one database.

    Parameters
    ----------
    settings
        Which database, where `database` and `schema` say nothing else, and where the key of the sessions lies.
    access
        Who may enter.
    hosts
        Names by which browsers may ask for the server, besides localhost and its addresses.
    https
        Browsers reach the server by https, through a proxy: cookies are sent no other way.
    cookie
        Name of the session's cookie. Servers on several ports of one machine share their cookies, and need a name each.

    Raises
    ------
    SettingsError
        The key of the sessions cannot be used.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_store(settings, database, schema) as store, asyncio.TaskGroup() as group:
            app.state.store, app.state.desk = store, Desk(store)
            group.create_task(asyncio.to_thread(compile_templates))  # which the first to open each page would wait for otherwise
            yield

    folder = settings.data_dir / "web"
    access = replace(access, ended=EndedSessions(folder / "ended"))
    app = FastAPI(
        title="greedy",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        dependencies=[Depends(require_own_form)],
        middleware=[
            Middleware(Shield, https=https, fail=failed),
            Middleware(
                SessionMiddleware,
                secret_key=session_key(folder),
                session_cookie=f"__Host-{cookie}" if https else cookie,
                max_age=COOKIE_SECONDS,
                https_only=https,
            ),
            Middleware(Door, access=access, hosts=hosts, refuse=refused),
        ],
    )
    app.state.access, app.state.limits, app.state.https, app.state.folder = access, Limits(), https, folder
    app.state.settings, app.state.database, app.state.schema = settings, database, schema
    app.state.importing = asyncio.Semaphore(1)
    answer_failures(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static/report", StaticFiles(directory=ASSETS), name="report")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
