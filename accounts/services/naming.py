"""The name that whoever merges two accounts chooses for them: their word, until the merge is undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Link
from accounts.services.people import source_of
from accounts.services.values import keep_words
from core.models import User


def choose_name(account_id: UUID, name: str, *, by: User, now: datetime) -> dict[str, Any]:
    """Keep that `by` calls the account so; what `take_name_back` needs. The caller projects the account."""
    source = source_of(by)
    mine = Link.objects.filter(
        source_id=source.pk, namespace_id=None, external_id=str(account_id), revoked_at=None
    )  # fmt: skip
    held = mine.first()
    keep_words([(account_id, "name", name)], source_id=source.pk, actor=by.username, now=now)
    link = mine.get()
    return {"link": str(link.pk), "was": held.values.get("name") if held else None, "is": link.values["name"]}


def take_name_back(named: Mapping[str, Any]) -> None:
    """Let it be as if the name had not been chosen, but for what was said of it since. The caller projects."""
    link = Link.objects.select_for_update().filter(pk=named["link"]).first() if named else None
    if link is None or link.values.get("name") != named["is"]:
        return
    rest = {field: entry for field, entry in link.values.items() if field != "name"}
    link.values = rest | ({"name": named["was"]} if named["was"] else {})
    if link.values:
        link.save(update_fields=["values"])
    else:
        link.delete()
