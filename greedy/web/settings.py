"""Settings of the page from the environment and from a `.env` file: who may sign in."""

from __future__ import annotations

import ipaddress
import json
import secrets

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from greedy.errors import SettingsError
from greedy.settings import Settings
from greedy.store.accounts import Accounts
from greedy.web.security.access import Access
from greedy.web.security.passwords import Passwords
from greedy.web.security.supabase import SupabaseSignIn

LONGEST_NAME_BYTES = 1300  # 200 letters with accents, as they stand in the cookie of a session


class WebSettings(BaseSettings):
    """What the environment says of the page. Every name stands in docs/safety.md. A blank one is not set."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_prefix="GREEDY_WEB_", extra="ignore", env_ignore_empty=True
    )

    users: SecretStr | None = Field(None, description="Who may sign in with a password: `name hash; name hash`")
    supabase: bool = Field(False, description="Planners sign in with their accounts of the Supabase project in SUPABASE_URL")
    planners: str | None = Field(None, description="E-mail addresses of the accounts that may enter, separated by commas")
    supabase_jwt_secret: SecretStr | None = Field(None, description="Legacy JWT secret of a project without signing keys")


def load_web_settings() -> WebSettings:
    """Read the settings; a malformed one raises SettingsError with its name and never its value."""
    try:
        return WebSettings()
    except ValidationError as exc:
        faults = [f"GREEDY_WEB_{'.'.join(str(part) for part in e['loc']).upper()}: {e['msg']}" for e in exc.errors(include_input=False)]
        raise SettingsError("settings are malformed", details=faults, next_step="mend these environment variables or .env lines") from None
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f".env cannot be read: {type(exc).__name__}", next_step="make it readable UTF-8 text") from None


def chosen_access(settings: Settings, web: WebSettings, host: str, host_planner: str) -> Access:
    """The ways to sign in of a server: those of the settings, else a new token, which nobody but this machine may be offered.

    Parameters
    ----------
    host
        Address that the server listens on.
    host_planner
        Who comes with the token.

    Raises
    ------
    SettingsError
        The settings cannot be used, or the address is another one than this machine's own and nobody would have to sign in.
    """
    passwords = Passwords(web.users.get_secret_value()) if web.users else None
    accounts = None
    if web.supabase:
        key = settings.supabase_key.get_secret_value() if settings.supabase_key else None
        secret = web.supabase_jwt_secret.get_secret_value() if web.supabase_jwt_secret else None
        accounts = SupabaseSignIn(Accounts(settings.supabase_url, key), web.planners, secret)
    if passwords or accounts:
        return Access(passwords=passwords, accounts=accounts)
    if not is_loopback(host):
        raise SettingsError(
            f"others could reach {host}, and nobody would have to sign in",
            next_step="set GREEDY_WEB_USERS (greedy serve --hash-password makes a hash) or GREEDY_WEB_SUPABASE, or leave --host out",
        )
    if not (len(json.dumps(host_planner)) <= LONGEST_NAME_BYTES and host_planner.isprintable()):
        raise SettingsError("a planner's name is one line of up to 200 letters", next_step="give a shorter --name")
    return Access(token=secrets.token_urlsafe(32), host_planner=host_planner)


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
