"""What is to be generated, from a TOML file and from options."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from greedy.errors import InputError
from greedy.formats.planning import unknown
from greedy.generate.config import GeneratorConfig

NEXT_STEP = "mend these; docs/generate.md tells each"
FOLLOWS_FROM_ANOTHER = "default_factory_not_called"


def read_config(path: Path | None = None, options: Mapping[str, object] | None = None) -> GeneratorConfig:
    """The values of a file, those of options before them, and the usual ones for the rest.

    Parameters
    ----------
    path
        A TOML file with keys of GeneratorConfig.
    options
        Values by key; None for those that are not given.

    Raises
    ------
    InputError
        The file cannot be read, or with every fault: `generate.toml: weekz: there is no key 'weekz'; did you mean weeks?`.
    """
    chosen = {key: value for key, value in (options or {}).items() if value is not None}
    told = {} if path is None else _read(path)
    try:
        return GeneratorConfig.model_validate({**told, **chosen}, strict=True)
    except ValidationError as exc:
        errors = [error for error in exc.errors(include_url=False) if error["type"] != FOLLOWS_FROM_ANOTHER]
    faults = []
    for error in errors:
        key = str(error["loc"][0]) if error["loc"] else ""
        if error["type"] == "extra_forbidden":
            message: str = unknown("key", key, GeneratorConfig.model_fields)
        elif error["type"] == "value_error":
            message = error["msg"].removeprefix("Value error, ")
        else:
            found = error["input"]
            message = f"{error['msg']}, not {found if isinstance(found, dt.date) else repr(found)}"
        place = "" if not key else f"--{key.replace('_', '-')}: " if key in chosen else f"{path}: {key}: "
        faults.append(place + message)
    raise InputError("this cannot be generated", details=faults, next_step=NEXT_STEP)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as exc:
        raise InputError(f"cannot read {path}: {exc.strerror}", next_step="give --config a TOML file") from exc
    except UnicodeDecodeError as exc:
        raise InputError(f"{path} is not UTF-8 text at byte {exc.start}", next_step="save it as UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise InputError(f"{path} is not TOML: {exc}", next_step="mend that place; docs/generate.md has an example") from None
