"""Configuration as read from environment variables, checked before Django starts."""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import NotRequired, TypedDict
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})


class ConfigurationError(ValueError):
    """A variable is missing or cannot be read; the message names it."""


class Mode(StrEnum):
    DEMO = "demo"
    TEST = "test"
    PRODUCTION = "production"


class DatabaseSettings(TypedDict):
    """One entry of Django's DATABASES."""

    ENGINE: str
    NAME: str
    USER: str
    PASSWORD: str
    HOST: str
    PORT: str
    OPTIONS: dict[str, object]
    CONN_MAX_AGE: NotRequired[int]


def read_mode(environ: Mapping[str, str] = os.environ) -> Mode:
    """The mode in CX_ENV; the strictest one where nothing is said."""
    word = environ.get("CX_ENV", Mode.PRODUCTION)
    try:
        return Mode(word)
    except ValueError:
        raise ConfigurationError(f"CX_ENV is {word!r}; it may be {', '.join(Mode)}") from None


def read_flag(name: str, *, default: bool = False, environ: Mapping[str, str] = os.environ) -> bool:
    word = environ.get(name)
    if word is None:
        return default
    if word.lower() in TRUE_WORDS:
        return True
    if word.lower() in FALSE_WORDS:
        return False
    raise ConfigurationError(f"{name} is {word!r}; it may be 1 or 0")


def read_integer(name: str, *, default: int, environ: Mapping[str, str] = os.environ) -> int:
    word = environ.get(name, "")
    try:
        return int(word) if word else default
    except ValueError:
        raise ConfigurationError(f"{name} is {word!r}; it must be a whole number") from None


def read_list(name: str, *, default: list[str], environ: Mapping[str, str] = os.environ) -> list[str]:
    """The comma-separated words of a variable, blanks dropped."""
    if name not in environ:
        return default
    return [word.strip() for word in environ[name].split(",") if word.strip()]


def database_from_url(url: str) -> DatabaseSettings:
    """Django's settings for `postgresql://user:password@host:port/name?option=value`.

    A `host` in the query is the directory of a Unix socket; every other option of the query is passed on
    to libpq. Parts that are absent are left to libpq's own defaults.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ConfigurationError("DATABASE_URL must begin with postgresql://")
    options: dict[str, object] = dict(parse_qsl(parts.query))
    host = str(options.pop("host", "")) or unquote(parts.hostname or "")
    port = str(options.pop("port", "")) or _port_text(parts)
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ConfigurationError("DATABASE_URL names no database")
    return DatabaseSettings(
        ENGINE="django.db.backends.postgresql",
        NAME=name,
        USER=unquote(parts.username or ""),
        PASSWORD=unquote(parts.password or ""),
        HOST=host,
        PORT=port,
        OPTIONS=options,
    )


def _port_text(parts: SplitResult) -> str:
    try:
        return str(parts.port or "")
    except ValueError:
        raise ConfigurationError("the port in DATABASE_URL is not a number") from None


def broker_from_url(url: str) -> str:
    """The URL that Celery wants for a Redis URL as redis-py reads it (`redis://`, `rediss://`, `unix://`)."""
    parts = urlsplit(url)
    if parts.scheme in {"redis", "rediss", "redis+socket"}:
        return url
    if parts.scheme != "unix":
        raise ConfigurationError("REDIS_URL must begin with redis://, rediss:// or unix://")
    number = dict(parse_qsl(parts.query)).get("db", "0")
    credentials = f"{parts.netloc}" if parts.netloc else ""
    return f"redis+socket://{credentials}{parts.path}?virtual_host={number}"


def redis_from_url(url: str) -> str:
    """The URL that redis-py wants, also for the `redis+socket://` form of Celery."""
    parts = urlsplit(url)
    if parts.scheme != "redis+socket":
        return url
    number = dict(parse_qsl(parts.query)).get("virtual_host", "0")
    return f"unix://{parts.netloc}{parts.path}?db={number}"
