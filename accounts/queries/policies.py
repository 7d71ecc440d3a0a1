"""Who is believed about which field, as published."""

from __future__ import annotations

from accounts.models import FieldPolicy
from accounts.rules.projection import Policy, read_policy


def current_policy() -> Policy:
    rules = FieldPolicy.objects.order_by("-version").values_list("rules", flat=True).first()
    return read_policy(rules or {})
