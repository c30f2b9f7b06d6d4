"""The command that serves the page: serve."""

from __future__ import annotations

import contextlib
import getpass
import sys
from typing import Annotated

import typer

from greedy.cli.console import DatabaseOption, ExitCode, SchemaOption, run_async
from greedy.errors import SettingsError
from greedy.settings import load_settings

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8765


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; any but this machine's own needs sign-in.")] = DEFAULT_HOST,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = DEFAULT_PORT,
    name: Annotated[str | None, typer.Option("--name", help="Who makes the changes, in the history; otherwise the user's name.")] = None,
    host_name: Annotated[
        list[str] | None, typer.Option("--host-name", metavar="NAME", help="Name by which browsers may ask for the page. Repeatable.")
    ] = None,
    behind_https: Annotated[bool, typer.Option("--behind-https", help="A proxy on this machine speaks https with the browsers.")] = False,
    open_browser: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open the page in a browser; by default where there is a screen.")
    ] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Make no plans: a greedy worker elsewhere does.")] = False,
    hash_password: Annotated[
        bool, typer.Option("--hash-password", help="Ask for a password and print its hash, for GREEDY_WEB_USERS.")
    ] = False,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
) -> int:
    """Serve the page on which planners work, until it is interrupted."""
    if hash_password:
        return _print_hash()
    from greedy.web.serving.first_page import can_open, open_page
    from greedy.web.serving.server import Offer
    from greedy.web.serving.server import serve as serve_page
    from greedy.web.settings import chosen_access, is_loopback, load_web_settings

    settings = load_settings()
    access = chosen_access(settings, load_web_settings(), host, name or _user())
    offer = Offer(host, port, host_name or [], behind_https)
    if not is_loopback(host) and not behind_https:
        print("warning: passwords and rosters go over the network unencrypted; put a proxy with https before it", file=sys.stderr)

    def tell(url: str) -> None:
        first = f"{url}/enter?token={access.token}" if access.token else url
        print(f"The page is at {first}", flush=True)
        print("Ctrl-C ends it. Who has this address can change rosters." if access.token else "Ctrl-C ends it.", flush=True)
        if open_browser or (open_browser is None and sys.stdout.isatty() and can_open()):
            open_page(first, settings.data_dir / "web")

    run_async(serve_page(settings, access, offer, database=database, schema=schema, worker=not no_worker, on_start=tell))
    return ExitCode.DONE


def _print_hash() -> int:
    from greedy.web.security.passwords import hash_password as make

    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") != password:
            raise SettingsError("the two passwords differ", next_step="greedy serve --hash-password")
    else:
        password = sys.stdin.readline().removesuffix("\n")
    print(make(password))
    return ExitCode.DONE


def _user() -> str:
    with contextlib.suppress(OSError, KeyError):
        return getpass.getuser()[:200]
    return "planner"
