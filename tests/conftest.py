"""What the tests share: no broker, no network, an API client that speaks as an integration."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connections
from django.test import Client
from hypothesis import settings
from pytest_django import DjangoDbBlocker

from cx_ops.launch import database, schema, signals
from intake.models import Source
from tests.committing import committing
from tests.factories import make_source, make_token

# No example is timed: how busy the machine is says nothing about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_configure() -> None:
    """SIGTERM ends a run as Ctrl-C does, and each only once: the fixtures stop what they have started."""
    signals.install()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Begin with the schema that an earlier run has kept, where `./cx test` started the server itself.

    Tests that run side by side have a database each, named by pytest-django.
    """
    if not keeps_schema():
        return
    name = f"kept_schema{os.environ.get('PYTEST_XDIST_WORKER', '')}"
    template = database.with_name(os.environ["DATABASE_URL"], name)
    database.ensure_exists(template)
    if schema.restore(template):
        connections["default"].settings_dict["TEST"]["TEMPLATE"] = name


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Keep the schema for the next run."""
    if keeps_schema():
        name = connections["default"].settings_dict["NAME"]
        schema.keep(database.with_name(os.environ["DATABASE_URL"], str(name)))


def keeps_schema() -> bool:
    return bool(os.environ.get("CX_TESTS_KEEP_SCHEMA"))


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rings of the doorbell go nowhere: a test runs the stages it wants."""
    monkeypatch.setattr("core.doorbell.ring", lambda job: True)


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    for each in caches.all():
        each.clear()


class ApiClient(Client):
    """A test client that sends JSON with a token."""

    def __init__(self, token: str = "") -> None:
        super().__init__(raise_request_exception=False)
        self.token = token

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """`headers` by their names with underscores: `Idempotency_Key="x"`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = named.pop("Content-Type", "application/json")
        if self.token:
            named.setdefault("Authorization", f"Bearer {self.token}")
        return self.generic(method, path, b"" if data is None else encode(data), content_type=kind, headers=named)

    def send(self, path: str, data: Any, **headers: str) -> Any:
        return self.call("POST", path, data, **headers)

    def read(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, None, **headers)


def encode(data: Any) -> bytes:
    return data if isinstance(data, bytes) else json.dumps(data).encode()


@pytest.fixture
def source(db: None) -> Source:
    return make_source("house")


@pytest.fixture
def api(source: Source) -> ApiClient:
    """An integration of the source `house` that may do everything."""
    return ApiClient(make_token(source)[1])


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Lets a test commit, so that other connections see it; see `tests.committing`."""
    with committing(django_db_blocker):
        yield
