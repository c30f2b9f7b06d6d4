"""Settings from the environment and from a `.env` file in the current folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from greedy.errors import SettingsError

# A run that hangs blocks those that are due after it: Railway starts none while one is active.
RAILWAY_JOB_SECONDS = 600.0
MOST_SECONDS = 1_000_000.0  # of any time limit: more than eleven days mean that there is none


def default_data_dir() -> Path:
    """Where the embedded database and the reports live when GREEDY_DATA_DIR says nothing.

    For root it is the place for a service's state: PostgreSQL refuses to run as root, and its own user cannot read root's home.
    """
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/greedy")
    return Path(platformdirs.user_data_dir("greedy", appauthor=False))


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


class Settings(BaseSettings):
    """What the environment says. Every name stands in the README. A blank one is not set."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)

    database_url: SecretStr | None = Field(None, description="PostgreSQL to use, postgresql://user:password@host:port/database")
    database_schema: str = Field("public", description="Schema of the practice in that database")
    supabase_url: str | None = Field(None, description="Supabase project, https://<project>.supabase.co")
    supabase_key: SecretStr | None = Field(None, description="Supabase secret key, sb_secret_...")
    rooster_id: str | None = Field(None, description="Roster to plan when a command gets none")
    on_railway: str | None = Field(None, validation_alias="RAILWAY_ENVIRONMENT_ID", description="Set by Railway")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        default_factory=lambda read: "INFO" if read.get("on_railway") else "WARNING", description="Least level of log lines"
    )
    job_time_limit: float | None = Field(
        default_factory=lambda read: RAILWAY_JOB_SECONDS if read.get("on_railway") else None,
        ge=1,
        le=MOST_SECONDS,
        allow_inf_nan=False,
        validation_alias="GREEDY_JOB_TIME_LIMIT",
        description="Seconds after which a run ends, whatever it does",
    )
    chosen_data_dir: Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())] | None = Field(
        None, validation_alias="GREEDY_DATA_DIR", description="Embedded database and reports"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in values.items() if not isinstance(value, str) or value.strip()}

    @property
    def data_dir(self) -> Path:
        """Where the embedded database and the reports live. Found when it is needed: a job over REST does without, and without a home."""
        try:
            return self.chosen_data_dir or default_data_dir()
        except RuntimeError as exc:
            raise SettingsError(
                f"the data directory cannot be found: {exc}", next_step="set GREEDY_DATA_DIR to a folder of your own"
            ) from None


def load_settings() -> Settings:
    """Read the settings; a malformed one raises SettingsError with its name and never its value."""
    try:
        return Settings()
    except ValidationError as exc:
        errors = [e for e in exc.errors(include_input=False) if e["type"] != "default_factory_not_called"]  # which follows from another
        faults = [f"{'.'.join(str(part) for part in e['loc']).upper()}: {e['msg']}" for e in errors]
        raise SettingsError("settings are malformed", details=faults, next_step="mend these environment variables or .env lines") from None
    except OSError as exc:
        raise SettingsError(f".env cannot be read: {exc.strerror}", next_step="make it readable, or run from another folder") from None
    except RuntimeError as exc:  # a home folder that does not exist
        raise SettingsError(f"the data directory cannot be found: {exc}", next_step="set GREEDY_DATA_DIR to a folder of your own") from None
    except UnicodeDecodeError:
        raise SettingsError(".env is not UTF-8 text", next_step="save .env as UTF-8") from None
