"""Who is believed about which field, as published, and so who may fill it."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import FieldPolicy
from accounts.rules.projection import PEOPLE, Policy, read_policy
from accounts.rules.sayings import LOOSE
from intake.models import Source


def current_policy() -> Policy:
    rules = FieldPolicy.objects.order_by("-version").values_list("rules", flat=True).first()
    return read_policy(rules or {})


def current_version() -> int:
    """The version of the rules in force; 0 before the first."""
    return FieldPolicy.objects.order_by("-version").values_list("version", flat=True).first() or 0


def owned_fields(source_id: UUID, fields: Collection[str]) -> dict[str, str]:
    """Those of `fields` (of an account's item, dotted) that the source may not fill, and who may, the owner first."""
    policy = current_policy()
    found = {field: owners for field in fields if (owners := policy.owners(_ruled(field), source_id))}
    listed = {owner for owners in found.values() for owner in owners} - {PEOPLE}
    names = {str(id): name for id, name in Source.objects.filter(id__in=listed).values_list("id", "name")}
    names[PEOPLE] = _("what is typed here")
    words = {owners: [names[owner] for owner in owners if owner in names] for owners in found.values()}
    return {field: _(", else ").join(words[owners]) for field, owners in found.items()}


def owned_forecast(source_id: UUID, fields: Collection[str]) -> dict[str, str]:
    """The same of a contract's item, of which only the forecast can have a rule."""
    return owned_fields(source_id, {"forecast"} & set(fields))


def _ruled(field: str) -> str:
    """The field as rules call it."""
    if field in LOOSE:
        return f"fields.{field}"
    return field if field.startswith(("people.", "fields.")) else field.partition(".")[0]
