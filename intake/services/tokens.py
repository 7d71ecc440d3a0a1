"""API tokens: `cxo_<prefix>_<secret>`, of which only the SHA-256 of the secret is kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from hmac import compare_digest
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.models import User
from core.services import record_act
from core.written import fetch_planned
from intake.enums import Scope
from intake.models import ApiToken, Source

USE_KEPT = timedelta(minutes=1)
_FORM = re.compile(r"cxo_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")


class TokenRefused(Exception):
    """The token is not one of ours, or not any more; says why."""


def create_token(
    *,
    source: Source,
    name: str,
    scopes: Sequence[Scope],
    now: datetime,
    by: User | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its text, which can be shown only this once."""
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            source=source, name=name, prefix=prefix, digest=_digest(secret), scopes=list(scopes), created_by=by,
            created_at=now, expires_at=expires_at,
        )  # fmt: skip
        record_act("created", token, by=by, actor="" if by else "system", now=now, data={"scopes": list(scopes)})
    return token, f"cxo_{prefix}_{secret}"


def revoke_token(*, token_id: UUID, by: User, now: datetime, why: str = "") -> ApiToken:
    """Refuse a token from now on; a second time changes nothing. Raises `ApiToken.DoesNotExist`."""
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().get(id=token_id)
        if token.revoked_at is None:
            token.revoked_at = now
            token.save(update_fields=["revoked_at"])
            record_act("revoked", token, by=by, now=now, why=why)
    return token


def use_token(*, text: str, now: datetime) -> ApiToken:
    """The live token that `text` is, its use noted at most once a minute. Raises `TokenRefused`."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise TokenRefused(_("This is not a token of ours."))
    prefix, secret = form.groups()
    token = _token_of(prefix)
    if token is None or not compare_digest(bytes(token.digest), _digest(secret)):
        raise TokenRefused(_("This token is not known."))
    if token.revoked_at is not None:
        raise TokenRefused(_("This token was revoked."))
    if token.expires_at is not None and token.expires_at <= now:
        raise TokenRefused(_("This token has expired. Make a new one."))
    if not token.source.is_active:
        raise TokenRefused(_("The source of this token is switched off."))
    if token.last_used_at is None or token.last_used_at <= now - USE_KEPT:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_KEPT)
        ApiToken.objects.filter(stale, id=token.id).update(last_used_at=now)
    return token


def _token_of(prefix: str) -> ApiToken | None:
    """The token and its source. Asked with every call, so the query is put together once a process."""
    rows = fetch_planned(_query(), [prefix])
    if not rows:
        return None
    [row] = rows
    names, of_source = ([field.attname for field in model._meta.concrete_fields] for model in (ApiToken, Source))
    token = ApiToken.from_db(DEFAULT_DB_ALIAS, names, row[: len(names)])
    token.source = Source.from_db(DEFAULT_DB_ALIAS, of_source, row[len(names) :])
    return token


@cache
def _query() -> str:
    chosen = ApiToken.objects.select_related("source").filter(prefix="")
    sql, _params = chosen.query.sql_with_params()
    return str(sql)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
