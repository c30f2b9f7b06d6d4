"""What a script is told by its options, the environment and `.env`, in this order; all that is missing is named at once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from greedy.errors import SettingsError


class ScriptSettings(BaseSettings):
    """The settings of a script: a field `hr_file` is the variable HR_FILE and the option --hr-file. Each has a description."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)


Chosen = TypeVar("Chosen", bound=ScriptSettings)


def options_of(settings: type[ScriptSettings]) -> Iterator[inspect.Parameter]:
    """An option for each field, as a parameter of a command."""
    for name, field in settings.model_fields.items():
        text = f"{field.description or name}; otherwise {name.upper()}" + ("" if field.is_required() else f", else {_shown(field)}") + "."
        option = typer.Option(f"--{name.replace('_', '-')}", metavar=name.rpartition("_")[2].upper(), help=text)
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option])


def read_settings(settings: type[Chosen], given: Mapping[str, str | None]) -> Chosen:
    """The settings of a script; options that were given come first.

    Raises
    ------
    SettingsError
        Some are missing or malformed: all of them, by the name of the variable, and what each is for. Never their values.
    """
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        return settings(**chosen)
    except ValidationError as exc:
        errors = exc.errors(include_input=False, include_url=False, include_context=False)
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise SettingsError(f".env cannot be read: {reason}", next_step="make it readable, or run from another folder") from None
    missing = [str(error["loc"][0]) for error in errors if error["type"] == "missing"]
    faults = [f"{name.upper()}: {settings.model_fields[name].description or 'missing'}" for name in missing]
    faults += [f"{'.'.join(map(str, error['loc'])).upper()}: {error['msg']}" for error in errors if error["type"] != "missing"]
    malformed = len(faults) - len(missing)
    what = " and ".join([f"{len(missing)} missing"] * bool(missing) + [f"{malformed} malformed"] * bool(malformed))
    raise SettingsError(
        f"settings of this script are not complete: {what}",
        details=faults,
        next_step="set these variables in the environment or in .env, or give them as options (--help)",
    )


def _shown(field: FieldInfo) -> str:
    return "nothing" if field.default in (None, "") else str(field.default)
