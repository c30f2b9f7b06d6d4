"""Commands over the examples of the database service: list them, run them."""

from __future__ import annotations

from typing import Annotated

import typer

from greedy.cli.console import DatabaseOption, ExitCode, JsonOption, print_document, run_async
from greedy.database.examples import examples, run_example
from greedy.errors import InputError
from greedy.opening import chosen_url, embedded_server
from greedy.settings import load_settings

app = typer.Typer(help="Short programs that show the database service, to run and to read.", no_args_is_help=True)


@app.command("list")
def list_examples(as_json: JsonOption = False) -> int:
    """Name every example, what it shows, and the file to read."""
    found = examples().values()
    if as_json:
        print_document({"examples": [{"name": each.name, "shows": each.shows, "path": str(each.path)} for each in found]})
    else:
        for example in found:
            print(f"{example.name:20} {example.shows}\n{'':20} {example.path}")
    return ExitCode.DONE


@app.command("run")
def run_examples(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Examples to run; all without a name.")] = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> int:
    """Run examples in schemas of their own, which are dropped afterwards; other data are not touched."""
    known = examples()
    if unknown := [name for name in names or () if name not in known]:
        raise InputError(f"there is no example {', '.join(unknown)}", next_step=f"one of: {', '.join(known)}")
    settings = load_settings()
    url = chosen_url(settings, database) or embedded_server(settings).start()
    said: dict[str, list[str]] = {}
    for name in names or known:
        lines = said.setdefault(name, [])
        if not as_json:
            print(f"== {name}: {known[name].shows}")
        run_async(run_example(known[name], url, lines.append if as_json else print))
    if as_json:
        print_document({"examples": [{"name": name, "shows": known[name].shows, "said": lines} for name, lines in said.items()]})
    return ExitCode.DONE
