"""What somebody may see of a record, and what of it may leave: the one place where that is asked.

A field is named by its kind of record and its name: "contacts.email", "accounts.arr", "accounts.fields.plan".
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from core.models import User
from intake.enums import PrivacyClass
from intake.models import FieldPrivacy


def may_leave(field: str) -> bool:
    """Whether the values of `field` may leave: in exports, webhooks, answers to tokens. For many: `kept_fields`."""
    return field not in kept_fields()


def hidden_fields(user: User) -> frozenset[str]:
    """The fields that `user` may not see. One query."""
    return frozenset(fields_hidden_from(user))


def fields_hidden_from(user: User) -> QuerySet[FieldPrivacy, str]:
    """The same as a query set, for a query that asks for more."""
    if user.is_superuser and user.is_active:
        return FieldPrivacy.objects.none().values_list("field", flat=True)
    restricted = FieldPrivacy.objects.filter(~Q(roles__contains=[user.role]), privacy=PrivacyClass.RESTRICTED)
    return restricted.values_list("field", flat=True)


def kept_fields() -> frozenset[str]:
    """The fields whose values may not leave. One query."""
    return frozenset(FieldPrivacy.objects.filter(may_leave=False).values_list("field", flat=True))


def without(kind: str, values: dict[str, object], hidden: Collection[str]) -> dict[str, object]:
    """`values` of a row of `kind` by field, without those in `hidden` (as the two functions above give them)."""
    return {name: value for name, value in values.items() if f"{kind}.{name}" not in hidden}
