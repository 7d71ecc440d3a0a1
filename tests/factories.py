"""Small makers of rows, with plainly fictional names. Each takes what matters to the test and fills in the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from accounts.models import Account, AccountKey
from core.enums import Role
from core.models import Team, User
from intake.enums import Scope
from intake.models import ApiToken, Source
from intake.services import create_token

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
_number = count(1)


def make_team(name: str = "", **fields: Any) -> Team:
    return Team.objects.create(name=name or f"Team {next(_number)}", **fields)


def make_user(username: str = "", role: Role = Role.CSM, **fields: Any) -> User:
    name = username or f"user{next(_number)}"
    return User.objects.create_user(
        name, email=f"{name}@example.com", password="correct horse battery", role=role, **fields
    )


def make_source(slug: str = "", **fields: Any) -> Source:
    name = slug or f"source-{next(_number)}"
    return Source.objects.create(slug=name, name=name.title(), **fields)


def make_account(external_id: str = "", *, source: Source | None = None, name: str = "", **fields: Any) -> Account:
    """An account, known to `source` by `external_id` when both are given."""
    account = Account.objects.create(
        name=name or f"Fictional Company {next(_number)}", created_at=NOW, source_id=source and source.id, **fields
    )
    if external_id and source:
        AccountKey.objects.create(account=account, namespace_id=source.id, kind="external_id", value=external_id)
    return account


def make_token(source: Source, *scopes: Scope, **fields: Any) -> tuple[ApiToken, str]:
    """A token and its text; may do everything unless told."""
    return create_token(source=source, name="test", scopes=scopes or list(Scope), now=NOW, **fields)
